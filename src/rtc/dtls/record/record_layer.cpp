#include "rtc/dtls/record/record_layer.hpp"

namespace redan::dtls {

std::optional<Record> RecordLayer::next(MutableBytes& datagram) {
  while (!datagram.empty()) {
    Reader reader(datagram);
    const std::optional<RecordHeader> header = RecordHeader::parse(reader);
    if (!header || header->length > reader.remaining()) {
      // Without a length to trust there is no next record.
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
