#include "rtc/stun/attribute.hpp"

#include "base/reader.hpp"
#include "base/writer.hpp"

namespace redan::stun {
namespace {

constexpr std::uint8_t kFamilyIpv4 = 1;
constexpr std::uint8_t kFamilyIpv6 = 2;

// `fields` is the port and the address.
void apply_mask(MutableBytes fields, const TransactionId& transaction) {
  std::array<std::uint8_t, 16> mask{0x21, 0x12, 0xA4, 0x42};
  std::copy(transaction.begin(), transaction.end(), mask.begin() + 4);
  fields[0] ^= mask[0];
  fields[1] ^= mask[1];
  for (std::size_t i = 2; i < fields.size(); ++i) fields[i] ^= mask[i - 2];
}

}  // namespace

std::optional<Address> parse_address(Bytes value) {
  Reader reader(value);
  reader.skip(1);
  const std::uint8_t family = reader.u8();
  const std::uint16_t port = reader.u16();
  const Bytes ip = reader.rest();
  if (family == kFamilyIpv4 && ip.size() == 4) return Address::v4({ip[0], ip[1], ip[2], ip[3]}, port);
  if (family == kFamilyIpv6 && ip.size() == 16) return Address::v6(ip.first<16>(), port);
  return std::nullopt;
}

EncodedAddress encode_address(const Address& address) {
  EncodedAddress encoded;
  Writer writer(encoded.storage);
  writer.u8(0);
  writer.u8(address.family() == Address::Family::ipv4 ? kFamilyIpv4 : kFamilyIpv6);
  writer.u16(address.port());
  writer.bytes(address.ip());
  encoded.size = writer.size();
  return encoded;
}

std::optional<Address> parse_xor_address(Bytes value, const TransactionId& transaction) {
  EncodedAddress plain;
  if (value.size() < 4 || value.size() > plain.storage.size()) return std::nullopt;
  std::copy(value.begin(), value.end(), plain.storage.begin());
  plain.size = value.size();
  apply_mask(MutableBytes(plain.storage).first(plain.size).subspan(2), transaction);
  return parse_address(plain.bytes());
}

EncodedAddress encode_xor_address(const Address& address, const TransactionId& transaction) {
  EncodedAddress encoded = encode_address(address);
  apply_mask(MutableBytes(encoded.storage).first(encoded.size).subspan(2), transaction);
  return encoded;
}

}  // namespace redan::stun
