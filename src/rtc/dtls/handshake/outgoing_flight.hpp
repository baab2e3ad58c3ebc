// The flight that we sent last, kept until the peer's answer shows that it arrived. Each transmission cuts it into
// new records and datagrams, with new record numbers and the same message numbers (RFC 6347 section 4.2.4).
#pragma once

#include <vector>

#include "rtc/dtls/handshake/message.hpp"
#include "rtc/dtls/record/protection.hpp"
#include "rtc/dtls/record/record_layer.hpp"

namespace redan::dtls {

class OutgoingFlight {
 public:
  /// The first message has this number.
  explicit OutgoingFlight(std::uint16_t first = 0) : next_message_seq_(first) {}

  /// A new flight. Message numbers go on from the last one.
  void begin();
  /// Appends a message: `write_body(Writer&)`. Returns it as it entered the flight, valid until the next call here.
  template <class Body>
  HandshakeMessage add(HandshakeType type, Epoch epoch, Body&& write_body) {
    const std::size_t start = bytes_.size();
    bytes_.resize(start + kMaxBody);
    Writer writer(MutableBytes(bytes_).subspan(start));
    write_body(writer);
    return finish_message(type, epoch, start, writer);
  }
  void add_change_cipher_spec();
  /// The flight is complete; rewind() starts its transmission. Frees spare memory. (Without exceptions libstdc++'s
  /// shrink_to_fit does nothing.)
  void end() {
    bytes_ = std::vector<std::uint8_t>(bytes_);
    part_ = parts_.size();
  }

  /// The flight arrived: there is nothing to repeat any more.
  void clear();
  [[nodiscard]] bool empty() const { return parts_.empty(); }
  /// The size of a transmission on the wire if no message has to be cut.
  [[nodiscard]] std::size_t wire_size() const;

  /// Starts a transmission from the beginning.
  void rewind() {
    part_ = 0;
    offset_ = 0;
  }
  /// Something of the running transmission is still to be written.
  [[nodiscard]] bool pending() const { return part_ < parts_.size(); }
  /// Fills one datagram of at most `datagram.size()` bytes with the next records; `protection` is that of all epochs
  /// with keys. Empty only if the sequence numbers are used up or no fragment fits.
  MutableBytes write(RecordLayer& records, SealProtection* protection, MutableBytes datagram);

 private:
  // The largest message we send: a certificate of an RSA-4096 key is under 2 KiB.
  static constexpr std::size_t kMaxBody = 8 * 1024;

  struct Part {
    ContentType content{};
    HandshakeType type{};
    Epoch epoch{};
    std::uint16_t message_seq = 0;
    std::size_t start = 0;
    std::size_t length = 0;
  };
  HandshakeMessage finish_message(HandshakeType type, Epoch epoch, std::size_t start, const Writer& writer);
  std::size_t write_part(RecordLayer& records, SealProtection* protection, MutableBytes space);

  std::vector<std::uint8_t> bytes_;
  std::vector<Part> parts_;
  std::size_t part_ = 0;
  std::size_t offset_ = 0;
  std::uint16_t next_message_seq_;
};

}  // namespace redan::dtls
