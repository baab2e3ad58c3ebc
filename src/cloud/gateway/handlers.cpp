#include "cloud/gateway/handlers.hpp"

#include <charconv>

namespace redan::cloud::gateway {
namespace {

namespace json = boost::json;

constexpr std::size_t kMaxPage = 10'000;

Outcome<std::size_t> number(const Call& call, std::string_view name, std::size_t otherwise) {
  const auto text = net::query_value(call.http.query, name);
  if (!text) return otherwise;
  std::size_t value = 0;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), value);
  if (error == std::errc() && end == text->data() + text->size()) return value;
  return api::refuse(api::bad_request("\"" + std::string(name) + "\" is not a number"));
}

}  // namespace

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

Outcome<bool> recursive(const Call& call) { return flag(call, {}, "recursion"); }

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

Outcome<void> may_list(const Call& call) {
  const ApiCaller& caller = *call.caller;
  return caller.may(GatewayOperation::read, caller.session.value_or(""), caller.region.value_or(""));
}

}  // namespace redan::cloud::gateway
