#include "rtc/dtls/v13/outgoing_messages.hpp"

#include "base/assert.hpp"

namespace redan::dtls::v13 {
namespace {

// A fragment with fewer bytes is not worth its headers: it waits for the next datagram.
constexpr std::size_t kSmallestFragment = 16;

}  // namespace

HandshakeMessage OutgoingMessages::finish_message(HandshakeType type, std::uint64_t epoch,
                                                  std::vector<std::uint8_t> body, const Writer& writer) {
  REDAN_ASSERT(writer.ok() && writer.size() > 0);
  body.resize(writer.size());
  const auto length = static_cast<std::uint32_t>(body.size());
  messages_.push_back({type, epoch, next_message_seq_++, std::vector<std::uint8_t>(body), {{0, length}}});
  const Message& message = messages_.back();
  return {type, message.message_seq, message.body};
}

std::size_t OutgoingMessages::wire_size() const {
  std::size_t sum = 0;
  for (const Message& message : messages_) {
    for (const Range& range : message.missing) {
      sum += range.end - range.begin + HandshakeHeader::kSize +
             (message.epoch == 0 ? RecordHeader::kSize : CiphertextSeal::kOverhead);
    }
  }
  return sum;
}

MutableBytes OutgoingMessages::write(RecordLayer& records, CiphertextSeal* seal, MutableBytes datagram) {
  std::size_t used = 0;
  Range range;
  while ((pending_ = pending_ && find_range(range))) {
    const std::size_t n = write_range(records, seal, datagram.subspan(used), range);
    if (n == 0) break;
    used += n;
  }
  return datagram.first(used);
}

bool OutgoingMessages::find_range(Range& range) {
  for (; message_ < messages_.size(); ++message_, offset_ = 0) {
    for (const Range& missing : messages_[message_].missing) {
      if (missing.end <= offset_) continue;
      range = {std::max(missing.begin, offset_), missing.end};
      return true;
    }
  }
  return false;
}

std::size_t OutgoingMessages::write_range(RecordLayer& records, CiphertextSeal* seal, MutableBytes space, Range range) {
  const Message& message = messages_[message_];
  const bool plain = message.epoch == 0;
  if (!plain && seal == nullptr) return 0;
  const std::size_t overhead = (plain ? RecordHeader::kSize : CiphertextSeal::kOverhead) + HandshakeHeader::kSize;
  const std::size_t left = range.end - range.begin;
  if (space.size() < overhead + std::min(left, kSmallestFragment)) return 0;

  const auto length = static_cast<std::uint32_t>(std::min(left, space.size() - overhead));
  Writer writer(space.subspan(plain ? RecordHeader::kSize : CiphertextSeal::kHeadroom));
  HandshakeHeader{message.type, static_cast<std::uint32_t>(message.body.size()), message.message_seq, range.begin,
                  length}
      .write(writer);
  writer.bytes(Bytes(message.body).subspan(range.begin, length));
  const RecordNumber number = plain ? records.next_plaintext() : seal->next();
  const MutableBytes record = plain ? records.write_plain(ContentType::handshake, space, writer.size())
                                    : seal->seal(ContentType::handshake, space, writer.size());
  if (record.empty()) return 0;
  if (sent_.size() == kMaxSent) sent_.erase(sent_.begin());
  sent_.push_back({number, message.message_seq, {range.begin, range.begin + length}});
  offset_ = range.begin + length;
  return record.size();
}

bool OutgoingMessages::acknowledge(RecordNumber number) {
  const auto sent = std::find_if(sent_.begin(), sent_.end(), [&](const Sent& each) { return each.number == number; });
  if (sent == sent_.end()) return false;
  const auto message = std::find_if(messages_.begin(), messages_.end(),
                                    [&](const Message& each) { return each.message_seq == sent->message_seq; });
  if (message == messages_.end()) return false;
  std::vector<Range> left;
  bool changed = false;
  for (const Range& range : message->missing) {
    const Range before{range.begin, std::min(range.end, sent->range.begin)};
    const Range after{std::max(range.begin, sent->range.end), range.end};
    changed = changed || (range.begin < sent->range.end && sent->range.begin < range.end);
    if (before.begin < before.end) left.push_back(before);
    if (after.begin < after.end) left.push_back(after);
  }
  message->missing = std::move(left);
  const bool all = std::all_of(messages_.begin(), messages_.end(), [](const Message& m) { return m.missing.empty(); });
  if (all) clear();
  return changed;
}

}  // namespace redan::dtls::v13
