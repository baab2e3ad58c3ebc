#include <algorithm>
#include <cstdio>

#include "base/reader.hpp"
#include "cloud/errors.hpp"
#include "cloud/token/macaroon_format.hpp"

namespace redan::cloud::token {
namespace {

constexpr std::size_t kLengthSize = 4;
constexpr std::size_t kMaxPacket = 0xffff;

struct Packet {
  std::string_view name;
  std::string_view data;  ///< borrowed
};

/// Four lower-case hex digits.
std::size_t length(Reader& in) {
  std::size_t value = 0;
  for (const std::uint8_t c : in.bytes(kLengthSize)) {
    const std::size_t digit = std::string_view("0123456789abcdef").find(static_cast<char>(c));
    if (digit == std::string_view::npos) in.fail();
    value = value << 4U | (digit & 0xfU);
  }
  return value;
}

/// The next packet; after a failure a packet without a name.
Packet read_packet(Reader& in) {
  const std::size_t size = length(in);
  if (size < kLengthSize) in.fail();
  const std::string_view body = as_text(in.bytes(in.ok() ? size - kLengthSize : 0));
  const std::size_t space = body.find(' ');
  if (space == std::string_view::npos || !body.ends_with('\n')) {
    in.fail();
    return {};
  }
  return {body.substr(0, space), body.substr(space + 1, body.size() - space - 2)};
}

std::string_view expect(Reader& in, std::string_view name) {
  const Packet packet = read_packet(in);
  if (packet.name != name) in.fail();
  return packet.data;
}

void write_packet(std::vector<std::uint8_t>& out, std::string_view name, std::string_view data) {
  const std::size_t size = kLengthSize + name.size() + data.size() + 2;
  char digits[kLengthSize + 1];
  std::snprintf(digits, sizeof digits, "%04x", static_cast<unsigned>(size & kMaxPacket));
  for (const std::string_view part :
       {std::string_view(digits), name, std::string_view(" "), data, std::string_view("\n")}) {
    out.insert(out.end(), part.begin(), part.end());
  }
}

}  // namespace

Result<Macaroon> parse_macaroon_v1(Bytes bytes) {
  if (bytes.size() > kMaxMacaroonSize) return refuse(errc::token_too_large);
  Reader in(bytes);
  Macaroon macaroon;
  macaroon.location = expect(in, "location");
  macaroon.identifier = expect(in, "identifier");
  Packet packet = read_packet(in);
  while (packet.name == "cid") {
    if (macaroon.caveats.size() == kMaxCaveats) return refuse(errc::token_too_large);
    Caveat& caveat = macaroon.caveats.emplace_back();
    caveat.identifier = packet.data;
    packet = read_packet(in);
    if (packet.name != "vid") continue;
    caveat.verification_id = packet.data;
    if (!caveat.third_party()) in.fail();
    caveat.location = expect(in, "cl");
    packet = read_packet(in);
  }
  if (packet.name != "signature" || packet.data.size() != macaroon.signature.size() || !in.done()) {
    return refuse(errc::token_syntax);
  }
  std::copy(packet.data.begin(), packet.data.end(), macaroon.signature.begin());
  return macaroon;
}

std::vector<std::uint8_t> write_macaroon_v1(const Macaroon& macaroon) {
  std::vector<std::uint8_t> out;
  write_packet(out, "location", macaroon.location);
  write_packet(out, "identifier", macaroon.identifier);
  for (const Caveat& caveat : macaroon.caveats) {
    write_packet(out, "cid", caveat.identifier);
    if (!caveat.third_party()) continue;
    write_packet(out, "vid", caveat.verification_id);
    write_packet(out, "cl", caveat.location);
  }
  write_packet(out, "signature", as_text(macaroon.signature));
  return out;
}

}  // namespace redan::cloud::token
