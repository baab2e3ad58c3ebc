#include "cmd/amc/session.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include "cmd/commands.hpp"
#include "net/errors.hpp"

namespace redan::cmd {
namespace {

namespace json = boost::json;

constexpr std::size_t kPage = 500;
// One request waits for an operation at most this long; it is repeated until the operation has ended.
constexpr int kWaitSeconds = 30;
constexpr std::chrono::seconds kTimeout{45};

std::string text_at(const json::object& object, std::string_view key) {
  const json::value* member = object.if_contains(key);
  return member != nullptr && member->is_string() ? std::string(member->get_string()) : std::string();
}

net::HttpResult run(boost::asio::io_context& io, net::HttpClient& client, net::HttpRequest request) {
  std::optional<net::HttpResult> result;
  boost::asio::co_spawn(io, client.request(std::move(request)),
                        [&result](const std::exception_ptr& error, net::HttpResult done) {
                          if (error) std::rethrow_exception(error);
                          result = std::move(done);
                        });
  io.restart();
  while (!result) io.run_one();
  return std::move(*result);
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

net::HttpResponse AmcSession::exchange(std::string method, std::string path, const json::value& body) {
  net::HttpRequest request;
  request.method = std::move(method);
  const std::size_t query = path.find('?');
  request.path = path.substr(0, query);
  if (query != std::string::npos) request.query = path.substr(query + 1);
  if (!body.is_null()) {
    request.headers.push_back({"Content-Type", "application/json"});
    request.body = json::serialize(body);
  }
  net::HttpResult result = run(io_, client_, std::move(request));
  if (!result) throw failure_of(result.error(), where_);
  if (result->status < 300) return std::move(*result);
  json::error_code error;
  const json::value answer = json::parse(result->body, error);
  const json::object* envelope = error ? nullptr : answer.if_object();
  std::string words = where_ + " answered " + std::to_string(result->status);
  if (envelope != nullptr) {
    words = text_at(*envelope, "error");
    const json::value* metadata = envelope->if_contains("metadata");
    if (const json::object* more = metadata == nullptr ? nullptr : metadata->if_object()) {
      words += " [" + text_at(*more, "code") + "]";
      const std::string advice = text_at(*more, "hint");
      if (!advice.empty()) words += "\n  " + advice;
    }
  }
  const bool refused = result->status == 401 || result->status == 403;
  throw AmcFailure(refused ? kAuthentication : result->status == 503 ? kNetwork : kFailure, words);
}

json::value AmcSession::parsed(const net::HttpResponse& response) const {
  json::error_code error;
  json::value answer = json::parse(response.body, error);
  if (error || !answer.is_object()) throw AmcFailure(kNetwork, where_ + " does not answer as an AMS does");
  return answer;
}

json::value AmcSession::ask(std::string method, std::string path, const json::value& body) {
  json::value answer = parsed(exchange(std::move(method), std::move(path), body));
  json::value* metadata = answer.get_object().if_contains("metadata");
  return metadata == nullptr ? json::value(nullptr) : std::move(*metadata);
}

std::string AmcSession::ask_text(std::string path) { return exchange("GET", std::move(path), nullptr).body; }

json::value AmcSession::ask_and_wait(std::string method, std::string path, const json::value& body) {
  const json::value answer = parsed(exchange(std::move(method), std::move(path), body));
  const std::string operation = text_at(answer.get_object(), "operation");
  if (operation.empty()) return answer.at("metadata");
  for (;;) {
    json::value state = ask("GET", operation + "/wait?timeout=" + std::to_string(kWaitSeconds));
    const json::object& members = state.as_object();
    const std::int64_t status = members.at("status_code").to_number<std::int64_t>();
    if (status < 200) continue;
    if (status != 200) throw AmcFailure(kFailure, text_at(members, "description") + ": " + text_at(members, "err"));
    return state;
  }
}

json::array AmcSession::list(const std::string& path) {
  json::array all;
  for (;;) {
    json::value page =
        ask("GET", path + "?recursion=1&limit=" + std::to_string(kPage) + "&offset=" + std::to_string(all.size()));
    const std::size_t count = page.as_array().size();
    for (json::value& element : page.as_array()) all.push_back(std::move(element));
    if (count < kPage) return all;
  }
}

std::string shown_by(const HostAndPort& server) {
  Digest no_pin;
  no_pin.size = hash_size(HashAlgorithm::sha256);
  boost::asio::io_context io{1};
  net::HttpClient client(io, {.server = net::TlsRemote{server.host, server.port, net::PinnedSha256{no_pin}, nullptr}});
  net::HttpRequest request;
  request.method = "GET";
  request.path = "/";
  const net::HttpResult result = run(io, client, std::move(request));
  if (!result && !result.error().shown.empty()) return result.error().shown;
  const net::HttpFailure failure = result ? net::HttpFailure{} : result.error();
  throw failure_of(failure, server.text());
}

}  // namespace redan::cmd
