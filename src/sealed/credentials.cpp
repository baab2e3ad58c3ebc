#include "sealed/credentials.hpp"

#include <algorithm>

#include "base/hex.hpp"
#include "base/reader.hpp"
#include "base/writer.hpp"
#include "sealed/errors.hpp"

namespace redan::sealed {
namespace {

// Signed data begins with its purpose, so that a signature cannot be used for another one.
constexpr std::string_view kCertificateLabel{"redan sealed v1 runtime certificate\0", 36};
constexpr std::string_view kGrantLabel{"redan sealed v1 session grant\0", 30};
constexpr std::size_t kMaxSize = 256;

std::vector<std::uint8_t> labelled(std::string_view label, Bytes body) {
  std::vector<std::uint8_t> text(label.begin(), label.end());
  text.insert(text.end(), body.begin(), body.end());
  return text;
}

template <class Body>
std::vector<std::uint8_t> signed_by(const Ed25519Key& authority, std::string_view label, Body&& body) {
  std::array<std::uint8_t, kMaxSize> buffer{};
  Writer writer(buffer);
  body(writer);
  std::vector<std::uint8_t> bytes(writer.written().begin(), writer.written().end());
  const Ed25519Signature signature = authority.sign(labelled(label, bytes));
  bytes.insert(bytes.end(), signature.begin(), signature.end());
  return bytes;
}

/// The body, if one of the authorities has signed it.
std::optional<Bytes> body_of(Bytes bytes, std::string_view label, const Authorities& authorities) {
  if (bytes.size() < kEd25519SignatureSize || bytes.size() > kMaxSize + kEd25519SignatureSize) return std::nullopt;
  const Bytes body = bytes.first(bytes.size() - kEd25519SignatureSize);
  const Bytes signature = bytes.last(kEd25519SignatureSize);
  const std::vector<std::uint8_t> text = labelled(label, body);
  const bool good = std::any_of(authorities.begin(), authorities.end(), [&](const Ed25519PublicKey& authority) {
    return wamp::ed25519_verify(authority, text, signature);
  });
  return good ? std::optional(body) : std::nullopt;
}

std::string name_in(Reader& reader) {
  const Bytes bytes = reader.opaque8();
  if (bytes.empty() || bytes.size() > kMaxName) reader.fail();
  return std::string(as_text(bytes));
}
Ed25519PublicKey key_in(Reader& reader) {
  Ed25519PublicKey key{};
  const Bytes bytes = reader.bytes(key.size());
  std::copy(bytes.begin(), bytes.end(), key.begin());
  return key;
}
WallTime time_in(Reader& reader) { return {static_cast<std::int64_t>(reader.u48())}; }
void write_time(Writer& writer, WallTime time) { writer.u48(static_cast<std::uint64_t>(time.seconds_since_1970)); }

}  // namespace

std::optional<Ed25519PublicKey> parse_authority(std::string_view text) {
  const auto bytes = from_hex(text);
  if (!bytes || bytes->size() != kEd25519KeySize) return std::nullopt;
  Ed25519PublicKey key{};
  std::copy(bytes->begin(), bytes->end(), key.begin());
  return key;
}

// struct {
//   opaque instance<1..64>;
//   opaque key[32];
//   uint48 not_before, not_after;
//   opaque signature[64];
// } RuntimeCertificate;
std::vector<std::uint8_t> RuntimeCertificate::sign(const Ed25519Key& authority) const {
  return signed_by(authority, kCertificateLabel, [&](Writer& writer) {
    writer.opaque8(as_bytes(instance));
    writer.bytes(key);
    write_time(writer, not_before);
    write_time(writer, not_after);
  });
}

Result<RuntimeCertificate> RuntimeCertificate::verify(Bytes bytes, const Authorities& authorities, WallTime now) {
  const auto body = body_of(bytes, kCertificateLabel, authorities);
  if (!body) return refuse(errc::sealed_bad_certificate);
  Reader reader(*body);
  RuntimeCertificate certificate;
  certificate.instance = name_in(reader);
  certificate.key = key_in(reader);
  certificate.not_before = time_in(reader);
  certificate.not_after = time_in(reader);
  if (!reader.done()) return refuse(errc::sealed_bad_certificate);
  const std::int64_t seconds = now.seconds_since_1970;
  if (seconds + kClockSkew.count() < certificate.not_before.seconds_since_1970 ||
      seconds - kClockSkew.count() > certificate.not_after.seconds_since_1970) {
    return refuse(errc::sealed_expired);
  }
  return certificate;
}

// struct {
//   opaque session<1..64>;
//   opaque instance<1..64>;
//   opaque client[32];
//   uint8 rights;
//   uint48 not_after;
//   opaque signature[64];
// } SessionGrant;
std::vector<std::uint8_t> SessionGrant::sign(const Ed25519Key& authority) const {
  return signed_by(authority, kGrantLabel, [&](Writer& writer) {
    writer.opaque8(as_bytes(session));
    writer.opaque8(as_bytes(instance));
    writer.bytes(client);
    writer.u8(static_cast<std::uint8_t>(rights));
    write_time(writer, not_after);
  });
}

Result<SessionGrant> SessionGrant::verify(Bytes bytes, const Authorities& authorities, WallTime now) {
  const auto body = body_of(bytes, kGrantLabel, authorities);
  if (!body) return refuse(errc::sealed_bad_grant);
  Reader reader(*body);
  SessionGrant grant;
  grant.session = name_in(reader);
  grant.instance = name_in(reader);
  grant.client = key_in(reader);
  const std::uint8_t rights = reader.u8();
  grant.not_after = time_in(reader);
  if (!reader.done() || rights < 1 || rights > 2) return refuse(errc::sealed_bad_grant);
  grant.rights = static_cast<Rights>(rights);
  if (now.seconds_since_1970 - kClockSkew.count() > grant.not_after.seconds_since_1970) {
    return refuse(errc::sealed_expired);
  }
  return grant;
}

}  // namespace redan::sealed
