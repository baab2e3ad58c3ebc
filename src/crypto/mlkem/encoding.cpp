#include "crypto/mlkem/encoding.hpp"

namespace redan::mlkem {
namespace {

/// Writes numbers of `d` bits, least significant bit first.
class BitWriter {
 public:
  explicit BitWriter(MutableBytes bytes) : next_(bytes.data()) {}
  void put(std::uint32_t value, unsigned d) {
    buffered_ |= value << bits_;
    for (bits_ += d; bits_ >= 8; bits_ -= 8, buffered_ >>= 8) *next_++ = static_cast<std::uint8_t>(buffered_);
  }

 private:
  std::uint8_t* next_;
  std::uint32_t buffered_ = 0;
  unsigned bits_ = 0;
};

class BitReader {
 public:
  explicit BitReader(Bytes bytes) : next_(bytes.data()) {}
  std::uint16_t take(unsigned d) {
    for (; bits_ < d; bits_ += 8) buffered_ |= std::uint32_t{*next_++} << bits_;
    const auto value = static_cast<std::uint16_t>(buffered_ & ((1U << d) - 1));
    buffered_ >>= d;
    bits_ -= d;
    return value;
  }

 private:
  const std::uint8_t* next_;
  std::uint32_t buffered_ = 0;
  unsigned bits_ = 0;
};

}  // namespace

void encode(const Polynomial& f, MutableBytes bytes) {
  BitWriter writer(bytes);
  for (const std::int16_t coefficient : f.coefficients) writer.put(canonical(coefficient), 12);
}

bool decode(Bytes bytes, Polynomial& f) {
  BitReader reader(bytes);
  std::uint32_t too_large = 0;
  for (std::int16_t& coefficient : f.coefficients) {
    coefficient = static_cast<std::int16_t>(reader.take(12));
    too_large |= static_cast<std::uint32_t>(kQ - 1 - coefficient) >> 31;
  }
  return too_large == 0;
}

void encode_compressed(const Polynomial& f, unsigned d, MutableBytes bytes) {
  BitWriter writer(bytes);
  for (const std::int16_t coefficient : f.coefficients) writer.put(compress(canonical(coefficient), d), d);
}

Polynomial decode_compressed(Bytes bytes, unsigned d) {
  Polynomial f;
  BitReader reader(bytes);
  for (std::int16_t& coefficient : f.coefficients) coefficient = decompress(reader.take(d), d);
  return f;
}

}  // namespace redan::mlkem
