#include <algorithm>

#include "base/reader.hpp"
#include "cloud/errors.hpp"
#include "cloud/token/macaroon_format.hpp"

namespace redan::cloud::token {
namespace {

constexpr std::uint8_t kVersion = 2;

enum Field : std::uint8_t { end_of_section = 0, location = 1, identifier = 2, verification_id = 4, signature = 6 };

/// LEB128 in its shortest form. Three bytes can express more than kMaxMacaroonSize.
std::size_t varint(Reader& in) {
  std::size_t value = 0;
  for (unsigned shift = 0; shift < 21; shift += 7) {
    const std::uint8_t byte = in.u8();
    value |= static_cast<std::size_t>(byte & 0x7fU) << shift;
    if ((byte & 0x80U) != 0) continue;
    if (byte == 0 && shift != 0) in.fail();
    return value;
  }
  in.fail();
  return 0;
}

/// The fields of a macaroon; the type of the next one is known before it is read.
class Fields {
 public:
  explicit Fields(Bytes bytes) : in_(bytes) {
    if (in_.u8() != kVersion) in_.fail();
    advance();
  }

  [[nodiscard]] bool ok() const { return in_.ok(); }
  [[nodiscard]] bool next_is(Field type) const { return next_ == type; }
  [[nodiscard]] bool done() const { return in_.done() && !next_; }

  std::string required(Field type) {
    if (!next_is(type)) in_.fail();
    const Bytes data = in_.bytes(varint(in_));
    advance();
    return std::string(as_text(data));
  }
  /// A present field must not be empty, because omitting it means the same.
  std::string optional(Field type) {
    if (!next_is(type)) return {};
    std::string data = required(type);
    if (data.empty()) in_.fail();
    return data;
  }
  void end_section() {
    if (!next_is(Field::end_of_section)) in_.fail();
    advance();
  }

 private:
  void advance() {
    next_ = std::nullopt;
    if (!in_.empty()) next_ = in_.u8();
  }

  Reader in_;
  std::optional<std::uint8_t> next_;
};

Caveat read_caveat(Fields& fields) {
  Caveat caveat;
  caveat.location = fields.optional(Field::location);
  caveat.identifier = fields.required(Field::identifier);
  caveat.verification_id = fields.optional(Field::verification_id);
  fields.end_section();
  return caveat;
}

void write_field(std::vector<std::uint8_t>& out, Field type, std::string_view data) {
  out.push_back(type);
  std::size_t rest = data.size();
  for (; rest > 0x7f; rest >>= 7U) out.push_back(static_cast<std::uint8_t>(rest | 0x80U));
  out.push_back(static_cast<std::uint8_t>(rest));
  out.insert(out.end(), data.begin(), data.end());
}

void write_optional(std::vector<std::uint8_t>& out, Field type, std::string_view data) {
  if (!data.empty()) write_field(out, type, data);
}

}  // namespace

Result<Macaroon> parse_macaroon_v2(Bytes bytes) {
  if (bytes.size() > kMaxMacaroonSize) return refuse(errc::token_too_large);
  Fields fields(bytes);
  Macaroon macaroon;
  macaroon.location = fields.optional(Field::location);
  macaroon.identifier = fields.required(Field::identifier);
  fields.end_section();
  while (fields.ok() && !fields.next_is(Field::end_of_section)) {
    if (macaroon.caveats.size() == kMaxCaveats) return refuse(errc::token_too_large);
    const Caveat& caveat = macaroon.caveats.emplace_back(read_caveat(fields));
    // Only third-party caveats have a location of their own.
    if (!caveat.third_party() && !caveat.location.empty()) return refuse(errc::token_syntax);
  }
  fields.end_section();
  const std::string signature = fields.required(Field::signature);
  if (!fields.done() || signature.size() != macaroon.signature.size()) return refuse(errc::token_syntax);
  std::copy(signature.begin(), signature.end(), macaroon.signature.begin());
  return macaroon;
}

std::vector<std::uint8_t> write_macaroon_v2(const Macaroon& macaroon) {
  std::vector<std::uint8_t> out{kVersion};
  write_optional(out, Field::location, macaroon.location);
  write_field(out, Field::identifier, macaroon.identifier);
  out.push_back(Field::end_of_section);
  for (const Caveat& caveat : macaroon.caveats) {
    write_optional(out, Field::location, caveat.location);
    write_field(out, Field::identifier, caveat.identifier);
    write_optional(out, Field::verification_id, caveat.verification_id);
    out.push_back(Field::end_of_section);
  }
  out.push_back(Field::end_of_section);
  write_field(out, Field::signature, as_text(macaroon.signature));
  return out;
}

}  // namespace redan::cloud::token
