// The messages that we sent last, kept until the peer acknowledges them or answers. A transmission sends only what is
// not acknowledged, in new records (RFC 9147 sections 5.8 and 7.2).
#pragma once

#include <functional>
#include <vector>

#include "rtc/dtls/handshake/message.hpp"
#include "rtc/dtls/record/record_layer.hpp"

namespace redan::dtls::v13 {

class OutgoingMessages {
 public:
  /// The first message has this number.
  explicit OutgoingMessages(std::uint16_t first = 0) : next_message_seq_(first) {}

  /// Appends a message: `write_body(Writer&)`. Returns it as it entered, valid until the next call here. Epoch 0 is
  /// plaintext.
  template <class Body>
  HandshakeMessage add(HandshakeType type, std::uint64_t epoch, Body&& write_body) {
    std::vector<std::uint8_t> body(kMaxBody);
    Writer writer(body);
    write_body(writer);
    return finish_message(type, epoch, std::move(body), writer);
  }

  /// Everything arrived: there is nothing to repeat any more.
  void clear() {
    messages_ = {};
    sent_ = {};
  }
  /// Nothing is left to be acknowledged.
  [[nodiscard]] bool empty() const { return messages_.empty(); }
  /// The size of a transmission on the wire if no message has to be cut.
  [[nodiscard]] std::size_t wire_size() const;
  [[nodiscard]] std::uint16_t next_message_seq() const { return next_message_seq_; }

  /// Starts a transmission.
  void rewind() {
    message_ = 0;
    offset_ = 0;
    pending_ = !messages_.empty();
  }
  void stop() { pending_ = false; }
  /// Something of the running transmission is still to be written.
  [[nodiscard]] bool pending() const { return pending_; }
  /// Fills one datagram with the next records. `seal` protects what is not plaintext; all of it has one epoch. Empty
  /// only if the sequence numbers are used up or no fragment fits.
  MutableBytes write(RecordLayer& records, CiphertextSeal* seal, MutableBytes datagram);

  /// The peer has this record. True if it carried something that was not acknowledged yet.
  bool acknowledge(RecordNumber number);

 private:
  // The largest message we send: a certificate of an RSA-4096 key is under 2 KiB, and so is a ClientHello.
  static constexpr std::size_t kMaxBody = 8 * 1024;
  static constexpr std::size_t kMaxSent = 128;

  struct Range {
    std::uint32_t begin = 0;
    std::uint32_t end = 0;
  };
  struct Message {
    HandshakeType type{};
    std::uint64_t epoch = 0;
    std::uint16_t message_seq = 0;
    std::vector<std::uint8_t> body;
    std::vector<Range> missing;  // what the peer has not acknowledged
  };
  struct Sent {
    RecordNumber number;
    std::uint16_t message_seq = 0;
    Range range;
  };

  HandshakeMessage finish_message(HandshakeType type, std::uint64_t epoch, std::vector<std::uint8_t> body,
                                  const Writer& writer);
  /// Moves to the next range that is missing; false at the end.
  bool find_range(Range& range);
  std::size_t write_range(RecordLayer& records, CiphertextSeal* seal, MutableBytes space, Range range);

  std::vector<Message> messages_;
  std::vector<Sent> sent_;  // the latest
  std::size_t message_ = 0;
  std::uint32_t offset_ = 0;
  bool pending_ = false;
  std::uint16_t next_message_seq_;
};

}  // namespace redan::dtls::v13
