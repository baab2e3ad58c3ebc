#include "cloud/ams/routes/routes.hpp"

#include <algorithm>
#include <array>

#include "base/utf8.hpp"
#include "base/words.hpp"

namespace redan::cloud::ams {
namespace {

namespace json = boost::json;

constexpr std::size_t kMaxPage = 10'000;

std::string text_of(const json::value& value) {
  if (value.is_string()) return std::string(value.get_string());
  if (value.is_bool()) return value.get_bool() ? "true" : "false";
  if (value.is_int64()) return std::to_string(value.get_int64());
  return {};
}

bool has_each(const json::array& list, std::string_view wanted) {
  while (!wanted.empty()) {
    const std::size_t comma = std::min(wanted.find(','), wanted.size());
    const std::string_view one = wanted.substr(0, comma);
    wanted.remove_prefix(std::min(comma + 1, wanted.size()));
    if (std::none_of(list.begin(), list.end(), [&](const json::value& element) { return text_of(element) == one; })) {
      return false;
    }
  }
  return true;
}

}  // namespace

std::span<const Route> routes() {
  static const std::vector<Route> all = [] {
    std::vector<Route> rows;
    for (const auto part : {service_routes(), trust_routes(), auth_routes(), application_routes(), instance_routes(),
                            exec_routes(), share_routes(), internal_routes(), sealing_routes(), stream_routes(),
                            image_routes(), addon_routes(), node_routes(), operation_routes(), refused_routes()}) {
      rows.insert(rows.end(), part.begin(), part.end());
    }
    return rows;
  }();
  return all;
}

bool has_filter(const Call& call, std::span<const std::string_view> filters) {
  return std::any_of(filters.begin(), filters.end(), [&](std::string_view key) { return call.query(key).has_value(); });
}

bool passes(const json::object& object, const Call& call, std::span<const std::string_view> filters) {
  return std::all_of(filters.begin(), filters.end(), [&](std::string_view key) {
    const auto wanted = call.query(key);
    if (!wanted) return true;
    const json::value* member = object.if_contains(key);
    if (member == nullptr) return wanted->empty();
    return member->is_array() ? has_each(member->get_array(), *wanted) : text_of(*member) == *wanted;
  });
}

Outcome<void> check_filters(const Call& call, std::span<const std::string_view> filters) {
  constexpr std::array<std::string_view, 4> kCommon{"recursion", "limit", "offset", "entitlements"};
  for (const std::string& name : net::query_names(call.http.query)) {
    const auto is_it = [&](std::string_view known) { return known == name; };
    if (std::any_of(kCommon.begin(), kCommon.end(), is_it) || std::any_of(filters.begin(), filters.end(), is_it))
      continue;
    return api::refuse(api::bad_request("this list has no filter \"" + escape_controls(name.substr(0, 64)) + "\""));
  }
  return {};
}

Reply list_reply(const Call& call, json::array objects, std::string_view path, std::string_view id,
                 std::span<const std::string_view> filters) {
  REDAN_CHECK(check_filters(call, filters));
  REDAN_TRY(const auto page, call.page());
  json::array shown;
  std::size_t total = 0;
  for (json::value& object : objects) {
    if (!passes(object.as_object(), call, filters)) continue;
    if (total++ < page.offset || shown.size() >= page.limit) continue;
    if (call.recursive()) {
      shown.push_back(std::move(object));
    } else {
      shown.emplace_back(std::string(path) + "/" + std::string(object.as_object().at(id).as_string()));
    }
  }
  return sync_reply(std::move(shown), total);
}

bool Call::recursive() const {
  const auto value = query("recursion");
  return value == "1" || value == "true";
}

// A limit of -1 means all; so does none.
Outcome<PageRequest> Call::page() const {
  PageRequest page;
  for (const auto& [key, member] : {std::pair("limit", &page.limit), std::pair("offset", &page.offset)}) {
    const auto text = query(key);
    if (!text || (*text == "-1" && member == &page.limit)) continue;
    const auto number = to_number<std::size_t>(*text);
    if (!number) return api::refuse(api::bad_request("\"" + std::string(key) + "\" is not a number"));
    *member = *number;
  }
  page.limit = std::min(page.limit, kMaxPage);
  return page;
}

Outcome<std::int64_t> Call::number(std::size_t index) const {
  const auto number = to_number<std::int64_t>(parameters[index]);
  if (!number) return api::refuse(api::not_found("version"));
  return *number;
}

Outcome<std::shared_ptr<unit::FileUpload>> Call::upload() const {
  auto upload = std::dynamic_pointer_cast<unit::FileUpload>(http.upload);
  if (!upload) return upload;
  const auto fingerprint = net::find_header(http.headers, "X-AMS-Fingerprint");
  if (fingerprint && !fingerprint->empty() && !net::equal_in_any_case(*fingerprint, upload->sha256())) {
    return api::refuse(api::bad_request("the SHA-256 of the upload is not X-AMS-Fingerprint"));
  }
  return upload;
}

Outcome<json::object> Call::upload_request() const {
  return api::parse_body(net::find_header(http.headers, "X-AMS-Request").value_or(""));
}

Outcome<std::optional<store::Revision>> Call::if_match() const {
  const auto value = net::find_header(http.headers, "If-Match");
  if (!value || *value == "*") return std::optional<store::Revision>();
  std::string_view text = *value;
  const bool quoted = text.size() > 2 && text.front() == '"' && text.back() == '"';
  const auto number = quoted ? to_number<std::uint64_t>(text.substr(1, text.size() - 2)) : std::nullopt;
  if (!number) return api::refuse({412, "precondition_failed", "If-Match names no version of this resource", {}, 0});
  return std::optional(store::Revision(*number));
}

Outcome<BulkRequest> BulkRequest::parse(const json::object& body, const api::UnknownMembers& unknown) {
  constexpr std::size_t kMaxIds = 1000;
  BulkRequest request;
  json::array ids;
  REDAN_CHECK(api::Members(body).array("ids", ids, kMaxIds).boolean("force", request.force).end(unknown));
  for (const json::value& id : ids) {
    if (!id.is_string()) return api::refuse(api::bad_request("\"ids\" is an array of strings"));
    request.ids.emplace_back(id.get_string());
  }
  std::sort(request.ids.begin(), request.ids.end());
  request.ids.erase(std::unique(request.ids.begin(), request.ids.end()), request.ids.end());
  if (request.ids.empty()) return api::refuse(api::bad_request("\"ids\" is an array of 1 to 1000 ids"));
  return request;
}

Outcome<bool> parse_force(const Call& call) {
  REDAN_TRY(const auto body, call.body());
  bool force = false;
  REDAN_CHECK(api::Members(body).boolean("force", force).end(call.unknown));
  return force;
}

std::string etag(store::Revision revision) { return "\"" + std::to_string(revision.value) + "\""; }

net::HttpResponse with_etag(net::HttpResponse response, store::Revision revision) {
  response.headers.push_back({"ETag", etag(revision)});
  return response;
}

net::HttpResponse sync_reply(json::value metadata, std::optional<std::size_t> total) {
  net::HttpResponse response;
  response.body = api::sync_body(std::move(metadata), total);
  return response;
}

net::HttpResponse async_reply(const api::Operation& operation) {
  net::HttpResponse response;
  response.status = 202;
  response.body = api::async_body(operation.id, to_json(operation));
  response.headers.push_back({"Location", "/1.0/operations/" + operation.id});
  return response;
}

net::HttpResponse error_reply(const api::Refusal& refusal) {
  net::HttpResponse response;
  response.status = refusal.status;
  response.body = api::error_body(refusal);
  if (refusal.retry_after != 0) response.headers.push_back({"Retry-After", std::to_string(refusal.retry_after)});
  if (refusal.status == 401) response.headers.push_back({"WWW-Authenticate", "Bearer"});
  return response;
}

}  // namespace redan::cloud::ams
