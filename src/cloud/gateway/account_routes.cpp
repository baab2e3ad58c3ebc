// The routes of accounts, on the Unix socket.
#include "cloud/gateway/handlers.hpp"

namespace redan::cloud::gateway {
namespace {

namespace json = boost::json;

struct AccountRequest {
  std::string name;
  std::int64_t expires_in = 0;  ///< seconds
  std::vector<std::string> allow{};
  api::Quota quota{};

  static Outcome<AccountRequest> parse(const json::object& body, std::int64_t life,
                                       const api::UnknownMembers& unknown) {
    AccountRequest request{{}, life};
    auto sessions = static_cast<std::int64_t>(request.quota.max_sessions);
    auto shares = static_cast<std::int64_t>(request.quota.max_shares);
    REDAN_CHECK(api::Members(body)
                    .text("name", request.name)
                    .integer("expires_in", request.expires_in)
                    .texts("allow", request.allow)
                    .integer("max_sessions", sessions, 0, api::kMaxQuota)
                    .integer("max_shares", shares, 0, api::kMaxQuota)
                    .end(unknown));
    request.quota = {static_cast<std::size_t>(sessions), static_cast<std::size_t>(shares)};
    return request;
  }
};

}  // namespace

net::Task<Reply> list_accounts(Gateway& gateway, Call /*call*/) {
  json::array accounts;
  for (const auto& [name, account] : gateway.accounts()) accounts.emplace_back(to_json(account));
  const std::size_t total = accounts.size();
  co_return gateway_reply(200, std::move(accounts), total);
}

net::Task<Reply> create_account(Gateway& gateway, Call call) {
  REDAN_CO_TRY(auto body, api::parse_body(call.http.body));
  REDAN_CO_TRY(auto request,
               AccountRequest::parse(body, gateway.config().number(setting::kTokenLife), gateway.unknown_members()));
  std::vector<GatewayOperation> operations;
  for (const std::string& text : request.allow) {
    const auto operation = api::parse_gateway_operation(text);
    if (!operation) co_return api::refuse(api::bad_request("no operation named " + text));
    operations.push_back(*operation);
  }
  REDAN_CO_TRY(auto made,
               co_await gateway.create_account(std::move(request.name), std::chrono::seconds(request.expires_in),
                                               std::move(operations), request.quota));
  json::object metadata = to_json(made.account);
  metadata["token"] = made.token;
  co_return gateway_reply(201, std::move(metadata));
}

net::Task<Reply> delete_account(Gateway& gateway, Call call) {
  REDAN_CO_CHECK(co_await gateway.remove_account(call.parameters[0]));
  co_return gateway_reply(200, json::object());
}

}  // namespace redan::cloud::gateway
