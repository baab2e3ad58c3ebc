#include "rtc/dtls/handshake/outgoing_flight.hpp"

#include "base/assert.hpp"

namespace redan::dtls {
namespace {

// A fragment with fewer bytes is not worth its 25 bytes of headers: it waits for the next datagram.
constexpr std::size_t kSmallestFragment = 16;

}  // namespace

void OutgoingFlight::begin() {
  bytes_.clear();
  parts_.clear();
  rewind();
}

void OutgoingFlight::clear() {
  bytes_ = std::vector<std::uint8_t>();
  parts_ = std::vector<Part>();
  rewind();
}

HandshakeMessage OutgoingFlight::finish_message(HandshakeType type, Epoch epoch, std::size_t start,
                                                const Writer& writer) {
  REDAN_ASSERT(writer.ok());
  bytes_.resize(start + writer.size());
  const Part part{ContentType::handshake, type, epoch, next_message_seq_++, start, writer.size()};
  parts_.push_back(part);
  return {type, part.message_seq, Bytes(bytes_).subspan(start)};
}

void OutgoingFlight::add_change_cipher_spec() {
  parts_.push_back({ContentType::change_cipher_spec, {}, Epoch::plaintext, 0, bytes_.size(), 1});
  bytes_.push_back(1);
}

std::size_t OutgoingFlight::wire_size() const {
  std::size_t sum = bytes_.size();
  for (const Part& part : parts_) {
    sum += part.epoch == Epoch::plaintext ? RecordHeader::kSize : kMaxRecordOverhead;
    if (part.content == ContentType::handshake) sum += HandshakeHeader::kSize;
  }
  return sum;
}

MutableBytes OutgoingFlight::write(RecordLayer& records, SealProtection* protection, MutableBytes datagram) {
  std::size_t used = 0;
  while (pending()) {
    const std::size_t n = write_part(records, protection, datagram.subspan(used));
    if (n == 0) break;
    used += n;
  }
  return datagram.first(used);
}

std::size_t OutgoingFlight::write_part(RecordLayer& records, SealProtection* protection, MutableBytes space) {
  const Part& part = parts_[part_];
  const bool framed = part.content == ContentType::handshake;
  const bool plain = part.epoch == Epoch::plaintext;
  const std::size_t overhead =
      (plain ? RecordHeader::kSize : protection->overhead()) + (framed ? HandshakeHeader::kSize : 0);
  const std::size_t left = part.length - offset_;
  if (space.size() < overhead + std::min(left, kSmallestFragment)) return 0;

  const std::size_t length = std::min(left, space.size() - overhead);
  Writer writer(space.subspan(plain ? RecordHeader::kSize : protection->headroom()));
  if (framed) {
    HandshakeHeader{part.type, static_cast<std::uint32_t>(part.length), part.message_seq,
                    static_cast<std::uint32_t>(offset_), static_cast<std::uint32_t>(length)}
        .write(writer);
  }
  writer.bytes(Bytes(bytes_).subspan(part.start + offset_, length));
  const MutableBytes record = plain ? records.write_plain(part.content, space, writer.size())
                                    : protection->seal(part.content, space, writer.size());
  if (record.empty()) return 0;
  offset_ += length;
  if (offset_ == part.length) {
    ++part_;
    offset_ = 0;
  }
  return record.size();
}

}  // namespace redan::dtls
