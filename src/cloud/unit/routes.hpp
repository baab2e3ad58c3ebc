// Tables of routes. A Route has at least `method` and `pattern` (see net::match_path).
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "cloud/api/envelope.hpp"
#include "net/http/http.hpp"

namespace redan::cloud::unit {

template <class Route>
struct Match {
  const Route* route = nullptr;           ///< nullptr: no row has this method and path
  std::vector<std::string> parameters{};  ///< of the path, decoded
  bool path_exists = false;               ///< with another method, if `route` is nullptr
};

/// HEAD takes the row of GET.
template <class Route>
Match<Route> find_route(std::span<const Route> routes, std::string_view method, std::string_view path) {
  Match<Route> match;
  for (const Route& candidate : routes) {
    auto parameters = net::match_path(candidate.pattern, path);
    if (!parameters) continue;
    match.path_exists = true;
    if (candidate.method != (method == "HEAD" ? "GET" : method)) continue;
    match.route = &candidate;
    match.parameters = std::move(*parameters);
    break;
  }
  return match;
}

/// 405 if the path exists, otherwise 404.
inline api::Refusal no_route(std::string_view method, bool path_exists) {
  if (!path_exists) return api::not_found("path");
  return {405, "method_not_allowed", "this path does not take " + std::string(method), {}, 0};
}

}  // namespace redan::cloud::unit
