// Authorization of sockets.
#include "cloud/errors.hpp"
#include "cloud/gateway/service.hpp"

namespace redan::cloud::gateway {

// The token decides. If this unit does not know the session, it reads the store. If the store is unavailable, the token
// suffices: the link detects whether there is a runtime.
net::Task<Outcome<Gateway::SocketAdmission>> Gateway::admit_socket(std::string token, std::string id) {
  if (!tokens_) co_return api::refuse(api::refusal_of(errc::trust_stale));
  auto claims = tokens_->verify_socket(token, id, wall_time());
  if (!claims) co_return api::refuse(api::refusal_of(claims.error()));
  if (!stands(*claims)) co_return api::refuse(api::refusal_of(errc::token_revoked));
  SocketAdmission admission{std::move(*claims), {}};
  if (stopped_) admission.over = "the gateway is stopping; connect again";
  std::optional<api::Session> session;
  if (const auto found = sessions_.find(id); found != sessions_.end()) {
    session = found->second.session;
  } else {
    auto known = co_await read_session(id);
    if (known) {
      session = std::move(known->session);
    } else if (known.error().status == 404) {
      co_return api::refuse(known.error());
    }
  }
  const bool ending = session && (session->over() || session->status == api::SessionStatus::terminating);
  if (ending) admission.over = "the session is " + std::string(name(session->status));
  co_return admission;
}

}  // namespace redan::cloud::gateway
