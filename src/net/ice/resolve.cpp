// resolve_ice_servers(): the addresses of ICE servers that are known by name.
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/ip/udp.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <redan/asio.hpp>

#include "net/task.hpp"

namespace redan {
namespace {

namespace asio = boost::asio;

IceServer with_address(const IceServer& server, const Address& address) {
  IceServer made;
  made.kind = server.kind;
  made.transport = server.transport;
  made.host = server.host;
  made.port = server.port;
  made.address = address;
  made.username = server.username;
  made.password = Secret<512>(server.password.expose());
  made.credentials_end = server.credentials_end;
  made.certificate_sha256 = server.certificate_sha256;
  made.authorities_pem = server.authorities_pem;
  return made;
}

net::Task<void> resolve(asio::io_context& io, std::vector<IceServer> servers, ResolvedHandler done) {
  ResolvedIceServers resolved;
  asio::ip::udp::resolver resolver(io);
  for (IceServer& server : servers) {
    if (server.address.family() != Address::Family::unspecified) {
      resolved.servers.push_back(std::move(server));
      continue;
    }
    const std::string port = std::to_string(server.port);
    auto [error, found] = co_await resolver.async_resolve(server.host, port, asio::as_tuple(asio::use_awaitable));
    const std::size_t before = resolved.servers.size();
    for (const auto& each : found) {
      const auto address = Address::parse(each.endpoint().address().to_string(), server.port);
      if (address) resolved.servers.push_back(with_address(server, *address));
    }
    if (resolved.servers.size() == before)
      resolved.failures.push_back(server.text() + ": " + (error ? error.message() : "the name has no address"));
  }
  if (resolved.servers.size() > kMaxIceServers) resolved.servers.resize(kMaxIceServers);
  done(std::move(resolved));
}

}  // namespace

void resolve_ice_servers(asio::io_context& io, std::vector<IceServer> servers, ResolvedHandler done) {
  asio::co_spawn(io, resolve(io, std::move(servers), std::move(done)), asio::detached);
}

}  // namespace redan
