#include "rtc/dtls/record/protection.hpp"

namespace redan::dtls {
namespace {

constexpr std::size_t kAssociatedSize = 13;

// What RFC 9147 section 4.5.3 counts: blocks of text, and of what is authenticated with it.
constexpr std::uint64_t blocks_of(std::size_t size) {
  constexpr std::size_t kBlock = 16;
  return (size + kBlock - 1) / kBlock + 1;
}

NonceForm form_of(AeadAlgorithm algorithm) {
  return algorithm == AeadAlgorithm::chacha20_poly1305 ? NonceForm::xor_counter : NonceForm::explicit_gcm;
}

//    additional_data = seq_num + TLSCompressed.type + TLSCompressed.version + TLSCompressed.length;
std::array<std::uint8_t, kAssociatedSize> associated(std::uint64_t number, ContentType type, std::uint16_t version,
                                                     std::size_t length) {
  std::array<std::uint8_t, kAssociatedSize> bytes{};
  Writer writer(bytes);
  writer.u64(number);
  writer.u8(static_cast<std::uint8_t>(type));
  writer.u16(version);
  writer.u16(static_cast<std::uint16_t>(length));
  return bytes;
}

}  // namespace

SealProtection::SealProtection(Provider& provider, AeadAlgorithm algorithm, Bytes key, Bytes fixed_iv, Epoch epoch)
    : aead_(provider.aead(algorithm, key)),
      nonces_(NonceBase(form_of(algorithm), fixed_iv), record_number(epoch, 0),
              record_number(epoch, RecordHeader::kSequenceEnd)),
      explicit_size_(explicit_nonce_size(algorithm)),
      blocks_left_(limits_of(algorithm).blocks) {}

MutableBytes SealProtection::seal(ContentType type, MutableBytes record, std::size_t size) {
  if (size > RecordHeader::kMaxPlaintext || record.size() < size + overhead()) return {};
  if (blocks_left_ == 0 && type == ContentType::application_data) return {};
  const std::uint64_t number = nonces_.peek();
  const std::optional<SealNonce> nonce = nonces_.take();
  if (!nonce) return {};
  blocks_left_ -= std::min(blocks_left_, blocks_of(size));
  Writer writer(record);
  RecordHeader{type, kDtls12, static_cast<Epoch>(number >> 48U), number & RecordHeader::kSequenceEnd,
               static_cast<std::uint16_t>(explicit_size_ + size + kAeadTagSize)}
      .write(writer);
  if (explicit_size_ != 0) writer.u64(number);
  aead_->seal(*nonce, associated(number, type, kDtls12, size), record.subspan(headroom(), size),
              record.subspan(headroom() + size).first<kAeadTagSize>());
  return record.first(size + overhead());
}

OpenProtection::OpenProtection(Provider& provider, AeadAlgorithm algorithm, Bytes key, Bytes fixed_iv)
    : aead_(provider.aead(algorithm, key)),
      base_(form_of(algorithm), fixed_iv),
      explicit_size_(explicit_nonce_size(algorithm)),
      forgeries_left_(limits_of(algorithm).forgeries) {}

std::optional<MutableBytes> OpenProtection::open(const RecordHeader& header, MutableBytes fragment) {
  const auto text = decrypt(header, fragment);
  if (text) {
    window_.accept(header.sequence);
  } else if (forgeries_left_ > 0) {
    --forgeries_left_;
  }
  return text;
}

std::optional<MutableBytes> OpenProtection::decrypt(const RecordHeader& header, MutableBytes fragment) {
  if (fragment.size() < explicit_size_ + kAeadTagSize) return std::nullopt;
  const std::uint64_t number = record_number(header.epoch, header.sequence);
  const MutableBytes text = fragment.subspan(explicit_size_, fragment.size() - explicit_size_ - kAeadTagSize);
  // A peer may choose any explicit nonce (RFC 5288 section 3), so the one in the record counts, not the sequence
  // number.
  const OpenNonce nonce = base_.at(explicit_size_ != 0 ? Reader(fragment).u64() : number);
  if (!aead_->open(nonce, associated(number, header.type, header.version, text.size()), text,
                   fragment.last<kAeadTagSize>())) {
    return std::nullopt;
  }
  return text;
}

}  // namespace redan::dtls
