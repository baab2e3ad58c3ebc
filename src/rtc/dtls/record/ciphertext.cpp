#include "rtc/dtls/record/ciphertext.hpp"

namespace redan::dtls {
namespace {

constexpr std::uint64_t blocks_of(std::size_t size) {
  constexpr std::size_t kBlock = 16;
  return (size + kBlock - 1) / kBlock + 1;
}

/// The first bytes of the ciphertext, from which the mask of the record number is made.
std::span<const std::uint8_t, RecordNumberCipher::kSampleSize> sample(Bytes ciphertext) {
  return ciphertext.first<RecordNumberCipher::kSampleSize>();
}

std::uint16_t masked(std::uint16_t sequence, std::size_t bytes, const RecordNumberCipher::Mask& mask) {
  if (bytes == 1) return sequence ^ mask[0];
  return sequence ^ static_cast<std::uint16_t>(mask[0] << 8U | mask[1]);
}

/// Removes the content type and the padding behind it (RFC 8446 section 5.4).
ContentType take_content_type(MutableBytes& text) {
  while (!text.empty() && text.back() == 0) text = text.first(text.size() - 1);
  if (text.empty()) return ContentType{};
  const auto type = static_cast<ContentType>(text.back());
  text = text.first(text.size() - 1);
  return type;
}

}  // namespace

CiphertextSeal::CiphertextSeal(Provider& provider, const TrafficKeys& keys, std::uint64_t epoch, std::uint64_t first)
    : aead_(provider.aead(keys.algorithm, keys.key.expose())),
      mask_(provider.record_number_cipher(keys.algorithm, keys.record_number_key.expose())),
      nonces_(NonceBase(NonceForm::xor_counter, keys.iv.expose()), first, RecordHeader::kSequenceEnd),
      epoch_(epoch),
      blocks_(limits_of(keys.algorithm).blocks),
      blocks_left_(blocks_) {}

MutableBytes CiphertextSeal::seal(ContentType type, MutableBytes record, std::size_t size) {
  if (size > RecordHeader::kMaxPlaintext || record.size() < size + kOverhead) return {};
  if (blocks_left_ == 0 && type == ContentType::application_data) return {};
  const auto sequence = static_cast<std::uint16_t>(nonces_.peek());
  const std::optional<SealNonce> nonce = nonces_.take();
  if (!nonce) return {};
  blocks_left_ -= std::min(blocks_left_, blocks_of(size + 1));
  UnifiedHeader header{static_cast<std::uint8_t>(epoch_ & 3U), sequence, 2,
                       static_cast<std::uint16_t>(size + 1 + kAeadTagSize)};
  const MutableBytes start = record.first(kHeadroom);
  const MutableBytes text = record.subspan(kHeadroom, size + 1);
  text.back() = static_cast<std::uint8_t>(type);
  // The associated data is the header before its number is masked.
  Writer plain(start);
  header.write(plain);
  aead_->seal(*nonce, start, text, record.subspan(kHeadroom + size + 1).first<kAeadTagSize>());
  header.sequence = masked(sequence, 2, mask_->mask(sample(record.subspan(kHeadroom))));
  Writer wire(start);
  header.write(wire);
  return record.first(size + kOverhead);
}

CiphertextOpen::CiphertextOpen(Provider& provider, const TrafficKeys& keys, std::uint64_t epoch)
    : aead_(provider.aead(keys.algorithm, keys.key.expose())),
      mask_(provider.record_number_cipher(keys.algorithm, keys.record_number_key.expose())),
      base_(NonceForm::xor_counter, keys.iv.expose()),
      epoch_(epoch),
      forgeries_left_(limits_of(keys.algorithm).forgeries) {}

CiphertextOpen::Verdict CiphertextOpen::open(const UnifiedHeader& header, MutableBytes record,
                                             OpenedCiphertext& opened) {
  const MutableBytes fragment = record.subspan(header.size());
  // RFC 9147 section 4.2.3: a record without a whole sample cannot be of a correct sender.
  if (fragment.size() < 1 + kAeadTagSize) return Verdict::failed;
  UnifiedHeader plain = header;
  plain.sequence = masked(header.sequence, header.sequence_size, mask_->mask(sample(fragment)));
  const std::uint64_t sequence = reconstruct_sequence(window_.end(), plain.sequence, plain.sequence_size);
  if (window_.replayed(sequence)) return Verdict::replayed;
  std::array<std::uint8_t, UnifiedHeader::kSize> associated{};
  Writer writer(associated);
  plain.write(writer);
  MutableBytes text = fragment.first(fragment.size() - kAeadTagSize);
  if (sequence > RecordHeader::kSequenceEnd ||
      !aead_->open(base_.at(sequence), writer.written(), text, fragment.last<kAeadTagSize>())) {
    forgeries_left_ -= std::min<std::uint64_t>(forgeries_left_, 1);
    return Verdict::failed;
  }
  window_.accept(sequence);
  opened.number = {epoch_, sequence};
  opened.type = take_content_type(text);
  opened.text = text;
  return Verdict::opened;
}

}  // namespace redan::dtls
