// Operations, and tokens for the events.
#include <array>

#include "base/words.hpp"
#include "cloud/ams/routes/routes.hpp"

namespace redan::cloud::ams {
namespace {

namespace json = boost::json;
using trust::Scope;

constexpr std::chrono::seconds kMaxWait{300};

std::string to_lower(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return lower;
}

// With their objects, they are listed by status.
net::Task<Reply> list_operations(Ams& ams, Call call) {
  REDAN_CO_TRY(const auto page, call.page());
  REDAN_CO_TRY(auto found, co_await ams.operations(page));
  if (call.recursive()) {
    json::object by_status;
    for (const api::Operation& operation : found.elements) {
      const std::string status = to_lower(name(operation.status));
      if (!by_status.contains(status)) by_status[status] = json::array();
      by_status[status].as_array().emplace_back(to_json(operation));
    }
    co_return sync_reply(std::move(by_status), found.total);
  }
  json::array elements;
  for (const api::Operation& operation : found.elements) elements.emplace_back("/1.0/operations/" + operation.id);
  co_return sync_reply(std::move(elements), found.total);
}

net::Task<Reply> show_operation(Ams& ams, Call call) {
  REDAN_CO_TRY(auto found, co_await ams.operation(call.parameters[0]));
  co_return sync_reply(to_json(found));
}

net::Task<Reply> wait_for_operation(Ams& ams, Call call) {
  std::chrono::seconds timeout = kMaxWait;
  if (const auto text = call.query("timeout")) {
    const auto seconds = to_number<int>(*text);
    // -1, by which clients mean "forever", is limited to the maximum wait.
    if (!seconds || *seconds < -1) co_return api::refuse(api::bad_request("\"timeout\" is a number of seconds"));
    if (*seconds >= 0) timeout = std::min(kMaxWait, std::chrono::seconds(*seconds));
  }
  REDAN_CO_TRY(auto found, co_await ams.wait_for(call.parameters[0], timeout));
  co_return sync_reply(to_json(found));
}

net::Task<Reply> cancel_operation(Ams& ams, Call call) {
  REDAN_CO_CHECK(co_await ams.cancel(call.parameters[0]));
  net::HttpResponse response = sync_reply(json::object());
  response.status = 202;
  co_return response;
}

net::Task<Reply> events_token(Ams& ams, Call call) {
  auto token = ams.new_events_token(*call.caller);
  if (!token) co_return api::refuse(token.error());
  json::object metadata;
  metadata["token"] = *token;
  co_return sync_reply(std::move(metadata));
}

constexpr std::array kRoutes{
    Route{"GET", "/1.0/operations", Scope::instance_read, "operations", list_operations},
    Route{"GET", "/1.0/operations/{id}", Scope::instance_read, "operation", show_operation},
    Route{"GET", "/1.0/operations/{id}/wait", Scope::instance_read, "wait", wait_for_operation},
    Route{"DELETE", "/1.0/operations/{id}", Scope::instance_write, "operation", cancel_operation},
    Route{"POST", "/1.0/events/auth", Scope::events_read, "events_auth", events_token},
    Route{"POST", "/1.0/auth/events", Scope::events_read, "events_auth", events_token},
};

}  // namespace

std::span<const Route> operation_routes() { return kRoutes; }

}  // namespace redan::cloud::ams
