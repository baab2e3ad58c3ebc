#include "cloud/gateway/routes.hpp"

#include <array>

namespace redan::cloud {
namespace {

namespace json = boost::json;

using Access = GatewayAccess;
using Call = GatewayCall;
using Reply = GatewayReply;

/// "force" or "sync", of the query or the body.
Outcome<bool> flag(const Call& call, const json::object& body, std::string_view name) {
  const auto text = net::query_value(call.http.query, name);
  if (!text) return api::bool_member(body, name, false);
  if (*text == "true" || *text == "1") return true;
  if (*text == "false" || *text == "0") return false;
  return api::refuse(api::bad_request("\"" + std::string(name) + "\" is true or false"));
}

// ---- service

net::Task<Reply> service_status(Gateway& gateway, Call) {
  if (!gateway.started()) co_return api::refuse({503, "not_started", "the gateway is starting", {}, 1});
  co_return gateway_reply(200, json::object{{"status", "online"}});
}

// ---- sessions

net::Task<Reply> create_session(Gateway& gateway, Call call) {
  auto body = api::parse_body(call.http.body);
  if (!body) co_return api::refuse(body.error());
  auto request = api::SessionRequest::parse(*body);
  if (!request) co_return api::refuse(request.error());
  std::string key(net::find_header(call.http.headers, "Idempotency-Key").value_or(""));
  auto granted = co_await gateway.create(*call.caller, std::move(*request), std::move(key));
  if (!granted) co_return api::refuse(granted.error());
  co_return gateway_reply(201, to_json(*granted));
}

net::Task<Reply> show_session(Gateway& gateway, Call call) {
  auto session = co_await gateway.session(*call.caller, call.parameters[0]);
  if (!session) co_return api::refuse(session.error());
  if (auto allowed = call.caller->may(GatewayOperation::read, session->id, session->region); !allowed) {
    co_return api::refuse(allowed.error());
  }
  co_return gateway_reply(200, to_json(gateway.shown(std::move(*session))));
}

net::Task<Reply> delete_session(Gateway& gateway, Call call) {
  auto body = api::parse_body(call.http.body);
  if (!body) co_return api::refuse(body.error());
  auto force = flag(call, *body, "force");
  auto sync = flag(call, *body, "sync");
  if (!force) co_return api::refuse(force.error());
  if (!sync) co_return api::refuse(sync.error());
  const Gateway::RemoveRequest request{*force, *sync};
  auto removed = co_await gateway.remove(*call.caller, call.parameters[0], request);
  if (!removed) co_return api::refuse(removed.error());
  co_return gateway_reply(200, json::object());
}

net::Task<Reply> join_session(Gateway& gateway, Call call) {
  auto body = api::parse_body(call.http.body);
  if (!body) co_return api::refuse(body.error());
  auto screen = api::parse_join(*body);
  if (!screen) co_return api::refuse(screen.error());
  auto granted = co_await gateway.join(*call.caller, call.parameters[0], *screen);
  if (!granted) co_return api::refuse(granted.error());
  co_return gateway_reply(200,
                          json::object{{"url", granted->url}, {"stun_servers", api::to_json(granted->ice_servers)}});
}

// ---- accounts

net::Task<Reply> list_accounts(Gateway& gateway, Call) {
  json::array accounts;
  for (const auto& [name, account] : gateway.accounts()) accounts.emplace_back(to_json(account));
  const std::size_t total = accounts.size();
  co_return gateway_reply(200, std::move(accounts), total);
}

net::Task<Reply> create_account(Gateway& gateway, Call call) {
  auto body = api::parse_body(call.http.body);
  if (!body) co_return api::refuse(body.error());
  auto name = api::string_member(*body, "name");
  auto life = api::integer_member(*body, "expires_in", 365 * 24 * 3600);
  auto allow = api::strings_member(*body, "allow");
  if (!name) co_return api::refuse(name.error());
  if (!life) co_return api::refuse(life.error());
  if (!allow) co_return api::refuse(allow.error());
  std::vector<GatewayOperation> operations;
  for (const std::string& text : *allow) {
    const auto operation = api::parse_gateway_operation(text);
    if (!operation) co_return api::refuse(api::bad_request("no operation named " + text));
    operations.push_back(*operation);
  }
  auto made = co_await gateway.create_account(std::move(*name), std::chrono::seconds(*life), std::move(operations));
  if (!made) co_return api::refuse(made.error());
  json::object metadata = to_json(made->account);
  metadata["token"] = made->token;
  co_return gateway_reply(201, std::move(metadata));
}

net::Task<Reply> delete_account(Gateway& gateway, Call call) {
  auto removed = co_await gateway.remove_account(call.parameters[0]);
  if (!removed) co_return api::refuse(removed.error());
  co_return gateway_reply(200, json::object());
}

constexpr std::array kRoutes{
    GatewayRoute{"GET", "/1.0/status", Access::open, "get_service_status", service_status},
    GatewayRoute{"POST", "/1.0/sessions", Access::token, "create_new_session", create_session},
    GatewayRoute{"GET", "/1.0/sessions/{id}", Access::token, "get_session", show_session},
    GatewayRoute{"DELETE", "/1.0/sessions/{id}", Access::token, "delete_session", delete_session},
    GatewayRoute{"POST", "/1.0/sessions/{id}/join", Access::token, "join_session", join_session},
    GatewayRoute{"GET", "/internal/1.0/accounts", Access::local, "get_accounts", list_accounts},
    GatewayRoute{"POST", "/internal/1.0/accounts", Access::local, "create_account", create_account},
    GatewayRoute{"DELETE", "/internal/1.0/accounts/{name}", Access::local, "delete_account", delete_account},
};

}  // namespace

std::span<const GatewayRoute> gateway_routes() { return kRoutes; }

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

}  // namespace redan::cloud
