#include "cloud/api/envelope.hpp"

#include <boost/json/basic_parser_impl.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <set>

namespace redan::cloud::api {
namespace {

// Boost.JSON keeps the last of two members of one name; whoever reads the first sees another request. Refused.
class DuplicateFinder {
 public:
  static constexpr std::size_t max_object_size = std::size_t(-1);
  static constexpr std::size_t max_array_size = std::size_t(-1);
  static constexpr std::size_t max_key_size = std::size_t(-1);
  static constexpr std::size_t max_string_size = std::size_t(-1);
  using error_code = boost::json::error_code;
  using string_view = boost::json::string_view;

  bool on_document_begin(error_code&) { return true; }
  bool on_document_end(error_code&) { return true; }
  bool on_object_begin(error_code&) {
    keys_.emplace_back();
    return true;
  }
  bool on_object_end(std::size_t, error_code&) {
    keys_.pop_back();
    return true;
  }
  bool on_array_begin(error_code&) { return true; }
  bool on_array_end(std::size_t, error_code&) { return true; }
  bool on_key_part(string_view part, std::size_t, error_code&) {
    key_.append(part.data(), part.size());
    return true;
  }
  bool on_key(string_view last, std::size_t, error_code& error) {
    key_.append(last.data(), last.size());
    const bool fresh = keys_.back().insert(std::move(key_)).second;
    key_.clear();
    if (!fresh) error = boost::json::error::syntax;
    return fresh;
  }
  bool on_string_part(string_view, std::size_t, error_code&) { return true; }
  bool on_string(string_view, std::size_t, error_code&) { return true; }
  bool on_number_part(string_view, error_code&) { return true; }
  bool on_int64(std::int64_t, string_view, error_code&) { return true; }
  bool on_uint64(std::uint64_t, string_view, error_code&) { return true; }
  bool on_double(double, string_view, error_code&) { return true; }
  bool on_bool(bool, error_code&) { return true; }
  bool on_null(error_code&) { return true; }
  bool on_comment_part(string_view, error_code&) { return true; }
  bool on_comment(string_view, error_code&) { return true; }

 private:
  std::vector<std::set<std::string>> keys_;
  std::string key_;
};

bool has_duplicates(std::string_view text) {
  boost::json::basic_parser<DuplicateFinder> parser(boost::json::parse_options{});
  boost::json::error_code error;
  parser.write_some(false, text.data(), text.size(), error);
  return error.failed();
}

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
    case Errc::token_bad_signature:
    case Errc::token_expired:
    case Errc::token_not_yet_valid:
    case Errc::token_claims:
    case Errc::token_third_party:
    case Errc::token_revoked:
      return 401;
    case Errc::store_conflict:
      return 409;
    case Errc::store_too_large:
    case Errc::invalid_argument:
      return 400;
    case Errc::store_no_majority:
    case Errc::store_unknown_outcome:
    case Errc::trust_stale:
    case Errc::too_many:
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
  json::error_code error;
  json::value value = json::parse(text, error, {}, {.max_depth = 32});
  if (error) return refuse(bad_request("the body is not JSON: " + error.message()));
  if (!value.is_object()) return refuse(bad_request("the body is not a JSON object"));
  if (has_duplicates(text)) return refuse(bad_request("the body names a member twice"));
  return std::move(value.as_object());
}

}  // namespace redan::cloud::api
