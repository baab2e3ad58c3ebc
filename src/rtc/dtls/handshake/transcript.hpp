// The handshake messages so far, as Finished and the signatures cover them: each with one unfragmented header (RFC 6347
// section 4.2.6). Kept as bytes, because the hash algorithm is not known when the first message comes.
#pragma once

#include <algorithm>
#include <vector>

#include "rtc/dtls/handshake/message.hpp"

namespace redan::dtls {

class Transcript {
 public:
  void add(const HandshakeMessage& message) {
    std::array<std::uint8_t, HandshakeHeader::kSize> header{};
    Writer writer(header);
    const auto length = static_cast<std::uint32_t>(message.body.size());
    HandshakeHeader{message.type, length, message.message_seq, 0, length}.write(writer);
    bytes_.insert(bytes_.end(), header.begin(), header.end());
    bytes_.insert(bytes_.end(), message.body.begin(), message.body.end());
  }
  /// The messages after the first of `other`.
  void add_all_but_first(const Transcript& other) {
    Reader reader(other.bytes_);
    if (const auto header = HandshakeHeader::parse(reader)) reader.skip(header->length);
    const Bytes rest = reader.rest();
    bytes_.insert(bytes_.end(), rest.begin(), rest.end());
  }
  [[nodiscard]] Bytes bytes() const { return bytes_; }
  [[nodiscard]] std::size_t size() const { return bytes_.size(); }
  [[nodiscard]] bool begins_with(Bytes start) const {
    return start.size() <= bytes_.size() && std::equal(start.begin(), start.end(), bytes_.begin());
  }
  /// Removes what follows the first `size` bytes.
  void truncate(std::size_t size) { bytes_.resize(size); }

 private:
  std::vector<std::uint8_t> bytes_;
};

}  // namespace redan::dtls
