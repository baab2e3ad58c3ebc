// Authentication of instances, and the status that they report.
#include "base/utf8.hpp"
#include "cloud/ams/keys.hpp"
#include "cloud/ams/service.hpp"
#include "cloud/api/ids.hpp"
#include "cloud/errors.hpp"
#include "cloud/token/authorization.hpp"
#include "net/clock.hpp"

namespace redan::cloud::ams {
namespace {

constexpr std::int64_t kEventsTokenLife = 60;
constexpr std::size_t kMaxMessage = 1024;
constexpr std::string_view kLocal = "local";

}  // namespace

net::Task<Outcome<api::Instance>> Ams::admit_instance(std::string which, std::string_view authorization,
                                                      const std::string& certificate_fingerprint,
                                                      std::string_view scope) {
  if (certificate_fingerprint.empty()) co_return api::refuse(api::forbidden("show a client certificate"));
  const auto presented = token::parse_authorization(authorization);
  if (!presented) co_return api::refuse(api::refusal_of(presented.error()));
  if (presented->kind != token::PresentedToken::Kind::jwt) co_return api::refuse(api::refusal_of(errc::token_syntax));
  const auto token = token::UnverifiedJwt::parse(presented->text);
  if (!token) co_return api::refuse(api::refusal_of(token.error()));
  const auto claims = token->verify(*jwt_, {"ams", "ams-internal"}, net::wall_time());
  if (!claims) co_return api::refuse(api::refusal_of(claims.error()));
  if (!claims->allows(scope)) co_return api::refuse(api::refusal_of(errc::token_scope));
  // Read only now, so that an unauthenticated caller cannot probe which instances exist.
  if (which.empty()) which = claims->subject;
  auto found = co_await instance(std::move(which));
  if (!found && found.error().status != 404) co_return api::refuse(found.error());
  if (!found || found->value.id != claims->subject) co_return api::refuse(api::refusal_of(errc::token_claims));
  // The certificate must be the instance's own; another trusted one does not suffice. A stolen token is therefore
  // useless to other trusted identities.
  if (certificate_fingerprint != found->value.certificate_fingerprint) {
    co_return api::refuse(api::refusal_of(errc::trust_unknown));
  }
  co_return std::move(found->value);
}

net::Task<Outcome<void>> Ams::report(std::string id, api::InstanceStatus status, std::string message) {
  using Status = api::InstanceStatus;
  if (status != Status::running && status != Status::stopped && status != Status::error) {
    co_return api::refuse(api::bad_request("an instance reports running, stopped or error"));
  }
  co_return co_await edit_instance(std::move(id), [&](api::Instance& instance) {
    if (instance.desired_status != Status::running || !may_run(instance.status)) return false;
    instance.status = status;
    instance.error_message = status == Status::error ? std::string(first_bytes(message, kMaxMessage)) : std::string();
    return true;
  });
}

Outcome<std::string> Ams::new_events_token(const trust::Caller& holder) {
  const WallTime now = net::wall_time();
  token::JwtClaims claims;
  claims.issuer = "ams";
  claims.audience = {"ams-events"};
  claims.subject = holder.trusted_by.empty() ? std::string(kLocal) : holder.trusted_by;
  claims.issued_at = now;
  claims.expires = {now.seconds_since_1970 + kEventsTokenLife};
  claims.id = api::new_uuid(provider_);
  auto token = jwt_->mint(claims);
  if (!token) return api::refuse(api::refusal_of(token.error()));
  return *token;
}

net::Task<Outcome<std::string>> Ams::use_events_token(std::string text) {
  const auto token = token::UnverifiedJwt::parse(text);
  if (!token) co_return api::refuse(api::refusal_of(token.error()));
  const auto claims = token->verify(*jwt_, {"ams", "ams-events"}, net::wall_time());
  if (!claims) co_return api::refuse(api::refusal_of(claims.error()));
  const bool local = claims->subject == kLocal;
  if (!local && !verifier_.all().contains(claims->subject)) co_return api::refuse(api::refusal_of(errc::trust_unknown));
  auto lease = co_await store_.grant_lease(std::chrono::seconds(2 * kEventsTokenLife));
  if (!lease) co_return api::refuse(api::refusal_of(lease.error()));
  std::vector<store::Change> changes;
  changes.emplace_back(store::Put{keys::at(keys::kUsedTokens, claims->id), "", store::Absent{}, *lease});
  auto first = co_await store_.commit(std::move(changes));
  if (!first && first.error() == errc::store_conflict) {
    co_return api::refuse(api::forbidden("this token has been used; ask for another"));
  }
  if (!first) co_return api::refuse(api::refusal_of(first.error()));
  co_return local ? std::string() : claims->subject;
}

}  // namespace redan::cloud::ams
