#include "cloud/api/envelope.hpp"

#include <boost/json/serialize.hpp>

#include "cloud/token/json_object.hpp"

namespace redan::cloud::api {
namespace {

unsigned status_of(Errc code) {
  switch (code) {
    case Errc::token_scope:
    case Errc::token_caveat:
    case Errc::trust_unknown:
    case Errc::trust_role:
    case Errc::trust_join_token:
      return 403;
    case Errc::token_syntax:
    case Errc::token_too_large:
    case Errc::token_algorithm:
    case Errc::token_header:
    case Errc::token_bad_signature:
    case Errc::token_expired:
    case Errc::token_not_yet_valid:
    case Errc::token_claims:
    case Errc::token_third_party:
    case Errc::token_revoked:
      return 401;
    case Errc::session_unknown:
    case Errc::session_no_agent:
      return 404;
    case Errc::store_conflict:
    case Errc::session_fenced:
      return 409;
    case Errc::store_too_large:
    case Errc::invalid_argument:
    case Errc::session_wrong_state:
      return 400;
    case Errc::store_no_majority:
    case Errc::store_unknown_outcome:
    case Errc::trust_stale:
    case Errc::too_many:
    case Errc::bus_disconnected:
    case Errc::bus_refused:
    case Errc::bus_no_responders:
    case Errc::bus_timeout:
    case Errc::bus_full:
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
