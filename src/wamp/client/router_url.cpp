#include "wamp/client/router_url.hpp"

#include "net/host_and_port.hpp"

namespace redan::wamp {
namespace {

struct Scheme {
  std::string_view prefix;
  Carrier carrier;
  bool tls;
};
constexpr std::array<Scheme, 4> kSchemes = {{{"wss://", Carrier::websocket, true},
                                             {"rss://", Carrier::rawsocket, true},
                                             {"ws://", Carrier::websocket, false},
                                             {"rs://", Carrier::rawsocket, false}}};

std::optional<net::TlsTrust> trust_of(const ClientConfig& config, const std::string& host) {
  if (config.pin.empty() && config.authorities.empty()) return net::SystemAuthorities{host};
  if (config.pin.empty()) return net::TrustedAuthority{config.authorities, host};
  const auto pin = net::parse_pin(config.pin);
  if (!pin) return std::nullopt;
  return net::PinnedSha256{*pin};
}

}  // namespace

tl::expected<TransportConfig, std::string> transport_of(const ClientConfig& config) {
  const auto refused = [](std::string why) { return tl::unexpected(std::move(why)); };
  std::string_view rest = config.url;
  const auto* const scheme =
      std::find_if(kSchemes.begin(), kSchemes.end(), [&](const Scheme& each) { return rest.starts_with(each.prefix); });
  if (scheme == kSchemes.end()) return refused("the URL begins with wss://, rss://, ws:// or rs://");
  rest.remove_prefix(scheme->prefix.size());
  const std::size_t slash = std::min(rest.find('/'), rest.size());
  const std::string_view target = rest.substr(slash);
  if (scheme->carrier == Carrier::rawsocket && target.size() > 1) return refused("a RawSocket has no path");
  const auto server = net::parse_host_and_port(rest.substr(0, slash), scheme->tls ? 443 : 80);
  if (!server) return refused("the URL names no host and port");
  TransportConfig transport;
  transport.carrier = scheme->carrier;
  transport.target = target.empty() ? "/" : target;
  transport.connect_timeout = config.connect_timeout;
  transport.idle_timeout = config.idle_timeout;
  transport.max_message = config.max_message;
  transport.max_buffered = config.max_buffered;
  if (!scheme->tls) {
    if (server->host != "127.0.0.1") return refused("without TLS only 127.0.0.1 can be reached");
    transport.router = net::LoopbackRemote{server->port};
    return transport;
  }
  auto trust = trust_of(config, server->host);
  if (!trust) return refused("the pin is 64 hexadecimal digits");
  transport.router = net::TlsRemote{server->host, server->port, std::move(*trust), nullptr, config.allow_small_keys};
  return transport;
}

}  // namespace redan::wamp
