#include "rtc/dtls/record_layer.hpp"

namespace redan::dtls {
namespace {

// A protected Finished takes 61 bytes; nothing else of epoch 1 can usefully arrive before its keys.
constexpr std::size_t kMaxEarly = 128;

}  // namespace

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
    if (header->epoch == 1 && !read_) keep_early(*header, whole);
    if (auto record = open(*header, whole.subspan(RecordHeader::kSize))) return record;
  }
  return std::nullopt;
}

std::optional<Record> RecordLayer::open(const RecordHeader& header, MutableBytes fragment) {
  // Epoch 0 is not authenticated: remembering its sequence numbers would let a forger shut out genuine records.
  if (header.epoch == 0) return Record{header.type, 0, fragment};
  if (header.epoch != 1 || !read_) {
    drop(Drop::wrong_epoch);
    return std::nullopt;
  }
  if (window_.replayed(header.sequence)) {
    drop(Drop::replayed);
    return std::nullopt;
  }
  const std::optional<MutableBytes> text = read_->open(header, fragment);
  if (!text) {
    drop(Drop::bad_tag);
    return std::nullopt;
  }
  window_.accept(header.sequence);
  return Record{header.type, 1, *text};
}

void RecordLayer::keep_early(const RecordHeader& header, Bytes whole) {
  if (header.type == ContentType::handshake && whole.size() <= kMaxEarly) early_.assign(whole.begin(), whole.end());
}

MutableBytes RecordLayer::write(ContentType type, std::uint16_t epoch, MutableBytes record, std::size_t size) {
  if (epoch != 0) return write_->seal(type, record, size);
  if (record.size() < RecordHeader::kSize + size || next_plaintext_sequence_ >= RecordHeader::kSequenceEnd) return {};
  Writer writer(record);
  RecordHeader{type, kDtls12, 0, next_plaintext_sequence_++, static_cast<std::uint16_t>(size)}.write(writer);
  return record.first(RecordHeader::kSize + size);
}

}  // namespace redan::dtls
