// The table of routes: which paths there are, what a caller needs for each, and who answers.
#pragma once

#include <span>

#include "cloud/gateway/server.hpp"

namespace redan::cloud::gateway {

/// What a route asks of its caller.
enum class Access : std::uint8_t {
  open,   ///< nothing
  token,  ///< a token; what it allows is looked at by the service
  local,  ///< the Unix socket
};

/// One request with what is known about it.
struct Call {
  const net::HttpRequest& http;
  std::vector<std::string> parameters;  ///< of the path, decoded
  std::optional<ApiCaller> caller;      ///< nobody, perhaps, on open routes
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
