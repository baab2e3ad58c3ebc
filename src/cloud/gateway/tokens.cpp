#include "cloud/gateway/tokens.hpp"

#include <algorithm>
#include <charconv>

#include "base/hex.hpp"
#include "cloud/bus/bus.hpp"
#include "cloud/errors.hpp"
#include "cloud/token/rfc3339.hpp"

namespace redan::cloud::gateway {
namespace {

using Role = api::LinkHello::Role;

constexpr std::string_view kConnect = "connect";

/// What a socket's token permits.
constexpr std::string_view operation_of(Role role) {
  if (role == Role::controller) return "signal";
  return role == Role::viewer ? "view" : "adb";
}
Role role_of(std::optional<std::string> operation) {
  for (const Role role : {Role::viewer, Role::adb}) {
    if (operation == operation_of(role)) return role;
  }
  return Role::controller;
}

// Applies HMAC-SHA256 twice, because the root key of a macaroon has 64 bytes.
Result<token::MacaroonKey> derive(Provider& provider, const Secret<64>& root, std::string_view purpose) {
  Secret<64> derived;
  const MutableBytes bytes = derived.fill(64);
  for (std::size_t half = 0; half < 2; ++half) {
    const std::string label = "redan gateway " + std::string(purpose) + " " + std::to_string(half + 1);
    Digest digest = provider.hmac_once(HashAlgorithm::sha256, root.expose(), as_bytes(label));
    std::copy_n(digest.storage.begin(), 32, bytes.begin() + static_cast<std::ptrdiff_t>(32 * half));
    wipe(digest.storage);
  }
  return token::MacaroonKey::prepare(provider, derived);
}

/// The value of the first caveat `name=...`. Not trustworthy before the macaroon is verified.
std::optional<std::string> claimed(const token::Macaroon& macaroon, std::string_view name) {
  for (const token::Caveat& caveat : macaroon.caveats) {
    const std::string_view text = caveat.identifier;
    if (text.size() > name.size() && text.starts_with(name) && text[name.size()] == '=') {
      return std::string(text.substr(name.size() + 1));
    }
  }
  return std::nullopt;
}

std::string_view view(const std::optional<std::string>& text) { return text ? std::string_view(*text) : ""; }

std::string sha256(Provider& provider, std::string_view text) {
  return to_hex(provider.hash(HashAlgorithm::sha256, as_bytes(text)).bytes());
}

/// "<client> 2 1280x720x30x240 <account> <share>": the 2 is the order; the last field may be absent.
std::string identifier_of(const SocketClaims& claims) {
  const api::Screen& screen = claims.screen;
  std::string text = claims.client + " " + std::to_string(claims.order);
  char separator = ' ';
  for (const std::int64_t value : {screen.width, screen.height, screen.fps, screen.density}) {
    text += separator + std::to_string(value);
    separator = 'x';
  }
  text += " " + claims.account;
  if (!claims.share.empty()) text += " " + claims.share;
  return text;
}

bool take_number(std::string_view& text, char end, std::int64_t& value) {
  const std::string_view digits = text.substr(0, text.find(end));
  const auto [stop, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (error != std::errc() || stop != digits.data() + digits.size()) return false;
  text.remove_prefix(std::min(text.size(), digits.size() + 1));
  return true;
}

std::optional<SocketClaims> parse_identifier(std::string_view text) {
  SocketClaims claims;
  const std::size_t space = text.find(' ');
  if (space == std::string_view::npos) return std::nullopt;
  claims.client = text.substr(0, space);
  text.remove_prefix(space + 1);
  api::Screen& screen = claims.screen;
  const bool read = take_number(text, ' ', claims.order) && take_number(text, 'x', screen.width) &&
                    take_number(text, 'x', screen.height) && take_number(text, 'x', screen.fps) &&
                    take_number(text, ' ', screen.density);
  const std::size_t end = text.find(' ');
  claims.account = text.substr(0, end);
  if (end != std::string_view::npos) claims.share = text.substr(end + 1);
  if (!read || claims.account.empty() || !bus::is_subject_token(claims.client)) return std::nullopt;
  return claims;
}

}  // namespace

Result<Tokens> Tokens::prepare(Provider& provider, const Secret<64>& root) {
  auto api = token::MacaroonKey::prepare(provider, root);
  auto sockets = derive(provider, root, "socket");
  auto shares = derive(provider, root, "share");
  for (const auto* key : {&api, &sockets, &shares}) {
    if (!*key) return refuse(key->error());
  }
  return Tokens(provider, std::move(*api), std::move(*sockets), std::move(*shares));
}

Result<token::Macaroon> Tokens::mint(token::MacaroonKey& key, std::string_view identifier,
                                     const std::vector<std::string>& caveats) {
  auto macaroon = token::Macaroon::mint(key, kGatewayLocation, identifier);
  if (!macaroon) return macaroon;
  for (const std::string& caveat : caveats) {
    REDAN_CHECK(macaroon->add_first_party(*provider_, caveat));
  }
  return macaroon;
}

// API tokens.

Result<Tokens::Issued> Tokens::issue(std::string_view account, WallTime expires) {
  std::string fraction = std::to_string(provider_->random_u32() % 1'000'000'000);
  fraction.insert(0, 9 - fraction.size(), '0');
  std::string time = token::to_rfc3339(expires);
  time.insert(time.size() - 1, "." + fraction);
  const auto macaroon = mint(api_, account, {time});
  if (!macaroon) return refuse(macaroon.error());
  std::string text = macaroon->text();
  std::string hash = sha256(*provider_, text);
  return Issued{std::move(text), std::move(hash)};
}

// Verifies the token against the restrictions that it names itself. Whether they permit a request is checked later,
// when the request has been read.
Result<ApiClaims> Tokens::verify(std::string_view text, WallTime now) {
  REDAN_TRY(const auto macaroon, token::Macaroon::parse(text));
  ApiClaims claims;
  claims.operation = claimed(macaroon, "op");
  claims.session = claimed(macaroon, "session");
  claims.region = claimed(macaroon, "region");
  const token::MacaroonRequest request{now, view(claims.operation), view(claims.session), view(claims.region), {}};
  REDAN_TRY(auto verified, macaroon.verify(api_, kGatewayLocation, request));
  claims.account = std::move(verified.identifier);
  claims.expires = verified.expires;
  // The gateway adds the first caveat; verify() has checked that it exists.
  const auto issued = mint(api_, claims.account, {macaroon.caveats.front().identifier});
  if (!issued) return refuse(issued.error());
  claims.issued_sha256 = sha256(*provider_, issued->text());
  return claims;
}

// Socket tokens.

Result<std::string> Tokens::mint_socket(const SocketClaims& claims, WallTime expires) {
  const auto macaroon =
      mint(sockets_, identifier_of(claims),
           {"session=" + claims.session, "op=" + std::string(operation_of(claims.role)), token::to_rfc3339(expires)});
  if (!macaroon) return refuse(macaroon.error());
  return macaroon->text();
}

Result<SocketClaims> Tokens::verify_socket(std::string_view text, std::string_view session, WallTime now) {
  REDAN_TRY(const auto macaroon, token::Macaroon::parse(text));
  const Role role = role_of(claimed(macaroon, "op"));
  const token::MacaroonRequest request{now, operation_of(role), session, {}, {}};
  REDAN_TRY(const auto verified, macaroon.verify(sockets_, kGatewayLocation, request));
  auto claims = parse_identifier(verified.identifier);
  if (!claims) return refuse(errc::token_claims);
  claims->session = session;
  claims->role = role;
  return std::move(*claims);
}

// Share tokens.

Result<std::string> Tokens::mint_share(std::string_view share, std::string_view session, WallTime expires) {
  const auto macaroon = mint(
      shares_, share, {"session=" + std::string(session), "op=" + std::string(kConnect), token::to_rfc3339(expires)});
  if (!macaroon) return refuse(macaroon.error());
  return macaroon->text();
}

Result<std::string> Tokens::verify_share(std::string_view text, std::string_view session, WallTime now) {
  REDAN_TRY(const auto macaroon, token::Macaroon::parse(text));
  const token::MacaroonRequest request{now, kConnect, session, {}, {}};
  REDAN_TRY(auto verified, macaroon.verify(shares_, kGatewayLocation, request));
  return std::move(verified.identifier);
}

}  // namespace redan::cloud::gateway
