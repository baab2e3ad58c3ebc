#include "cloud/ams/gateway_shares.hpp"

#include <boost/json/serialize.hpp>

#include "cloud/api/ids.hpp"
#include "cloud/api/record.hpp"
#include "net/errors.hpp"

namespace redan::cloud::ams {
namespace {

namespace json = boost::json;

api::Refusal gateway_failed(std::string why) {
  return {502, "gateway_failed", "the stream gateway: " + std::move(why), "check --gateway and its token", 0};
}

// Its 401 and 403 concern AMS, not the caller.
api::Refusal refusal_in(unsigned status, const json::value& body) {
  api::RecordReader record(body);
  std::string error = record.text_or("error", "no reason given");
  if (status == 401 || (status == 403 && !record.has("metadata"))) return gateway_failed(std::move(error));
  api::Refusal refusal{status, "gateway_refused", std::move(error), {}, 0};
  if (record.has("metadata")) {
    api::RecordReader metadata{json::value(record.object("metadata"))};
    refusal.code = metadata.text_or("code", refusal.code);
    refusal.hint = metadata.text_or("hint", "");
  }
  return refusal;
}

}  // namespace

GatewayShares::GatewayShares(boost::asio::io_context& io, GatewayAccess access)
    : client_(io, {.server = std::move(access.server)}), token_(std::move(access.token)) {}

net::Task<Outcome<json::object>> GatewayShares::call(std::string method, std::string path, json::object body) {
  net::HttpRequest request;
  request.method = std::move(method);
  request.path = std::move(path);
  if (!body.empty()) request.body = json::serialize(body);
  if (!token_.empty()) request.headers.push_back({"Authorization", "macaroon root=" + token_});
  const net::HttpResult reply = co_await client_.request(std::move(request));
  if (!reply) co_return api::refuse(gateway_failed(std::string(text(reply.error().code))));
  json::error_code error;
  const json::value parsed = json::parse(reply->body, error);
  if (error || !parsed.is_object()) co_return api::refuse(gateway_failed("its answer is not understood"));
  if (reply->status >= 300) co_return api::refuse(refusal_in(reply->status, parsed));
  const json::value* metadata = parsed.get_object().if_contains("metadata");
  if (metadata == nullptr || !metadata->is_object()) co_return json::object();
  co_return metadata->get_object();
}

net::Task<Outcome<json::object>> GatewayShares::create(std::string session, json::object body) {
  REDAN_CO_TRY(auto made, co_await call("POST", "/1.0/sessions/" + session + "/share", std::move(body)));
  json::object share;
  for (const std::string_view member : {"id", "type", "url", "expiry_at"}) {
    const json::value* value = made.if_contains(member);
    if (value == nullptr) co_return api::refuse(gateway_failed("its answer has no " + std::string(member)));
    share[member] = *value;
  }
  co_return share;
}

net::Task<Outcome<void>> GatewayShares::check(std::string session, std::string share) {
  if (!api::is_name(share)) co_return api::refuse(api::not_found("share"));
  REDAN_CO_TRY(auto found, co_await call("GET", "/1.0/shares/" + share, {}));
  const json::value* of = found.if_contains("session_id");
  if (of == nullptr || *of != json::string(session)) co_return api::refuse(api::not_found("share"));
  co_return Outcome<void>{};
}

net::Task<Outcome<void>> GatewayShares::change(std::string session, std::string share, json::object body) {
  REDAN_CO_CHECK(co_await check(std::move(session), share));
  REDAN_CO_CHECK(co_await call("PATCH", "/1.0/shares/" + share, std::move(body)));
  co_return Outcome<void>{};
}

net::Task<Outcome<void>> GatewayShares::remove(std::string session, std::string share) {
  REDAN_CO_CHECK(co_await check(std::move(session), share));
  REDAN_CO_CHECK(co_await call("DELETE", "/1.0/shares/" + share, {}));
  co_return Outcome<void>{};
}

}  // namespace redan::cloud::ams
