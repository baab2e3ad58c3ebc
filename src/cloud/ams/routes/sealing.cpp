// Sealed channels.
#include <array>

#include "base/base64.hpp"
#include "cloud/ams/routes/routes.hpp"

namespace redan::cloud::ams {
namespace {

namespace json = boost::json;
using trust::Scope;

Outcome<std::vector<std::uint8_t>> parse_key(const std::string& text) {
  auto key = from_base64(text);
  if (!key) return api::refuse(api::bad_request("\"key\" is an Ed25519 public key in base64"));
  return std::move(*key);
}

net::Task<Reply> show_seal(Ams& ams, Call) { co_return sync_reply(json::object{{"authority", ams.seal_authority()}}); }

net::Task<Reply> certify_runtime(Ams& ams, Call call) {
  REDAN_CO_TRY(auto instance, co_await admit(ams, call, call.parameters[0], "instance:status"));
  REDAN_CO_TRY(auto body, call.body());
  std::string text;
  REDAN_CO_CHECK(api::Members(body).text("key", text).end(call.unknown));
  REDAN_CO_TRY(const auto key, parse_key(text));
  REDAN_CO_TRY(const auto certificate, ams.certify(instance, key));
  co_return sync_reply(json::object{{"certificate", to_base64(certificate)}});
}

// {"session":"...","key":"<base64>","rights":"control","expires_in":300}
net::Task<Reply> new_grant(Ams& ams, Call call) {
  constexpr std::int64_t kLongest = std::chrono::seconds(sealed::kMaxGrantLife).count();
  REDAN_CO_TRY(auto body, call.body());
  std::string session, text, rights;
  std::int64_t life = kLongest;
  REDAN_CO_CHECK(api::Members(body)
                     .text("session", session, sealed::kMaxName)
                     .text("key", text)
                     .text("rights", rights)
                     .integer("expires_in", life, 1, kLongest)
                     .end(call.unknown));
  REDAN_CO_TRY(const auto key, parse_key(text));
  if (session.empty()) co_return api::refuse(api::bad_request("\"session\" is missing"));
  if (!rights.empty() && rights != "control" && rights != "view") {
    co_return api::refuse(api::bad_request("\"rights\" is control or view"));
  }
  using Rights = sealed::SessionGrant::Rights;
  const Rights granted = rights == "view" ? Rights::view : Rights::control;
  REDAN_CO_TRY(const auto grant, co_await ams.grant(std::move(session), key, granted, std::chrono::seconds(life)));
  co_return sync_reply(json::object{{"grant", to_base64(grant.bytes)},
                                    {"instance", grant.content.instance},
                                    {"authority", ams.seal_authority()},
                                    {"expires_at", grant.content.not_after.seconds_since_1970}});
}

constexpr std::array kRoutes{
    Route{"GET", "/1.0/seal", Open{}, "seal", show_seal},
    Route{"POST", "/1.0/grants", Scope::grant_write, "grants", new_grant},
    Route{"PUT", "/internal/1.0/instances/{id}/seal", Internal{}, "internal_seal", certify_runtime},
};

}  // namespace

std::span<const Route> sealing_routes() { return kRoutes; }

}  // namespace redan::cloud::ams
