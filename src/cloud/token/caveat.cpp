#include "cloud/token/caveat.hpp"

#include <algorithm>

#include "cloud/errors.hpp"
#include "cloud/token/rfc3339.hpp"

namespace redan::cloud::token {
namespace {

/// The part of the request that a caveat `name=value` refers to; null for an unknown name.
const std::string_view* part(const MacaroonRequest& request, std::string_view name) {
  if (name == "op") return &request.operation;
  if (name == "session") return &request.session;
  if (name == "region") return &request.region;
  if (name == "instance") return &request.instance;
  return nullptr;
}

Result<void> check_condition(std::string_view caveat, const MacaroonRequest& request) {
  const std::size_t equals = caveat.find('=');
  if (equals == std::string_view::npos) return refuse(errc::token_caveat);
  const std::string_view value = caveat.substr(equals + 1);
  const std::string_view* const asked = part(request, caveat.substr(0, equals));
  // Nothing equals the empty value: otherwise it would match a request that does not name that part.
  if (asked == nullptr || value.empty()) return refuse(errc::token_caveat);
  if (*asked != value) return refuse(errc::token_scope);
  return {};
}

}  // namespace

Result<WallTime> check_caveats(std::span<const Caveat> caveats, const MacaroonRequest& request) {
  std::optional<WallTime> expires;
  for (const Caveat& caveat : caveats) {
    if (const auto time = parse_rfc3339(caveat.identifier)) {
      expires = expires ? std::min(*expires, *time) : *time;
    } else if (const auto met = check_condition(caveat.identifier, request); !met) {
      return refuse(met.error());
    }
  }
  if (!expires) return refuse(errc::token_claims);
  if (*expires <= request.now) return refuse(errc::token_expired);
  return *expires;
}

}  // namespace redan::cloud::token
