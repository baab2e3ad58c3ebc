// The messages that carry a program's output to a client. The program writes a stream of bytes without kinds: output
// that is valid UTF-8 becomes text, as WebRTC demands of text (RFC 8831 section 6.6), and all other output is binary.
// Once the client has sent binary data, the output is binary too.
#pragma once

#include <redan/channel.hpp>
#include <redan/types.hpp>
#include <vector>

namespace redan::cloud::runtime {

class ProgramOutput {
 public:
  struct Message {
    MessageKind kind;
    std::vector<std::uint8_t> bytes;
  };

  /// A message of the client was received.
  void on_client(MessageKind kind) { client_ = kind; }
  /// `cut`: the output was cut to the size of a message, possibly within a character, and the rest follows at once.
  Message add(Bytes output, bool cut);

 private:
  MessageKind client_ = MessageKind::text;
  std::vector<std::uint8_t> begun_;  ///< the first bytes of a character that was cut
};

}  // namespace redan::cloud::runtime
