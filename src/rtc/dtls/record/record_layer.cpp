#include "rtc/dtls/record/record_layer.hpp"

#include <vector>

namespace redan::dtls {

std::optional<Record> RecordLayer::next(MutableBytes& datagram) {
  while (!datagram.empty()) {
    if (UnifiedHeader::starts(datagram.front())) return next_unified(datagram);
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

std::optional<Record> RecordLayer::next_unified(MutableBytes& datagram) {
  Reader reader(datagram);
  const std::optional<UnifiedHeader> header = UnifiedHeader::parse(reader);
  if (!header || header->length.value_or(0) > reader.remaining()) {
    drop(Drop::malformed_record);
    datagram = {};
    return std::nullopt;
  }
  const MutableBytes whole = datagram.first(header->length ? header->size() + *header->length : datagram.size());
  datagram = datagram.subspan(whole.size());
  return Record{{}, whole, header};
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

std::optional<OpenedCiphertext> RecordLayer::open(const Record& record, std::span<CiphertextOpen* const> keys) {
  const auto usable = [&](CiphertextOpen* key) { return key != nullptr && key->fits(*record.unified); };
  // A failed attempt overwrites the record.
  std::vector<std::uint8_t> copy;
  if (std::count_if(keys.begin(), keys.end(), usable) > 1) copy.assign(record.whole.begin(), record.whole.end());
  auto worst = Drop::wrong_epoch;
  for (std::size_t i = 0; i < keys.size(); ++i) {
    if (!usable(keys[i])) continue;
    std::copy(copy.begin(), copy.end(), record.whole.begin());
    OpenedCiphertext opened{i, {}, {}, {}};
    const CiphertextOpen::Verdict verdict = keys[i]->open(*record.unified, record.whole, opened);
    if (verdict == CiphertextOpen::Verdict::opened) return opened;
    if (worst != Drop::replayed) worst = verdict == CiphertextOpen::Verdict::failed ? Drop::bad_tag : Drop::replayed;
  }
  drop(worst);
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
