#include "cmd/amc/session.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include "base/hex.hpp"
#include "cmd/commands.hpp"
#include "net/errors.hpp"

namespace redan::cmd {
namespace {

namespace json = boost::json;

constexpr std::size_t kPage = 500;
// One request waits for an operation at most this long; it is repeated until the operation has ended.
constexpr std::chrono::seconds kWait{30};
// An upload takes longer than the other requests, which have this much time because of the wait.
constexpr std::chrono::seconds kTimeout{300};

std::string text_at(const json::object& object, std::string_view key) {
  const json::value* member = object.if_contains(key);
  return member != nullptr && member->is_string() ? std::string(member->get_string()) : std::string();
}

net::HttpResult run(boost::asio::io_context& io, net::Task<net::HttpResult> task) {
  std::optional<net::HttpResult> result;
  boost::asio::co_spawn(io, std::move(task), [&result](const std::exception_ptr& error, net::HttpResult done) {
    if (error) std::rethrow_exception(error);
    result = std::move(done);
  });
  io.restart();
  while (!result) io.run_one();
  return std::move(*result);
}

net::HttpRequest request_of(std::string method, const std::string& path) {
  net::HttpRequest request;
  request.method = std::move(method);
  const std::size_t query = path.find('?');
  request.path = path.substr(0, query);
  if (query != std::string::npos) request.query = path.substr(query + 1);
  return request;
}

AmcFailure refusal_of(const net::HttpResponse& response, const std::string& where) {
  json::error_code error;
  const json::value answer = json::parse(response.body, error);
  const json::object* envelope = error ? nullptr : answer.if_object();
  std::string words = where + " answered " + std::to_string(response.status);
  if (envelope != nullptr) {
    words = text_at(*envelope, "error");
    const json::value* metadata = envelope->if_contains("metadata");
    if (const json::object* more = metadata == nullptr ? nullptr : metadata->if_object()) {
      words += " [" + text_at(*more, "code") + "]";
      const std::string advice = text_at(*more, "hint");
      if (!advice.empty()) words += "\n  " + advice;
    }
  }
  const bool refused = response.status == 401 || response.status == 403;
  return {refused ? kAuthentication : response.status == 503 ? kNetwork : kFailure, words};
}

void append(json::array& all, json::value& elements) {
  if (!elements.is_array()) return;
  for (json::value& element : elements.get_array()) all.push_back(std::move(element));
}

}  // namespace

AmcFailure failure_of(const net::HttpFailure& failure, const std::string& where) {
  std::string words = where + ": " + std::string(text(failure.code));
  if (!failure.detail.empty() && failure.code != net::errc::tls_pin_mismatch) words += " (" + failure.detail + ")";
  if (!failure.shown.empty()) {
    words += "\n  it shows " + failure.shown;
    words += "\n  If its certificate was replaced on purpose, compare this with what it printed at its start,";
    words += "\n  then remove the remote and add it again.";
  } else {
    words += "\n  " + std::string(hint(failure.code));
  }
  const bool refused = failure.code == net::errc::tls_client_refused || failure.code == net::errc::tls_pin_mismatch;
  return {refused ? kAuthentication : kNetwork, words};
}

AmcSession::AmcSession(net::Remote remote, std::string where)
    : client_(io_, {.server = std::move(remote), .timeout = kTimeout, .max_connections = 1}),
      where_(std::move(where)) {}

net::HttpResponse AmcSession::exchange(net::HttpRequest request) {
  return answer_of(run(io_, client_.request(std::move(request))));
}

net::HttpResponse AmcSession::answer_of(net::HttpResult result) const {
  if (!result) throw failure_of(result.error(), where_);
  if (result->status < 300) return std::move(*result);
  throw refusal_of(*result, where_);
}

json::value AmcSession::metadata_of(const net::HttpResponse& response) const {
  json::error_code error;
  json::value answer = json::parse(response.body, error);
  if (error || !answer.is_object()) throw AmcFailure(kNetwork, where_ + " does not answer as an AMS does");
  json::value* metadata = answer.get_object().if_contains("metadata");
  return metadata == nullptr ? json::value(nullptr) : std::move(*metadata);
}

json::value AmcSession::ask(std::string method, std::string path, const json::value& body) {
  net::HttpRequest request = request_of(std::move(method), path);
  if (!body.is_null()) {
    request.headers.push_back({"Content-Type", "application/json"});
    request.body = json::serialize(body);
  }
  return metadata_of(exchange(std::move(request)));
}

std::string AmcSession::ask_text(std::string path) { return exchange(request_of("GET", path)).body; }

json::value AmcSession::upload(std::string method, std::string path, const ArchiveFile& archive,
                               const json::value& about) {
  net::HttpRequest request = request_of(std::move(method), path);
  request.headers.push_back({"Content-Type", "application/octet-stream"});
  request.headers.push_back({"X-AMS-Fingerprint", archive.sha256});
  if (!about.is_null()) request.headers.push_back({"X-AMS-Request", json::serialize(about)});
  return metadata_of(answer_of(run(io_, client_.upload(std::move(request), archive.descriptor, archive.size))));
}

json::value AmcSession::wait(json::value operation, AmcTimeout timeout) {
  const json::object* started = operation.if_object();
  if (started == nullptr || !started->contains("class")) return operation;
  const std::string path = path_of("/1.0/operations/", text_at(*started, "id"));
  const auto start = std::chrono::steady_clock::now();
  for (;;) {
    const auto passed = std::chrono::duration_cast<std::chrono::seconds>(std::chrono::steady_clock::now() - start);
    const auto left = timeout ? std::min(*timeout - passed, kWait) : kWait;
    if (left.count() <= 0) throw AmcFailure(kFailure, "the operation has not ended in time; it goes on");
    json::value state = ask("GET", path + "/wait?timeout=" + std::to_string(left.count()));
    const json::object& members = state.as_object();
    const auto status = members.at("status_code").to_number<std::int64_t>();
    if (status < 200) continue;
    if (status != 200) throw AmcFailure(kFailure, text_at(members, "description") + ": " + text_at(members, "err"));
    return state;
  }
}

json::value AmcSession::ask_and_wait(std::string method, std::string path, const json::value& body,
                                     AmcTimeout timeout) {
  return wait(ask(std::move(method), std::move(path), body), timeout);
}

json::array AmcSession::list(const std::string& path) {
  json::array all;
  for (;;) {
    json::value page =
        ask("GET", path + "?recursion=1&limit=" + std::to_string(kPage) + "&offset=" + std::to_string(all.size()));
    const std::size_t before = all.size();
    // Operations are listed by their status.
    if (json::object* by_status = page.if_object()) {
      for (auto& member : *by_status) append(all, member.value());
    } else {
      append(all, page);
    }
    if (all.size() - before < kPage) return all;
  }
}

std::string path_of(std::string_view prefix, std::string_view value) {
  return std::string(prefix) + net::percent_encode(value);
}

std::string shown_by(const HostAndPort& server) {
  Digest no_pin;
  no_pin.size = hash_size(HashAlgorithm::sha256);
  boost::asio::io_context io{1};
  net::HttpClient client(io, {.server = net::TlsRemote{server.host, server.port, net::PinnedSha256{no_pin}, nullptr}});
  net::HttpRequest request;
  request.method = "GET";
  request.path = "/";
  const net::HttpResult result = run(io, client.request(std::move(request)));
  if (!result && !result.error().shown.empty()) return result.error().shown;
  const net::HttpFailure failure = result ? net::HttpFailure{} : result.error();
  throw failure_of(failure, server.text());
}

}  // namespace redan::cmd
