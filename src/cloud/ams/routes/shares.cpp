// Shares of instances: links by which others reach the session of an instance.
#include <algorithm>
#include <array>

#include "cloud/ams/routes/routes.hpp"
#include "cloud/api/agent.hpp"

namespace redan::cloud::ams {
namespace {

namespace json = boost::json;
using trust::Scope;

api::Refusal no_gateway() {
  return {501, "not_implemented", "shares of an instance: this AMS knows no stream gateway",
          "start it with --gateway, or share the session there: POST /1.0/sessions/{id}/share", 0};
}

/// The session that the instance's tags name.
net::Task<Outcome<std::string>> session_of(Ams& ams, std::string which) {
  REDAN_CO_TRY(const auto found, co_await ams.instance(std::move(which)));
  const auto& tags = found.value.tags;
  const auto tag =
      std::find_if(tags.begin(), tags.end(), [](const std::string& one) { return one.starts_with(api::kSessionTag); });
  if (tag == tags.end()) {
    co_return api::refuse(api::conflict("the instance has no session: launch it with enable_streaming"));
  }
  co_return tag->substr(api::kSessionTag.size());
}

/// What both bodies have.
struct ShareBody {
  std::string type, description;
  std::int64_t expiry_at = 0;

  static Outcome<json::object> parse(const json::object& body, bool is_new, const api::UnknownMembers& unknown) {
    ShareBody share;
    api::Members members(body);
    if (is_new) members.text("type", share.type);
    REDAN_CHECK(members.text("description", share.description).integer("expiry_at", share.expiry_at).end(unknown));
    json::object parsed;
    if (is_new) parsed["type"] = share.type;
    if (members.has("description")) parsed["description"] = share.description;
    if (members.has("expiry_at")) parsed["expiry_at"] = share.expiry_at;
    return parsed;
  }
};

// The public Go SDK reads the inner metadata, the documents show the members beside it.
net::Task<Reply> create_share(Ams& ams, Call call) {
  REDAN_CO_TRY(auto body, call.body());
  REDAN_CO_TRY(auto request, ShareBody::parse(body, true, call.unknown));
  if (ams.shares() == nullptr) co_return api::refuse(no_gateway());
  REDAN_CO_TRY(auto session, co_await session_of(ams, call.parameters[0]));
  REDAN_CO_TRY(auto share, co_await ams.shares()->create(std::move(session), std::move(request)));
  json::object shown = share;
  shown["status"] = "success";
  shown["status_code"] = 200;
  shown["metadata"] = std::move(share);
  co_return sync_reply(std::move(shown));
}

net::Task<Reply> change_share(Ams& ams, Call call) {
  REDAN_CO_TRY(auto body, call.body());
  REDAN_CO_TRY(auto request, ShareBody::parse(body, false, call.unknown));
  if (ams.shares() == nullptr) co_return api::refuse(no_gateway());
  REDAN_CO_TRY(auto session, co_await session_of(ams, call.parameters[0]));
  REDAN_CO_CHECK(co_await ams.shares()->change(std::move(session), call.parameters[1], std::move(request)));
  co_return sync_reply(json::object());
}

net::Task<Reply> remove_share(Ams& ams, Call call) {
  if (ams.shares() == nullptr) co_return api::refuse(no_gateway());
  REDAN_CO_TRY(auto session, co_await session_of(ams, call.parameters[0]));
  REDAN_CO_CHECK(co_await ams.shares()->remove(std::move(session), call.parameters[1]));
  std::vector<std::string> removed{call.parameters[1]};
  REDAN_CO_TRY(const auto done, co_await ams.note("Delete share", "shares", std::move(removed)));
  co_return async_reply(done);
}

constexpr std::array kRoutes{
    Route{"POST", "/1.0/instances/{id}/shares", Scope::instance_write, "shares", create_share},
    // The documents have this one for deletions too.
    Route{"POST", "/1.0/instances/{id}/shares/{share}", Scope::instance_write, "share", remove_share},
    Route{"PATCH", "/1.0/instances/{id}/shares/{share}", Scope::instance_write, "share", change_share},
    Route{"DELETE", "/1.0/instances/{id}/shares/{share}", Scope::instance_write, "share", remove_share},
};

}  // namespace

std::span<const Route> share_routes() { return kRoutes; }

}  // namespace redan::cloud::ams
