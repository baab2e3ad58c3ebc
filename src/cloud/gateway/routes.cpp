#include "cloud/gateway/routes.hpp"

#include <array>
#include <charconv>
#include <set>

namespace redan::cloud::gateway {
namespace {

namespace json = boost::json;

constexpr std::size_t kMaxPage = 10'000;

/// The flag "force" or "sync", from the query or the body.
Outcome<bool> flag(const Call& call, const json::object& body, std::string_view name) {
  const auto text = net::query_value(call.http.query, name);
  if (!text) return api::bool_member(body, name, false);
  if (*text == "true" || *text == "1") return true;
  if (*text == "false" || *text == "0") return false;
  return api::refuse(api::bad_request("\"" + std::string(name) + "\" is true or false"));
}

std::string query(const Call& call, std::string_view name) {
  return net::query_value(call.http.query, name).value_or("");
}

bool recursive(const Call& call) { return query(call, "recursion") == "1"; }

Outcome<std::size_t> number(const Call& call, std::string_view name, std::size_t otherwise) {
  const auto text = net::query_value(call.http.query, name);
  if (!text) return otherwise;
  std::size_t value = 0;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), value);
  if (error == std::errc() && end == text->data() + text->size()) return value;
  return api::refuse(api::bad_request("\"" + std::string(name) + "\" is not a number"));
}

Outcome<api::SessionList> list_of(const Call& call) {
  api::SessionList list;
  REDAN_TRY(auto limit, number(call, "limit", list.limit));
  REDAN_TRY(auto offset, number(call, "offset", 0));
  list.limit = std::min(limit, kMaxPage);
  list.offset = offset;
  if (const std::string status = query(call, "status"); !status.empty()) {
    list.status = api::parse_session_status(status);
    if (!list.status) return api::refuse(api::bad_request("no status named " + status));
  }
  if (const std::string key = query(call, "sort_by"); !key.empty()) {
    const auto parsed = api::parse_sort_key(key);
    if (!parsed) return api::refuse(api::bad_request("\"sort_by\" is id, app, region, status or created_at"));
    list.sort_by = *parsed;
  }
  const std::string order = query(call, "sort_order");
  if (!order.empty() && order != "asc" && order != "desc") {
    return api::refuse(api::bad_request("\"sort_order\" is asc or desc"));
  }
  list.descending = order == "desc";
  return list;
}

/// Whether the caller may list at all; each element is checked separately.
Outcome<void> may_list(const Call& call) {
  const ApiCaller& caller = *call.caller;
  return caller.may(GatewayOperation::read, caller.session.value_or(""), caller.region.value_or(""));
}

// Service.

json::object agent_json(const api::Announcement& agent) {
  return {{"id", agent.agent},           {"region", agent.region},
          {"cluster_id", agent.cluster}, {"status", agent.draining ? "draining" : "online"},
          {"sessions", agent.sessions},  {"capacity", agent.capacity}};
}

// Unauthenticated callers learn only that the gateway is running.
net::Task<Reply> service_status(Gateway& gateway, Call call) {
  if (!gateway.started()) co_return api::refuse({503, "not_started", "the gateway is starting", {}, 1});
  json::object metadata{{"status", "online"}};
  if (call.caller && call.caller->may(GatewayOperation::read)) {
    json::array agents;
    for (const auto& [id, agent] : gateway.agents().all()) agents.emplace_back(agent_json(agent));
    metadata["agents"] = std::move(agents);
    metadata["database_nodes"] = json::array();
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
  REDAN_CO_TRY(auto changes, api::object_member(body, "config"));
  REDAN_CO_CHECK(co_await gateway.set_config(*call.caller, std::move(changes)));
  co_return gateway_reply(200, json::object());
}

// Sessions.

net::Task<Reply> create_session(Gateway& gateway, Call call) {
  REDAN_CO_TRY(auto body, api::parse_body(call.http.body));
  REDAN_CO_TRY(auto request, api::SessionRequest::parse(body));
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
  const auto [sessions, total] = api::cut(gateway.visible(*call.caller), list);
  json::array elements;
  for (const api::Session& session : sessions) {
    if (recursive(call)) {
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
  REDAN_CO_TRY(auto request, api::RemovalRequest::parse(body));
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
  REDAN_CO_TRY(const auto how, removal_of(call, body));
  const Gateway::RemoveRequest request = how;
  REDAN_CO_CHECK(co_await gateway.remove(*call.caller, call.parameters[0], request));
  co_return gateway_reply(200, json::object());
}

net::Task<Reply> join_session(Gateway& gateway, Call call) {
  REDAN_CO_TRY(auto body, api::parse_body(call.http.body));
  REDAN_CO_TRY(auto screen, api::parse_join(body));
  REDAN_CO_TRY(auto granted, co_await gateway.join(*call.caller, call.parameters[0], screen));
  co_return gateway_reply(200, json::object{{"url", granted.url}, {"stun_servers", api::to_json(granted.ice_servers)}});
}

// Shares.

net::Task<Reply> share_session(Gateway& gateway, Call call) {
  REDAN_CO_TRY(auto body, api::parse_body(call.http.body));
  REDAN_CO_TRY(auto request, api::ShareRequest::parse(body, gateway.settings().wall_time()));
  REDAN_CO_TRY(auto share, co_await gateway.share(*call.caller, call.parameters[0], std::move(request)));
  co_return gateway_reply(200, json::object{{"id", share.id},
                                            {"type", name(share.type)},
                                            {"url", gateway.share_url(share)},
                                            {"expiry_at", share.expiry_at}});
}

net::Task<Reply> connect(Gateway& gateway, Call call) {
  const auto type = api::parse_share_type(query(call, "type"));
  if (!type) co_return api::refuse(api::bad_request("\"type\" is adb or view"));
  std::string token = query(call, "token");
  if (token.empty()) co_return api::refuse({401, "token_missing", "a share is used with its token", {}, 0});
  REDAN_CO_TRY(auto granted, co_await gateway.connect(call.parameters[0], *type, std::move(token)));
  co_return gateway_reply(200, json::object{{"url", granted.url}, {"stun_servers", api::to_json(granted.ice_servers)}});
}

net::Task<Reply> list_shares(Gateway& gateway, Call call) {
  REDAN_CO_CHECK(may_list(call));
  REDAN_CO_TRY(const auto page, list_of(call));
  const std::string session = query(call, "session_id");
  json::array elements;
  std::size_t total = 0;
  for (const auto& [id, share] : gateway.shares()) {
    if (!gateway.sees_share(*call.caller, share) || (!session.empty() && share.session != session)) continue;
    if (total++ < page.offset || elements.size() >= page.limit) continue;
    if (recursive(call)) {
      elements.emplace_back(to_json(share, gateway.share_url(share)));
    } else {
      elements.emplace_back(id);
    }
  }
  co_return gateway_reply(200, std::move(elements), total);
}

// The URL grants access to its bearer, so it is shown only to callers that may create shares.
net::Task<Reply> show_share(Gateway& gateway, Call call) {
  REDAN_CO_TRY(const auto share, gateway.find_share(*call.caller, GatewayOperation::share, call.parameters[0]));
  co_return gateway_reply(200, to_json(share, gateway.share_url(share)));
}

net::Task<Reply> change_share(Gateway& gateway, Call call) {
  REDAN_CO_TRY(auto body, api::parse_body(call.http.body));
  REDAN_CO_TRY(auto change, api::ShareChange::parse(body));
  REDAN_CO_CHECK(co_await gateway.change_share(*call.caller, call.parameters[0], std::move(change)));
  co_return gateway_reply(200, json::object());
}

net::Task<Reply> delete_share(Gateway& gateway, Call call) {
  REDAN_CO_CHECK(co_await gateway.remove_share(*call.caller, call.parameters[0]));
  co_return gateway_reply(200, json::object());
}

// Accounts.

net::Task<Reply> list_accounts(Gateway& gateway, Call) {
  json::array accounts;
  for (const auto& [name, account] : gateway.accounts()) accounts.emplace_back(to_json(account));
  const std::size_t total = accounts.size();
  co_return gateway_reply(200, std::move(accounts), total);
}

Outcome<api::Quota> quota_of(const json::object& body) {
  api::Quota quota;
  for (const auto& [key, number] :
       {std::pair("max_sessions", &quota.max_sessions), std::pair("max_shares", &quota.max_shares)}) {
    REDAN_TRY(const auto asked, api::integer_member(body, key, static_cast<std::int64_t>(*number)));
    if (asked < 0 || asked > static_cast<std::int64_t>(api::kMaxQuota)) {
      return api::refuse(api::bad_request("\"" + std::string(key) + "\" is from 0 to 100000"));
    }
    *number = static_cast<std::size_t>(asked);
  }
  return quota;
}

net::Task<Reply> create_account(Gateway& gateway, Call call) {
  REDAN_CO_TRY(auto body, api::parse_body(call.http.body));
  REDAN_CO_TRY(auto name, api::string_member(body, "name"));
  REDAN_CO_TRY(auto life, api::integer_member(body, "expires_in", gateway.config().number(setting::kTokenLife)));
  REDAN_CO_TRY(auto allow, api::strings_member(body, "allow"));
  std::vector<GatewayOperation> operations;
  for (const std::string& text : allow) {
    const auto operation = api::parse_gateway_operation(text);
    if (!operation) co_return api::refuse(api::bad_request("no operation named " + text));
    operations.push_back(*operation);
  }
  REDAN_CO_TRY(const auto quota, quota_of(body));
  REDAN_CO_TRY(auto made, co_await gateway.create_account(std::move(name), std::chrono::seconds(life),
                                                          std::move(operations), quota));
  json::object metadata = to_json(made.account);
  metadata["token"] = made.token;
  co_return gateway_reply(201, std::move(metadata));
}

net::Task<Reply> delete_account(Gateway& gateway, Call call) {
  REDAN_CO_CHECK(co_await gateway.remove_account(call.parameters[0]));
  co_return gateway_reply(200, json::object());
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
