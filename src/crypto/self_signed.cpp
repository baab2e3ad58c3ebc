// Writes self-signed certificates with any provider's key (RFC 5280 section 4.1).
#include <redan/crypto.hpp>

#include "crypto/der.hpp"
#include "crypto/key_encoding.hpp"

namespace redan {
namespace {

using der::Der;

constexpr std::uint8_t kEcdsaWithSha256[] = {0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02};      // RFC 5758
constexpr std::uint8_t kEcdsaWithSha384[] = {0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x03};      // RFC 5758
constexpr std::uint8_t kSha256WithRsa[] = {0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0b};  // RFC 4055
constexpr std::uint8_t kCommonName[] = {0x55, 0x04, 0x03};                                         // 2.5.4.3
constexpr std::uint8_t kSubjectAltName[] = {0x55, 0x1d, 0x11};                                     // 2.5.29.17
constexpr std::size_t kMaxCommonName = 64;  // RFC 5280 appendix A.1, ub-common-name
constexpr std::size_t kMaxAlternativeNames = 64;
constexpr std::size_t kMaxAlternativeName = 255;
// 0000-01-01 and 9999-12-31T23:59:59, the range of GeneralizedTime.
constexpr std::int64_t kFirstSecond = -62'167'219'200;
constexpr std::int64_t kLastSecond = 253'402'300'799;

SignatureScheme scheme_for(KeyType type) {
  if (type == KeyType::ecdsa_p256) return SignatureScheme::ecdsa_secp256r1_sha256;
  if (type == KeyType::ecdsa_p384) return SignatureScheme::ecdsa_secp384r1_sha384;
  return SignatureScheme::rsa_pkcs1_sha256;
}

Der signature_algorithm(KeyType type) {
  // RFC 5758 section 3.2: ECDSA omits the parameters. RFC 4055 section 5: RSA has NULL.
  if (type == KeyType::ecdsa_p256) {
    return der::element(der::kSequence, {der::element(der::kObjectIdentifier, {kEcdsaWithSha256})});
  }
  if (type == KeyType::ecdsa_p384) {
    return der::element(der::kSequence, {der::element(der::kObjectIdentifier, {kEcdsaWithSha384})});
  }
  return der::element(der::kSequence,
                      {der::element(der::kObjectIdentifier, {kSha256WithRsa}), der::element(der::kNull, {})});
}

// Name: one RDN with one attribute, the common name.
Der name_der(std::string_view common_name) {
  return der::element(
      der::kSequence,
      {der::element(der::kSet,
                    {der::element(der::kSequence, {der::element(der::kObjectIdentifier, {kCommonName}),
                                                   der::element(der::kUtf8String, {as_bytes(common_name)})})})});
}

void append(std::string& text, int value, int digits) {
  for (int divisor = digits == 4 ? 1000 : 10; divisor > 0; divisor /= 10) {
    text.push_back(static_cast<char>('0' + value / divisor % 10));
  }
}

/// RFC 5280 section 4.1.2.5: UTCTime through the year 2049, GeneralizedTime otherwise.
Der time_der(WallTime time) {
  const std::chrono::sys_seconds instant{std::chrono::seconds(time.seconds_since_1970)};
  const auto day = std::chrono::floor<std::chrono::days>(instant);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss clock(instant - day);
  const int year = static_cast<int>(date.year());
  const bool utc_time = year >= 1950 && year <= 2049;
  std::string text;
  append(text, utc_time ? year % 100 : year, utc_time ? 2 : 4);
  append(text, static_cast<int>(static_cast<unsigned>(date.month())), 2);
  append(text, static_cast<int>(static_cast<unsigned>(date.day())), 2);
  append(text, static_cast<int>(clock.hours().count()), 2);
  append(text, static_cast<int>(clock.minutes().count()), 2);
  append(text, static_cast<int>(clock.seconds().count()), 2);
  text.push_back('Z');
  return der::element(utc_time ? der::kUtcTime : der::kGeneralizedTime, {as_bytes(text)});
}

/// 128 random bits, positive (RFC 5280 section 4.1.2.2).
Der serial_number(Provider& provider) {
  std::array<std::uint8_t, 16> serial{};
  provider.random(serial);
  serial[0] = static_cast<std::uint8_t>((serial[0] & 0x7fU) | 0x40U);
  return der::unsigned_integer(serial);
}

// GeneralName: dNSName [2] IA5String, iPAddress [7] OCTET STRING (RFC 5280 section 4.2.1.6).
Der general_name(std::string_view name) {
  if (const auto address = Address::parse(name, 0)) return der::element(der::context_primitive(7), {address->ip()});
  return der::element(der::context_primitive(2), {as_bytes(name)});
}

// extensions [3] EXPLICIT SEQUENCE OF SEQUENCE { extnID OBJECT IDENTIFIER, critical BOOLEAN DEFAULT FALSE, extnValue }
Der extensions(const std::vector<std::string>& names) {
  if (names.empty()) return {};
  Der list;
  for (const std::string& name : names) {
    const Der general = general_name(name);
    list.insert(list.end(), general.begin(), general.end());
  }
  const Der value = der::element(der::kOctetString, {der::element(der::kSequence, {list})});
  const Der extension = der::element(der::kSequence, {der::element(der::kObjectIdentifier, {kSubjectAltName}), value});
  return der::element(der::context_constructed(3), {der::element(der::kSequence, {extension})});
}

bool writable(const SelfSignedOptions& options) {
  const auto in_range = [](WallTime t) {
    return t.seconds_since_1970 >= kFirstSecond && t.seconds_since_1970 <= kLastSecond;
  };
  const auto is_name = [](std::string_view name) {
    return !name.empty() && name.size() <= kMaxAlternativeName &&
           std::all_of(name.begin(), name.end(), [](char c) { return c > ' ' && c < 0x7f; });
  };
  return !options.common_name.empty() && options.common_name.size() <= kMaxCommonName &&
         options.subject_alternative_names.size() <= kMaxAlternativeNames &&
         std::all_of(options.subject_alternative_names.begin(), options.subject_alternative_names.end(), is_name) &&
         in_range(options.not_before) && in_range(options.not_after) && options.not_before <= options.not_after;
}

}  // namespace

Result<Identity> self_signed(Provider& provider, const SelfSignedOptions& options) {
  return self_signed(provider, std::shared_ptr<const PrivateKey>(provider.generate_key(options.key_type)), options);
}

Result<Identity> self_signed(Provider& provider, std::shared_ptr<const PrivateKey> key,
                             const SelfSignedOptions& options) {
  if (!key || !writable(options)) return refuse(Errc::invalid_argument);
  static constexpr std::uint8_t kVersion3[] = {2};
  const Der algorithm = signature_algorithm(key->type());
  const Der name = name_der(options.common_name);
  const Der validity = der::element(der::kSequence, {time_der(options.not_before), time_der(options.not_after)});
  const Der tbs =
      der::element(der::kSequence, {der::element(der::context_constructed(0), {der::unsigned_integer(kVersion3)}),
                                    serial_number(provider), algorithm, name, validity, name, key->public_key_der(),
                                    extensions(options.subject_alternative_names)});

  const SignatureScheme scheme = scheme_for(key->type());
  std::array<std::uint8_t, kMaxSignatureSize> signature{};
  const Result<std::size_t> size = key->sign(scheme, provider.hash(hash_of(scheme), tbs).bytes(), signature);
  if (!size) return refuse(size.error());
  return Identity{der::element(der::kSequence, {tbs, algorithm, der::bit_string(Bytes(signature).first(*size))}),
                  std::move(key)};
}

}  // namespace redan
