#include "cloud/gateway/routes.hpp"

#include <array>
#include <set>

#include "cloud/gateway/handlers.hpp"

namespace redan::cloud::gateway {
namespace {

namespace json = boost::json;

// Service.

// Unauthenticated callers learn only whether the gateway works.
net::Task<Reply> service_status(Gateway& gateway, Call call) {
  if (!gateway.started()) co_return api::refuse({503, "not_started", "the gateway is starting", {}, 1});
  json::object metadata{{"status", gateway.healthy() ? "healthy" : "unhealthy"}};
  if (call.caller && call.caller->may(GatewayOperation::read)) {
    metadata["agents"] = gateway.agents().all().size();
    metadata["database_nodes"] = gateway.settings().database_nodes;
  }
  co_return gateway_reply(200, std::move(metadata));
}

/// [{"name":...}], collected from the announcements of the agents that accept sessions.
template <class Collect>
Reply names(Gateway& gateway, const Call& call, Collect collect) {
  REDAN_CHECK(call.caller->may(GatewayOperation::read));
  std::set<std::string> all;
  for (const auto& [id, agent] : gateway.agents().all()) collect(agent, all);
  json::array elements;
  for (const std::string& name : all) elements.emplace_back(json::object{{"name", name}});
  return gateway_reply(200, std::move(elements), all.size());
}

net::Task<Reply> list_applications(Gateway& gateway, Call call) {
  co_return names(gateway, call, [](const api::Announcement& agent, std::set<std::string>& all) {
    all.insert(agent.applications.begin(), agent.applications.end());
  });
}

net::Task<Reply> list_regions(Gateway& gateway, Call call) {
  co_return names(gateway, call,
                  [](const api::Announcement& agent, std::set<std::string>& all) { all.insert(agent.region); });
}

net::Task<Reply> show_config(Gateway& gateway, Call call) {
  REDAN_CO_CHECK(call.caller->may(GatewayOperation::read));
  co_return gateway_reply(200, json::object{{"config", gateway.config().all()}});
}

net::Task<Reply> change_config(Gateway& gateway, Call call) {
  REDAN_CO_TRY(auto body, api::parse_body(call.http.body));
  json::object changes;
  REDAN_CO_CHECK(api::Members(body).object("config", changes).end(gateway.unknown_members()));
  REDAN_CO_CHECK(co_await gateway.set_config(*call.caller, std::move(changes)));
  co_return gateway_reply(200, json::object());
}

// Sessions.

net::Task<Reply> create_session(Gateway& gateway, Call call) {
  REDAN_CO_TRY(auto body, api::parse_body(call.http.body));
  REDAN_CO_TRY(auto request, api::SessionRequest::parse(body, gateway.unknown_members()));
  std::string key(net::find_header(call.http.headers, "Idempotency-Key").value_or(""));
  REDAN_CO_TRY(auto granted, co_await gateway.create(*call.caller, std::move(request), std::move(key)));
  co_return gateway_reply(201, to_json(granted));
}

net::Task<Reply> show_session(Gateway& gateway, Call call) {
  REDAN_CO_TRY(auto session, co_await gateway.session(*call.caller, call.parameters[0]));
  REDAN_CO_CHECK(call.caller->may(GatewayOperation::read, session.id, session.region));
  co_return gateway_reply(200, to_json(gateway.shown(std::move(session))));
}

net::Task<Reply> list_sessions(Gateway& gateway, Call call) {
  REDAN_CO_CHECK(may_list(call));
  REDAN_CO_TRY(const auto list, list_of(call));
  REDAN_CO_TRY(const bool objects, recursive(call));
  const auto [sessions, total] = api::cut(gateway.visible(*call.caller), list);
  json::array elements;
  for (const api::Session& session : sessions) {
    if (objects) {
      elements.emplace_back(to_json(session));
    } else {
      elements.emplace_back(session.id);
    }
  }
  co_return gateway_reply(200, std::move(elements), total);
}

Outcome<Gateway::RemoveRequest> removal_of(const Call& call, const json::object& body) {
  REDAN_TRY(auto force, flag(call, body, "force"));
  REDAN_TRY(auto sync, flag(call, body, "sync"));
  return Gateway::RemoveRequest{force, sync};
}

// 200 (202 without sync) if all removals succeeded; 207 if some did; otherwise the first refusal.
net::Task<Reply> delete_sessions(Gateway& gateway, Call call) {
  REDAN_CO_TRY(auto body, api::parse_body(call.http.body));
  REDAN_CO_TRY(auto request, api::RemovalRequest::parse(body, gateway.unknown_members()));
  REDAN_CO_TRY(const auto how, removal_of(call, body));
  const auto outcomes = co_await gateway.remove_all(*call.caller, request.ids, how);
  json::array deleted, errors;
  const api::Refusal* first = nullptr;
  for (std::size_t i = 0; i < outcomes.size(); ++i) {
    if (outcomes[i]) {
      deleted.emplace_back(request.ids[i]);
      continue;
    }
    const api::Refusal& refusal = outcomes[i].error();
    if (first == nullptr) first = &refusal;
    errors.emplace_back(json::object{
        {"session_id", request.ids[i]}, {"status_code", refusal.status}, {"error_message", refusal.message}});
  }
  if (deleted.empty() && first != nullptr) co_return api::refuse(*first);
  unsigned status = how.sync ? 200 : 202;
  if (first != nullptr) status = 207;
  json::object metadata{{"deleted_sessions", std::move(deleted)}, {"errors", std::move(errors)}};
  co_return gateway_reply(status, std::move(metadata));
}

net::Task<Reply> delete_session(Gateway& gateway, Call call) {
  REDAN_CO_TRY(auto body, api::parse_body(call.http.body));
  REDAN_CO_CHECK(api::Members(body).known({"force", "sync"}).end(gateway.unknown_members()));
  REDAN_CO_TRY(const auto how, removal_of(call, body));
  const Gateway::RemoveRequest request = how;
  REDAN_CO_CHECK(co_await gateway.remove(*call.caller, call.parameters[0], request));
  co_return gateway_reply(200, json::object());
}

net::Task<Reply> join_session(Gateway& gateway, Call call) {
  REDAN_CO_TRY(auto body, api::parse_body(call.http.body));
  REDAN_CO_TRY(auto screen, api::parse_join(body, gateway.unknown_members()));
  REDAN_CO_TRY(auto granted, co_await gateway.join(*call.caller, call.parameters[0], std::move(screen)));
  co_return gateway_reply(200, json::object{{"url", granted.url}, {"stun_servers", api::to_json(granted.ice_servers)}});
}

constexpr std::array kRoutes{
    Route{"GET", "/1.0/status", Access::open, "get_service_status", service_status},
    Route{"POST", "/1.0/sessions", Access::token, "create_new_session", create_session},
    Route{"GET", "/1.0/sessions", Access::token, "get_sessions", list_sessions},
    Route{"DELETE", "/1.0/sessions", Access::token, "delete_sessions", delete_sessions},
    Route{"GET", "/1.0/sessions/{id}", Access::token, "get_session", show_session},
    Route{"DELETE", "/1.0/sessions/{id}", Access::token, "delete_session", delete_session},
    Route{"POST", "/1.0/sessions/{id}/join", Access::token, "join_session", join_session},
    Route{"POST", "/1.0/sessions/{id}/share", Access::token, "share_session", share_session},
    Route{"GET", "/1.0/sessions/{id}/connect", Access::open, "connect_share", connect},
    Route{"GET", "/1.0/shares", Access::token, "get_shares", list_shares},
    Route{"GET", "/1.0/shares/{id}", Access::token, "get_share", show_share},
    Route{"PATCH", "/1.0/shares/{id}", Access::token, "update_share", change_share},
    Route{"DELETE", "/1.0/shares/{id}", Access::token, "delete_share", delete_share},
    Route{"GET", "/1.0/applications", Access::token, "get_applications", list_applications},
    Route{"GET", "/1.0/regions", Access::token, "get_regions", list_regions},
    Route{"GET", "/1.0/config", Access::token, "get_config", show_config},
    Route{"PATCH", "/1.0/config", Access::token, "update_config", change_config},
    Route{"GET", "/internal/1.0/accounts", Access::local, "get_accounts", list_accounts},
    Route{"POST", "/internal/1.0/accounts", Access::local, "create_account", create_account},
    Route{"DELETE", "/internal/1.0/accounts/{name}", Access::local, "delete_account", delete_account},
};

}  // namespace

std::span<const Route> gateway_routes() { return kRoutes; }

net::HttpResponse gateway_reply(unsigned status, json::value metadata, std::optional<std::size_t> total) {
  net::HttpResponse response;
  response.status = status;
  response.body = api::gateway_body(status, std::move(metadata), total);
  return response;
}

net::HttpResponse gateway_error(const api::Refusal& refusal) {
  net::HttpResponse response;
  response.status = refusal.status;
  response.body = api::gateway_error_body(refusal);
  if (refusal.retry_after != 0) response.headers.push_back({"Retry-After", std::to_string(refusal.retry_after)});
  if (refusal.status == 401) response.headers.push_back({"WWW-Authenticate", "Macaroon"});
  return response;
}

}  // namespace redan::cloud::gateway
