// ICE: servers, and the candidates of both sides.
#include <redan/ice.hpp>

#include "capi/boundary.hpp"
#include "capi/values.hpp"

namespace redan::capi {
namespace {

constexpr std::size_t kMaxPassword = 512;

Result<IceServer> read_server(const redan_ice_server* server) {
  redan_ice_server from = REDAN_ICE_SERVER_INIT;
  if (!read(server, from)) return bad("server");
  if (!is_range(from.url, from.url_size) || !is_range(from.username, from.username_size) ||
      !is_range(from.password, from.password_size))
    return bad("server");
  REDAN_TRY(IceServer to, IceServer::parse(as_view(from.url, from.url_size)));
  const auto address = read_address(from.address);
  if (!address) return bad("address");
  if (address->family() != Address::Family::unspecified) to.address = *address;
  to.username = as_view(from.username, from.username_size);
  if (from.password_size > kMaxPassword) return bad("password");
  to.password = Secret<kMaxPassword>(as_bytes(as_view(from.password, from.password_size)));
  return to;
}

redan_local_candidate to_c(const GatheredCandidate& from) {
  redan_local_candidate to{};
  to.type = static_cast<std::uint32_t>(from.type);
  to.address = write_address(from.address);
  to.base = write_address(from.base);
  to.round_trip_time = from.rtt ? from.rtt->count() : -1;
  write_text(from.server, to.server);
  return to;
}

}  // namespace
}  // namespace redan::capi

using namespace redan::capi;

int redan_endpoint_set_ice_servers(redan_endpoint* endpoint, const redan_ice_server* const* servers,
                                   std::size_t count) {
  return on_endpoint(endpoint, [&](redan::Endpoint& of) -> redan::Result<void> {
    if (!is_range(servers, count)) return bad("servers");
    if (count > redan::kMaxIceServers) return bad("count");
    std::vector<redan::IceServer> all;
    for (std::size_t i = 0; i < count; ++i) {
      REDAN_TRY(auto server, read_server(servers[i]));
      all.push_back(std::move(server));
    }
    return of.set_ice_servers(std::move(all));
  });
}

int redan_endpoint_renew_ice_server(redan_endpoint* endpoint, const redan_ice_server* server) {
  return on_endpoint(endpoint, [&](redan::Endpoint& of) -> redan::Result<void> {
    REDAN_TRY(auto renewed, read_server(server));
    return of.renew_ice_server(std::move(renewed));
  });
}

int redan_endpoint_socket_opened(redan_endpoint* endpoint, redan_time now, std::uint64_t socket,
                                 const redan_address* local) {
  return on_endpoint(endpoint, [&](redan::Endpoint& of) -> redan::Result<void> {
    const auto time = read_time(now);
    if (!time) return bad("now");
    if (!present(local)) return bad("local");
    const auto address = read_address(*local);
    if (!address || address->family() == redan::Address::Family::unspecified) return bad("local");
    of.socket_opened(*time, {socket}, *address);
    return {};
  });
}

int redan_endpoint_handle_socket_input(redan_endpoint* endpoint, redan_time now, std::uint64_t socket,
                                       const std::uint8_t* bytes, std::size_t size) {
  return on_endpoint(endpoint, [&](redan::Endpoint& of) -> redan::Result<void> {
    const auto time = read_time(now);
    if (!time) return bad("now");
    if (!is_range(bytes, size)) return bad("bytes");
    of.handle_socket_input(*time, {socket}, {bytes, size});
    return {};
  });
}

int redan_endpoint_socket_closed(redan_endpoint* endpoint, redan_time now, std::uint64_t socket, const char* detail,
                                 std::size_t detail_size) {
  return on_endpoint(endpoint, [&](redan::Endpoint& of) -> redan::Result<void> {
    const auto time = read_time(now);
    if (!time) return bad("now");
    if (!is_range(detail, detail_size)) return bad("detail");
    of.socket_closed(*time, {socket}, redan::Errc::io_failed, as_view(detail, detail_size));
    return {};
  });
}

int redan_endpoint_add_remote_candidate(redan_endpoint* endpoint, std::uint64_t peer, const char* candidate,
                                        std::size_t candidate_size) {
  return on_endpoint(endpoint, [&](redan::Endpoint& of) -> redan::Result<void> {
    if (!is_range(candidate, candidate_size)) return bad("candidate");
    return of.add_remote_candidate({peer}, as_view(candidate, candidate_size));
  });
}

int redan_endpoint_local_candidate_count(redan_endpoint* endpoint, std::size_t* count) {
  return on_endpoint(endpoint, [&](redan::Endpoint& of) -> redan::Result<void> {
    if (!present(count)) return bad("count");
    *count = of.local_candidates().size();
    return {};
  });
}

int redan_endpoint_local_candidate_at(redan_endpoint* endpoint, std::size_t index, redan_local_candidate* candidate) {
  return on_endpoint(endpoint, [&](redan::Endpoint& of) -> redan::Result<void> {
    if (!writable(candidate)) return bad("candidate");
    const auto all = of.local_candidates();
    if (index >= all.size()) return bad("index");
    write(to_c(all[index]), candidate);
    return {};
  });
}
