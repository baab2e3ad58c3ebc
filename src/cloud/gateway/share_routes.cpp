// The routes of shares.
#include "cloud/gateway/handlers.hpp"

namespace redan::cloud::gateway {

namespace json = boost::json;

net::Task<Reply> share_session(Gateway& gateway, Call call) {
  REDAN_CO_TRY(auto body, api::parse_body(call.http.body));
  REDAN_CO_TRY(auto request, api::ShareRequest::parse(body, gateway.settings().wall_time(), gateway.unknown_members()));
  REDAN_CO_TRY(auto share, co_await gateway.share(*call.caller, call.parameters[0], std::move(request)));
  co_return gateway_reply(200, json::object{{"id", share.id},
                                            {"type", name(share.type)},
                                            {"url", gateway.share_url(share)},
                                            {"expiry_at", share.expiry_at},
                                            {"expiry_min", (share.expiry_at - share.created_at) / 60}});
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
  REDAN_CO_TRY(const bool complete, recursive(call));
  const std::string session = query(call, "session_id");
  json::array elements;
  std::size_t total = 0;
  for (const auto& [id, share] : gateway.shares()) {
    if (!gateway.sees_share(*call.caller, share) || (!session.empty() && share.session != session)) continue;
    if (total++ < page.offset || elements.size() >= page.limit) continue;
    json::object element = to_json(share, complete ? gateway.share_url(share) : std::string());
    if (!complete) element.erase("url");
    elements.emplace_back(std::move(element));
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
  REDAN_CO_TRY(auto change, api::ShareChange::parse(body, gateway.unknown_members()));
  REDAN_CO_TRY(auto share, co_await gateway.change_share(*call.caller, call.parameters[0], std::move(change)));
  co_return gateway_reply(200, to_json(share, gateway.share_url(share)));
}

net::Task<Reply> delete_share(Gateway& gateway, Call call) {
  REDAN_CO_TRY(const bool sync, flag(call, {}, "sync"));
  REDAN_CO_CHECK(co_await gateway.remove_share(*call.caller, call.parameters[0]));
  co_return gateway_reply(sync ? 200 : 202, json::object());
}

}  // namespace redan::cloud::gateway
