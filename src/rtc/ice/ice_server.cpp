#include <redan/ice.hpp>

#include "base/words.hpp"

namespace redan {
namespace {

constexpr std::uint16_t kTlsPort = 5349;
constexpr std::array<std::string_view, 4> kTypeNames{"host", "srflx", "prflx", "relay"};

tl::unexpected<Error> bad_url(std::string_view url, std::string_view what) {
  return refuse(Errc::invalid_argument, std::string(url) + ": " + std::string(what));
}

/// Takes "host", "host:port", "[v6]" or "[v6]:port". False if it is none.
bool read_host(std::string_view text, IceServer& server) {
  std::string_view port;
  if (text.starts_with("[")) {
    const std::size_t end = text.find(']');
    if (end == std::string_view::npos) return false;
    server.host = text.substr(1, end - 1);
    port = text.substr(end + 1);
    if (!Address::parse(server.host, 1)) return false;
  } else {
    const std::size_t colon = text.find(':');
    server.host = text.substr(0, colon);
    port = colon == std::string_view::npos ? "" : text.substr(colon);
  }
  if (port.starts_with(":")) {
    const auto number = to_number<std::uint16_t>(port.substr(1));
    if (!number || *number == 0) return false;
    server.port = *number;
  } else if (!port.empty()) {
    return false;
  }
  return !server.host.empty() && server.host.find_first_of(" /?@#[]") == std::string::npos;
}

/// Takes "", "?transport=udp" or "?transport=tcp" (RFC 7065 section 3.1).
bool read_transport(std::string_view query, bool tls, IceServer& server) {
  const bool tcp = query == "?transport=tcp";
  server.transport = tls ? IceServer::Transport::tls : tcp ? IceServer::Transport::tcp : IceServer::Transport::udp;
  return query.empty() || tcp || (query == "?transport=udp" && !tls);
}

}  // namespace

std::string_view name_of(CandidateType type) { return kTypeNames.at(static_cast<std::size_t>(type)); }

Result<IceServer> IceServer::parse(std::string_view url) {
  const std::size_t colon = url.find(':');
  const std::string_view scheme = url.substr(0, colon);
  const bool tls = equals_ignoring_case(scheme, "turns");
  if (equals_ignoring_case(scheme, "stuns")) return bad_url(url, "STUN over TLS is not supported");
  IceServer server;
  server.kind = tls || equals_ignoring_case(scheme, "turn") ? Kind::turn : Kind::stun;
  if (colon == std::string_view::npos || (server.kind == Kind::stun && !equals_ignoring_case(scheme, "stun")))
    return bad_url(url, "not stun:host:port, turn:host:port or turns:host:port");
  const std::string_view rest = url.substr(colon + 1);
  const std::size_t question = rest.find('?');
  const std::string_view query = question == std::string_view::npos ? "" : rest.substr(question);
  if (!query.empty() && server.kind == Kind::stun) return bad_url(url, "a STUN server has no transport: it is UDP");
  if (tls) server.port = kTlsPort;
  if (!read_transport(query, tls, server)) return bad_url(url, "the transport is udp or tcp; with turns: it is tcp");
  if (!read_host(rest.substr(0, question), server)) return bad_url(url, "not a host, or not a port");
  server.address = Address::parse(server.host, server.port).value_or(Address{});
  return server;
}

std::string IceServer::text() const {
  const bool bracketed = host.find(':') != std::string::npos;
  const std::string scheme = kind == Kind::stun ? "stun:" : transport == Transport::tls ? "turns:" : "turn:";
  return scheme + (bracketed ? "[" + host + "]" : host) + ":" + std::to_string(port) +
         (transport == Transport::tcp ? "?transport=tcp" : "");
}

}  // namespace redan
