#include "cloud/ams/lxd_client.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "cloud/errors.hpp"
#include "net/clock.hpp"

namespace redan::cloud::ams {
namespace {

// A list with recursion=1 takes about 2 KB per instance.
constexpr std::size_t kMaxAnswer = 16 * 1024 * 1024;
constexpr std::size_t kMaxEvent = 256 * 1024;
// Of a command, in a message; and queued for it.
constexpr std::size_t kMaxOutput = 1024 * 1024;
constexpr std::size_t kMaxInput = 4 * 1024 * 1024;
// A launch uses one connection at a time; AMS carries out 16 operations at once.
constexpr std::size_t kMaxConnections = 32;
// How long LXD holds a query about an operation. Shorter than the five seconds for which it keeps ended operations.
constexpr std::chrono::seconds kLook{4};
constexpr std::chrono::milliseconds kBusyPause{250};

tl::unexpected<LxdFailure> fail(Errc code, std::string detail = {}) {
  return tl::unexpected(LxdFailure{code, std::move(detail)});
}

LxdFailure failure_of(const net::HttpFailure& failure) { return {failure.code, failure.detail}; }

LxdFailure failure_of(unsigned status, std::string words) {
  if (status == 401 || status == 403) return {errc::lxd_untrusted, std::move(words)};
  if (status == 404) return {errc::lxd_not_found, std::move(words)};
  return {errc::lxd_failed, std::move(words)};
}

// LXD performs one operation on an instance at a time and refuses others meanwhile: "Instance is busy running a "stop"
// operation". A refused request has had no effect. An instance that ended by itself remains busy for a moment after LXD
// reports "Stopped".
bool is_busy(const LxdFailure& failure) {
  return failure.code == errc::lxd_failed && failure.detail.find("nstance is busy") != std::string::npos;
}

net::Task<void> pause(boost::asio::io_context& io) {
  boost::asio::steady_timer timer(io, kBusyPause);
  co_await timer.async_wait(boost::asio::as_tuple(boost::asio::use_awaitable));
}

std::string instance_path(const std::string& name) { return "/1.0/instances/" + net::percent_encode(name); }

}  // namespace

std::string LxdFailure::message() const {
  return std::string(text(code)) + (detail.empty() ? "" : ": " + detail) + " (" + std::string(hint(code)) + ")";
}

LxdClient::LxdClient(boost::asio::io_context& io, LxdClientConfig config)
    : io_(io),
      config_(std::move(config)),
      http_(io, {.server = config_.server,
                 .timeout = config_.call_timeout,
                 .max_body = kMaxAnswer,
                 .max_connections = kMaxConnections}) {}

net::HttpRequest LxdClient::request(std::string method, std::string path, std::string query) const {
  net::HttpRequest request;
  request.method = std::move(method);
  request.path = std::move(path);
  request.query = "project=" + net::percent_encode(config_.project);
  if (!query.empty()) request.query += "&" + query;
  return request;
}

// Every status except 2xx is a failure, with LXD's message if it can be parsed.
LxdClient::Sent LxdClient::check(net::HttpResult result) {
  if (!result) return tl::unexpected(failure_of(result.error()));
  if (result->status >= 200 && result->status < 300) return std::move(*result);
  const auto reply = LxdReply::parse(result->body);
  if (!reply || reply->type != LxdReply::Type::error) {
    return fail(errc::lxd_protocol, "status " + std::to_string(result->status));
  }
  return tl::unexpected(failure_of(result->status, reply->error));
}

LxdResult<boost::json::value> LxdClient::metadata_of(const Sent& sent) {
  if (!sent) return tl::unexpected(sent.error());
  auto reply = LxdReply::parse(sent->body);
  if (!reply) return fail(reply.error());
  if (reply->type == LxdReply::Type::error) {
    return tl::unexpected(failure_of(reply->error_code, std::move(reply->error)));
  }
  return std::move(reply->metadata);
}

net::Task<LxdClient::Sent> LxdClient::send(net::HttpRequest request) {
  net::HttpResult result = co_await http_.request(std::move(request));
  co_return check(std::move(result));
}

net::Task<LxdResult<boost::json::value>> LxdClient::ask(net::HttpRequest request) {
  const Sent sent = co_await send(std::move(request));
  co_return metadata_of(sent);
}

net::Task<LxdResult<void>> LxdClient::work(net::HttpRequest begin, std::chrono::milliseconds timeout) {
  const TimePoint end = net::now() + timeout;
  while (true) {
    net::HttpRequest again = begin;
    auto done = co_await work_once(std::move(again), end);
    if (done || !is_busy(done.error()) || net::now() + kBusyPause >= end) co_return done;
    co_await pause(io_);
  }
}

net::Task<LxdResult<void>> LxdClient::work_once(net::HttpRequest begin, TimePoint end) {
  auto begun = co_await ask(std::move(begin));
  co_return co_await await_work(std::move(begun), end);
}

net::Task<LxdResult<void>> LxdClient::await_work(LxdResult<boost::json::value> metadata, TimePoint end) {
  while (true) {
    if (!metadata) co_return tl::unexpected(metadata.error());
    const auto operation = LxdOperation::parse(*metadata);
    if (!operation) co_return fail(operation.error());
    if (operation->state == LxdOperation::State::success) co_return LxdResult<void>{};
    if (operation->state == LxdOperation::State::failure) co_return fail(errc::lxd_failed, operation->error);
    metadata = co_await look_at_work(operation->id, end);
  }
}

// LXD responds when the operation has ended, or after a while.
net::Task<LxdResult<boost::json::value>> LxdClient::look_at_work(std::string id, TimePoint end) {
  const auto left = std::chrono::ceil<std::chrono::seconds>(end - net::now());
  if (left.count() <= 0) co_return fail(errc::lxd_timeout);
  const std::string timeout = "timeout=" + std::to_string(std::min(left, kLook).count());
  net::HttpRequest look = request("GET", "/1.0/operations/" + id + "/wait", timeout);
  co_return co_await ask(std::move(look));
}

net::Task<LxdResult<void>> LxdClient::wait_until_idle(std::string name) {
  const TimePoint end = net::now() + config_.create_timeout;
  while (true) {
    net::HttpRequest get = request("GET", "/1.0/operations", "recursion=1");
    REDAN_CO_TRY(const auto metadata, co_await ask(std::move(get)));
    const auto running = LxdOperation::parse_list(metadata, name);
    if (!running) co_return fail(running.error());
    if (!*running) co_return LxdResult<void>{};
    const auto looked = co_await look_at_work((*running)->id, end);
    // The result of the operation does not matter here, nor whether LXD still knows it.
    if (!looked && looked.error().code != errc::lxd_not_found) co_return tl::unexpected(looked.error());
    co_await pause(io_);
  }
}

net::Task<LxdResult<std::optional<LxdInstance>>> LxdClient::instance(std::string name) {
  net::HttpRequest get = request("GET", instance_path(name));
  const auto metadata = co_await ask(std::move(get));
  if (!metadata && metadata.error().code == errc::lxd_not_found) co_return std::nullopt;
  if (!metadata) co_return tl::unexpected(metadata.error());
  auto instance = LxdInstance::parse(*metadata);
  if (!instance) co_return fail(instance.error());
  co_return std::optional(std::move(*instance));
}

net::Task<LxdResult<std::vector<LxdInstance>>> LxdClient::instances_of(std::string unit) {
  net::HttpRequest get = request("GET", "/1.0/instances", "recursion=1");
  REDAN_CO_TRY(const auto metadata, co_await ask(std::move(get)));
  auto list = LxdInstance::parse_list(metadata, unit);
  if (!list) co_return fail(list.error());
  co_return std::move(*list);
}

net::Task<LxdResult<void>> LxdClient::create(LxdNewInstance instance) {
  net::HttpRequest post = request("POST", "/1.0/instances");
  post.headers = {{"Content-Type", "application/json"}};
  post.body = instance.write();
  co_return co_await work(std::move(post), config_.create_timeout);
}

net::Task<LxdResult<void>> LxdClient::change(std::string name, LxdStateChange change) {
  net::HttpRequest put = request("PUT", instance_path(name) + "/state");
  put.headers = {{"Content-Type", "application/json"}};
  put.body = change.write();
  const auto polite =
      change.action == LxdStateChange::Action::stop && !change.force ? change.timeout : std::chrono::seconds(0);
  co_return co_await work(std::move(put), config_.work_timeout + polite);
}

net::Task<LxdResult<void>> LxdClient::erase(std::string name) {
  net::HttpRequest request_delete = request("DELETE", instance_path(name));
  co_return co_await work(std::move(request_delete), config_.work_timeout);
}

net::HttpRequest LxdClient::file_request(const std::string& name, const std::string& path) const {
  net::HttpRequest post = request("POST", instance_path(name) + "/files", "path=" + net::percent_encode(path));
  // Without a content type LXD would treat the content as a form.
  post.headers = {{"Content-Type", "application/octet-stream"}, {"X-LXD-uid", "0"}, {"X-LXD-gid", "0"}};
  return post;
}

net::Task<LxdResult<void>> LxdClient::make_folder(std::string name, std::string path) {
  net::HttpRequest post = file_request(name, path);
  post.headers.push_back({"X-LXD-type", "directory"});
  post.headers.push_back({"X-LXD-mode", "0700"});
  REDAN_CO_CHECK(co_await ask(std::move(post)));
  co_return LxdResult<void>{};
}

net::Task<LxdResult<void>> LxdClient::write_file(std::string name, std::string path, std::string content) {
  net::HttpRequest post = file_request(name, path);
  post.headers.push_back({"X-LXD-type", "file"});
  post.headers.push_back({"X-LXD-mode", "0600"});
  post.headers.push_back({"X-LXD-write", "overwrite"});
  post.body = std::move(content);
  REDAN_CO_CHECK(co_await ask(std::move(post)));
  co_return LxdResult<void>{};
}

net::Task<LxdResult<std::string>> LxdClient::read_end(std::string name, std::string path, std::size_t limit) {
  net::HttpRequest get = request("GET", instance_path(name) + "/files", "path=" + net::percent_encode(path));
  get.headers = {{"Range", "bytes=-" + std::to_string(limit)}};  // RFC 9110 section 14.1.2
  const net::HttpResult result = co_await http_.request(std::move(get));
  if (!result) co_return tl::unexpected(failure_of(result.error()));
  if (result->status == 404 || result->status == 416) co_return std::string();  // 416: the file is empty
  const auto type = net::find_header(result->headers, "X-LXD-type");
  const bool is_file = (result->status == 200 || result->status == 206) && type && *type == "file";
  if (!is_file) co_return fail(errc::lxd_failed, "status " + std::to_string(result->status) + " for " + path);
  const std::string& body = result->body;
  co_return body.substr(body.size() - std::min(body.size(), limit));
}

net::Task<LxdResult<bool>> LxdClient::has_image(std::string fingerprint) {
  net::HttpRequest get = request("GET", "/1.0/images/" + fingerprint);
  const auto metadata = co_await ask(std::move(get));
  if (metadata) co_return true;
  if (metadata.error().code == errc::lxd_not_found) co_return false;
  co_return tl::unexpected(metadata.error());
}

net::Task<LxdResult<void>> LxdClient::import_image(std::filesystem::path file, std::string unit) {
  const auto descriptor = std::make_shared<const net::Descriptor>(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
  struct stat status {};
  if (!descriptor->ok() || ::fstat(descriptor->get(), &status) != 0) {
    co_return fail(errc::lxd_failed, "cannot read the image " + file.string());
  }
  net::HttpRequest post = request("POST", "/1.0/images");
  post.headers = {{"Content-Type", "application/octet-stream"},
                  {"X-LXD-properties", std::string(kLxdImageProperty) + "=" + net::percent_encode(unit)}};
  net::HttpResult result =
      co_await http_.upload(std::move(post), descriptor, static_cast<std::uint64_t>(status.st_size));
  const Sent sent = check(std::move(result));
  co_return co_await await_work(metadata_of(sent), net::now() + config_.create_timeout);
}

net::Task<LxdResult<std::vector<std::string>>> LxdClient::images_of(std::string unit) {
  net::HttpRequest get = request("GET", "/1.0/images", "recursion=1");
  REDAN_CO_TRY(const auto metadata, co_await ask(std::move(get)));
  auto list = parse_lxd_images(metadata, unit);
  if (!list) co_return fail(list.error());
  co_return std::move(*list);
}

net::Task<LxdResult<void>> LxdClient::erase_image(std::string fingerprint) {
  net::HttpRequest request_delete = request("DELETE", "/1.0/images/" + fingerprint);
  co_return co_await work(std::move(request_delete), config_.work_timeout);
}

net::Task<LxdResult<LxdCommandSockets>> LxdClient::exec(std::string name, LxdCommand command) {
  net::HttpRequest post = request("POST", instance_path(name) + "/exec");
  post.headers = {{"Content-Type", "application/json"}};
  post.body = command.write();
  REDAN_CO_TRY(const auto metadata, co_await ask(std::move(post)));
  auto sockets = LxdCommandSockets::parse(metadata, command.spec.interactive);
  if (!sockets) co_return fail(sockets.error());
  co_return std::move(*sockets);
}

net::Task<LxdResult<int>> LxdClient::exit_code(std::string operation) {
  while (true) {
    REDAN_CO_TRY(const auto metadata, co_await look_at_work(operation, net::now() + kLook));
    const auto state = LxdOperation::parse(metadata);
    if (!state) co_return fail(state.error());
    if (state->state == LxdOperation::State::failure) co_return fail(errc::lxd_failed, state->error);
    if (state->state == LxdOperation::State::running) continue;
    if (!state->exit_code) co_return fail(errc::lxd_protocol);
    co_return *state->exit_code;
  }
}

net::Task<LxdResult<std::shared_ptr<net::WebSocket>>> LxdClient::command_socket(std::string operation,
                                                                                std::string secret) {
  net::WebSocketClientConfig config;
  config.target = "/1.0/operations/" + operation + "/websocket?secret=" + secret;
  config.limits.max_message = kMaxOutput;
  config.limits.max_buffered = kMaxInput;
  config.limits.idle_timeout = std::chrono::seconds(0);  // LXD does not answer pings on each of them
  co_return co_await open_socket(std::move(config));
}

net::Task<LxdResult<std::shared_ptr<net::WebSocket>>> LxdClient::events() {
  net::WebSocketClientConfig config;
  config.target = "/1.0/events?type=lifecycle&project=" + net::percent_encode(config_.project);
  config.limits.max_message = kMaxEvent;
  co_return co_await open_socket(std::move(config));
}

net::Task<LxdResult<std::shared_ptr<net::WebSocket>>> LxdClient::open_socket(net::WebSocketClientConfig config) {
  config.server = config_.server;
  config.timeout = config_.call_timeout;
  config.limits.first_message_timeout = std::chrono::seconds(0);  // there may never be one
  auto opened = co_await net::open_websocket(std::move(config));
  if (opened) co_return std::move(*opened);
  if (opened.error().status == 403) co_return fail(errc::lxd_untrusted);
  co_return tl::unexpected(failure_of(opened.error()));
}

}  // namespace redan::cloud::ams
