// Who may open a socket.
#include "cloud/api/ids.hpp"
#include "cloud/gateway/service.hpp"

namespace redan::cloud {

// The token alone decides: any unit serves any session, with the store down too.
Outcome<SocketClaims> Gateway::admit_socket(std::string_view token, std::string_view session) {
  if (!tokens_) return api::refuse(api::refusal_of(Errc::trust_stale));
  auto claims = tokens_->verify_socket(token, session, wall_time());
  if (!claims) return api::refuse(api::refusal_of(claims.error()));
  return std::move(*claims);
}

}  // namespace redan::cloud
