#include "cloud/agent/ams_client.hpp"

#include <array>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include "cloud/api/record.hpp"
#include "net/errors.hpp"

namespace redan::cloud::agent {
namespace {

namespace json = boost::json;

constexpr std::chrono::milliseconds kTimeout{8'000};
constexpr std::size_t kInstancesPage = 200;  // each may contain 16 KiB of data from other users
constexpr std::size_t kOffersPage = 1'000;
constexpr std::size_t kMaxOfferPages = 16;
constexpr std::array kPausesBetweenTries{std::chrono::milliseconds(100), std::chrono::milliseconds(400)};

bool may_try_again(const net::HttpFailure& failure) {
  return !failure.maybe_sent && (failure.code == net::errc::connect_failed || failure.code == net::errc::tls_failed);
}

api::Refusal not_understood() { return {502, "ams_protocol", "AMS's answer is not understood", {}, 0}; }

api::Refusal refusal_in(unsigned status, const json::value& body) {
  api::RecordReader record(body);
  api::Refusal refusal{status, "ams_refused", record.text_or("error", "AMS refused it"), {}, 0};
  if (record.ok() && record.has("metadata")) {
    api::RecordReader metadata{json::value(record.object("metadata"))};
    refusal.code = metadata.text_or("code", "ams_refused");
  }
  return refusal;
}

api::Refusal unreachable(const net::HttpFailure& failure) {
  return {503, std::string(name(failure.code)), "AMS: " + std::string(text(failure.code)),
          std::string(hint(failure.code)), 2};
}

api::Outcome<json::value> metadata_of(const net::HttpResponse& reply) {
  json::error_code error;
  json::value parsed = json::parse(reply.body, error);
  if (error || !parsed.is_object()) return api::refuse(not_understood());
  if (reply.status >= 300) return api::refuse(refusal_in(reply.status, parsed));
  const json::value* metadata = parsed.get_object().if_contains("metadata");
  if (metadata == nullptr) return api::refuse(not_understood());
  return *metadata;
}

std::optional<ListedInstance> read_instance(const json::value& value) {
  api::RecordReader record(value);
  ListedInstance instance;
  instance.name = record.text("name");
  instance.tags = record.texts("tags");
  const auto status = api::parse_instance_status(record.text("status"));
  instance.error_message = record.text_or("error_message", "");
  if (!record.ok() || !status) return std::nullopt;
  instance.status = *status;
  return instance;
}

}  // namespace

std::optional<InstanceEvent> InstanceEvent::parse(std::string_view text) {
  api::RecordReader record(text);
  if (!record.ok()) return std::nullopt;
  api::RecordReader metadata{json::value(record.object("metadata"))};
  const std::string action = metadata.text_or("action", "");
  std::string name = metadata.text_or("name", "");
  if (!record.ok() || !metadata.ok() || name.empty()) return std::nullopt;
  if (action == "instance-created") return InstanceEvent{Kind::created, std::move(name)};
  if (action == "instance-removed" || action == "instance-stopped") return InstanceEvent{Kind::ended, std::move(name)};
  return std::nullopt;
}

AmsClient::AmsClient(boost::asio::io_context& io, net::TlsRemote ams)
    : io_(io), ams_(ams), client_(io, {.server = std::move(ams), .timeout = kTimeout}) {}

// A busy AMS may fail to accept a connection in time. Nothing of the request has been sent in that case, so it can be
// retried.
net::Task<net::HttpResult> AmsClient::send(net::HttpRequest request) {
  boost::asio::steady_timer timer(io_);
  for (const std::chrono::milliseconds pause : kPausesBetweenTries) {
    net::HttpResult reply = co_await client_.request(request);
    if (reply || !may_try_again(reply.error())) co_return reply;
    timer.expires_after(pause);
    co_await timer.async_wait(boost::asio::as_tuple(boost::asio::use_awaitable));
  }
  net::HttpResult last = co_await client_.request(std::move(request));
  co_return last;
}

net::Task<api::Outcome<json::value>> AmsClient::call(std::string method, std::string path, std::string body) {
  net::HttpRequest request;
  request.method = std::move(method);
  const std::size_t question = path.find('?');
  if (question != std::string::npos) {
    request.query = path.substr(question + 1);
    path.resize(question);
  }
  request.path = std::move(path);
  request.body = std::move(body);
  if (!request.body.empty()) request.headers.push_back({"Content-Type", "application/json"});
  net::HttpResult reply = co_await send(std::move(request));
  if (!reply) co_return api::refuse(unreachable(reply.error()));
  co_return metadata_of(*reply);
}

net::Task<api::Outcome<void>> AmsClient::launch(NewInstance instance) {
  json::array tags;
  for (const std::string& tag : instance.tags) tags.emplace_back(tag);
  json::object config{{"enable_streaming", true}, {"platform", "webrtc"}};
  json::object body{{"name", instance.name},   {"app_id", instance.app},          {"app_version", instance.app_version},
                    {"tags", std::move(tags)}, {"user_data", instance.user_data}, {"config", std::move(config)}};
  REDAN_CO_CHECK(co_await call("POST", "/1.0/instances", json::serialize(body)));
  co_return api::Outcome<void>{};
}

net::Task<api::Outcome<void>> AmsClient::remove(std::string name) {
  auto done = co_await call("DELETE", "/1.0/instances/" + name, "");
  if (!done && done.error().status != 404) co_return api::refuse(done.error());
  co_return api::Outcome<void>{};
}

net::Task<api::Outcome<void>> AmsClient::stop(std::string name) {
  auto done = co_await call("PATCH", "/1.0/instances/" + name, R"({"desired_status":"stopped"})");
  if (!done && done.error().status != 404) co_return api::refuse(done.error());
  co_return api::Outcome<void>{};
}

net::Task<api::Outcome<ListedInstance>> AmsClient::find(std::string name) {
  REDAN_CO_TRY(auto found, co_await call("GET", "/1.0/instances/" + name, ""));
  auto instance = read_instance(found);
  if (!instance) co_return api::refuse(not_understood());
  co_return std::move(*instance);
}

net::Task<api::Outcome<std::vector<ListedInstance>>> AmsClient::list() {
  std::vector<ListedInstance> all;
  for (std::size_t offset = 0;; offset += kInstancesPage) {
    const std::string page = "&limit=" + std::to_string(kInstancesPage) + "&offset=" + std::to_string(offset);
    REDAN_CO_TRY(auto found, co_await call("GET", "/1.0/instances?recursion=1" + page, ""));
    if (!found.is_array()) co_return api::refuse(not_understood());
    for (const json::value& element : found.get_array()) {
      if (auto instance = read_instance(element)) all.push_back(std::move(*instance));
    }
    if (found.get_array().size() < kInstancesPage) co_return all;
  }
}

net::Task<api::Outcome<std::vector<api::AwaitingInstance>>> AmsClient::awaiting() {
  REDAN_CO_TRY(auto found, co_await call("GET", "/internal/1.0/streams", ""));
  if (!found.is_array()) co_return api::refuse(not_understood());
  std::vector<api::AwaitingInstance> all;
  for (const json::value& element : found.get_array()) {
    if (auto instance = api::awaiting_instance_from_json(element)) all.push_back(std::move(*instance));
  }
  co_return all;
}

net::Task<api::Outcome<void>> AmsClient::take(std::string name, std::string session, std::string agent,
                                              std::string user_data) {
  const json::object body{{"session", session}, {"agent", agent}, {"user_data", user_data}};
  REDAN_CO_CHECK(co_await call("PUT", "/internal/1.0/instances/" + name + "/stream", json::serialize(body)));
  co_return api::Outcome<void>{};
}

// Reads in pages; AMS does not send a page again while it is unchanged.
net::Task<api::Outcome<std::vector<std::string>>> AmsClient::applications() {
  std::vector<std::string> names;
  for (std::size_t at = 0;; ++at) {
    if (at == offers_.size()) offers_.emplace_back();
    auto read = co_await read_offers(at * kOffersPage, offers_[at]);
    if (!read) {
      offers_.resize(at);
      co_return api::refuse(read.error());
    }
    names.insert(names.end(), offers_[at].names.begin(), offers_[at].names.end());
    if (!*read || at + 1 == kMaxOfferPages) {
      offers_.resize(at + 1);
      co_return names;
    }
  }
}

net::Task<api::Outcome<std::shared_ptr<net::WebSocket>>> AmsClient::events() {
  net::WebSocketClientConfig config;
  config.server = ams_;
  config.target = "/1.0/events?type=lifecycle";
  config.timeout = kTimeout;
  config.limits.first_message_timeout = std::chrono::seconds(0);  // there may never be an event
  auto opened = co_await net::open_websocket(std::move(config));
  if (!opened) co_return api::refuse(unreachable(opened.error()));
  co_return std::move(*opened);
}

net::Task<api::Outcome<bool>> AmsClient::read_offers(std::size_t offset, Offers& offers) {
  net::HttpRequest request;
  request.method = "GET";
  request.path = "/internal/1.0/applications";
  request.query = "limit=" + std::to_string(kOffersPage) + "&offset=" + std::to_string(offset);
  if (!offers.etag.empty()) request.headers.push_back({"If-None-Match", offers.etag});
  net::HttpResult reply = co_await send(std::move(request));
  if (!reply) co_return api::refuse(unreachable(reply.error()));
  if (reply->status == 304) co_return offers.is_full;
  REDAN_CO_TRY(auto found, metadata_of(*reply));
  if (!found.is_array()) co_return api::refuse(not_understood());
  Offers fresh;
  for (const json::value& element : found.get_array()) {
    api::RecordReader record(element);
    std::string name = record.text("name");
    if (record.ok() && !record.array("versions").empty()) fresh.names.push_back(std::move(name));
  }
  fresh.is_full = found.get_array().size() == kOffersPage;
  fresh.etag = net::find_header(reply->headers, "ETag").value_or("");
  offers = std::move(fresh);
  co_return offers.is_full;
}

}  // namespace redan::cloud::agent
