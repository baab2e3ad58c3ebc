#include "cloud/api/envelope.hpp"

#include <boost/json/serialize.hpp>

#include "cloud/errors.hpp"
#include "cloud/token/json_object.hpp"

namespace redan::cloud::api {
namespace {

unsigned status_of(Errc code) {
  switch (code.number()) {
    case errc::token_scope.number():
    case errc::token_caveat.number():
    case errc::trust_unknown.number():
    case errc::trust_role.number():
    case errc::trust_join_token.number():
      return 403;
    case errc::token_syntax.number():
    case errc::token_too_large.number():
    case errc::token_algorithm.number():
    case errc::token_header.number():
    case errc::token_bad_signature.number():
    case errc::token_expired.number():
    case errc::token_not_yet_valid.number():
    case errc::token_claims.number():
    case errc::token_third_party.number():
    case errc::token_revoked.number():
      return 401;
    case errc::session_unknown.number():
    case errc::session_no_agent.number():
      return 404;
    case errc::store_conflict.number():
    case errc::session_fenced.number():
      return 409;
    case errc::store_too_large.number():
    case Errc::invalid_argument.number():
    case errc::session_wrong_state.number():
      return 400;
    case errc::store_no_majority.number():
    case errc::store_unknown_outcome.number():
    case errc::trust_stale.number():
    case Errc::too_many.number():
    case errc::bus_disconnected.number():
    case errc::bus_refused.number():
    case errc::bus_no_responders.number():
    case errc::bus_timeout.number():
    case errc::bus_full.number():
      return 503;
    default:
      return 500;
  }
}

}  // namespace

Refusal bad_request(std::string message) { return {400, "bad_request", std::move(message), {}, 0}; }
Refusal not_found(std::string_view what) { return {404, "not_found", "no such " + std::string(what), {}, 0}; }
Refusal conflict(std::string message) { return {409, "conflict", std::move(message), {}, 0}; }
Refusal forbidden(std::string message) { return {403, "forbidden", std::move(message), {}, 0}; }
Refusal not_implemented(std::string_view feature) {
  return {501, "not_implemented", std::string(feature) + ": not implemented", {}, 0};
}

Refusal refusal_of(Errc code) {
  const unsigned status = status_of(code);
  return {status, std::string(name(code)), std::string(text(code)), std::string(hint(code)), status == 503 ? 2U : 0U};
}

std::string sync_body(json::value metadata, std::optional<std::size_t> total) {
  json::object body{{"type", "sync"}, {"status", "Success"}, {"status_code", 200}};
  if (total) body["total_size"] = *total;
  body["metadata"] = std::move(metadata);
  return json::serialize(body);
}

std::string async_body(std::string_view operation_id, json::value operation) {
  return json::serialize(json::object{{"type", "async"},
                                      {"status", "OK"},
                                      {"status_code", 100},
                                      {"operation", "/1.0/operations/" + std::string(operation_id)},
                                      {"metadata", std::move(operation)}});
}

std::string error_body(const Refusal& refusal) {
  json::object metadata{{"code", refusal.code}};
  if (!refusal.hint.empty()) metadata["hint"] = refusal.hint;
  return json::serialize(json::object{{"type", "error"},
                                      {"error", refusal.message},
                                      {"error_code", refusal.status},
                                      {"metadata", std::move(metadata)}});
}

Outcome<json::object> parse_body(std::string_view text) {
  if (text.empty()) return json::object{};
  auto object = token::parse_json_object(text);
  if (!object) {
    return refuse(bad_request("the body is not one JSON object of at most 8 levels without a member named twice"));
  }
  return std::move(*object);
}

}  // namespace redan::cloud::api
