// The table of routes: paths, the required access, and handlers.
#pragma once

#include <span>

#include "cloud/gateway/server.hpp"

namespace redan::cloud::gateway {

/// The access that a route requires.
enum class Access : std::uint8_t {
  open,   ///< nothing
  token,  ///< a token; the service checks what it permits
  local,  ///< the Unix socket
};

/// A request and its context.
struct Call {
  const net::HttpRequest& http;
  std::vector<std::string> parameters;  ///< of the path, decoded
  std::optional<ApiCaller> caller;      ///< may be absent on open routes
};

using Reply = Outcome<net::HttpResponse>;

struct Route {
  std::string_view method;
  std::string_view pattern;  ///< of net::match_path
  Access access;
  std::string_view label;  ///< for the metrics
  net::Task<Reply> (*handler)(Gateway&, Call);
};

std::span<const Route> gateway_routes();

net::HttpResponse gateway_reply(unsigned status, api::json::value metadata,
                                std::optional<std::size_t> total = std::nullopt);
net::HttpResponse gateway_error(const api::Refusal& refusal);

}  // namespace redan::cloud::gateway
