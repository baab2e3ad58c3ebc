#include "rtc/dtls/record/record_layer.hpp"

#include <vector>

namespace redan::dtls {

std::optional<Record> RecordLayer::next(MutableBytes& datagram) {
  while (!datagram.empty()) {
    Reader reader(datagram);
    const std::optional<RecordHeader> header = RecordHeader::parse(reader);
    if (!header || header->length > reader.remaining()) {
      // Without a length it is unknown where the next record begins.
      drop(Drop::malformed_record);
      datagram = {};
      return std::nullopt;
    }
    const MutableBytes whole = datagram.first(RecordHeader::kSize + header->length);
    datagram = datagram.subspan(whole.size());
    if (header->acceptable()) return Record{*header, whole};
    drop(Drop::malformed_record);
  }
  return std::nullopt;
}

std::optional<OpenedRecord> RecordLayer::open(const Record& record, std::span<OpenProtection* const> keys) {
  const MutableBytes fragment = record.fragment();
  // A failed attempt overwrites the fragment.
  std::vector<std::uint8_t> copy;
  if (keys.size() > 1) copy.assign(fragment.begin(), fragment.end());
  bool replayed = false;
  for (std::size_t i = 0; i < keys.size(); ++i) {
    if (keys[i] == nullptr) continue;
    if (keys[i]->replayed(record.header)) {
      replayed = true;
      continue;
    }
    std::copy(copy.begin(), copy.end(), fragment.begin());
    if (const auto text = keys[i]->open(record.header, fragment)) return OpenedRecord{i, *text};
  }
  drop(replayed ? Drop::replayed : Drop::bad_tag);
  return std::nullopt;
}

MutableBytes RecordLayer::write_plain(ContentType type, MutableBytes record, std::size_t size) {
  if (size > RecordHeader::kMaxPlaintext || record.size() < RecordHeader::kSize + size ||
      next_plaintext_sequence_ >= RecordHeader::kSequenceEnd) {
    return {};
  }
  Writer writer(record);
  RecordHeader{type, kDtls12, Epoch::plaintext, next_plaintext_sequence_++, static_cast<std::uint16_t>(size)}.write(
      writer);
  return record.first(RecordHeader::kSize + size);
}

}  // namespace redan::dtls
