#include "base/base64.hpp"
#include "cloud/ams/routes/routes.hpp"

namespace redan::cloud::ams {
namespace {

namespace json = boost::json;

Outcome<std::vector<std::uint8_t>> key_in(const json::object& body) {
  REDAN_TRY(auto text, api::string_member(body, "key"));
  auto key = from_base64(text);
  if (!key) return api::refuse(api::bad_request("\"key\" is an Ed25519 public key in base64"));
  return std::move(*key);
}

}  // namespace

net::Task<Reply> show_seal(Ams& ams, Call) { co_return sync_reply(json::object{{"authority", ams.seal_authority()}}); }

net::Task<Reply> certify_runtime(Ams& ams, Call call) {
  REDAN_CO_TRY(auto instance, co_await admit(ams, call, call.parameters[0], "instance:status"));
  REDAN_CO_TRY(auto body, api::parse_body(call.http.body));
  REDAN_CO_TRY(auto key, key_in(body));
  auto certificate = ams.certify(instance, key);
  if (!certificate) co_return api::refuse(certificate.error());
  co_return sync_reply(json::object{{"certificate", to_base64(*certificate)}});
}

// {"session":"...","key":"<base64>","rights":"control","expires_in":300}
net::Task<Reply> new_grant(Ams& ams, Call call) {
  REDAN_CO_TRY(auto body, api::parse_body(call.http.body));
  auto session = api::string_member(body, "session", sealed::kMaxName);
  auto key = key_in(body);
  auto rights = api::string_member(body, "rights");
  constexpr std::int64_t kLongest = std::chrono::seconds(sealed::kMaxGrantLife).count();
  auto life = api::integer_member(body, "expires_in", kLongest);
  if (!session) co_return api::refuse(session.error());
  if (!key) co_return api::refuse(key.error());
  if (!rights) co_return api::refuse(rights.error());
  if (!life) co_return api::refuse(life.error());
  if (session->empty()) co_return api::refuse(api::bad_request("\"session\" is missing"));
  if (!rights->empty() && *rights != "control" && *rights != "view") {
    co_return api::refuse(api::bad_request("\"rights\" is control or view"));
  }
  if (*life < 1 || *life > kLongest) co_return api::refuse(api::bad_request("\"expires_in\" is 1 to 300 seconds"));
  using Rights = sealed::SessionGrant::Rights;
  const Rights granted = *rights == "view" ? Rights::view : Rights::control;
  auto grant = co_await ams.grant(std::move(*session), *key, granted, std::chrono::seconds(*life));
  if (!grant) co_return api::refuse(grant.error());
  co_return sync_reply(json::object{{"grant", to_base64(grant->bytes)},
                                    {"instance", grant->content.instance},
                                    {"authority", ams.seal_authority()},
                                    {"expires_at", grant->content.not_after.seconds_since_1970}});
}

}  // namespace redan::cloud::ams
