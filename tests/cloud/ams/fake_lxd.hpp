// A minimal LXD: the tests determine its content and its failures.
#pragma once

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <map>

#include "base/hex.hpp"
#include "tests/net/http/http_fixture.hpp"

namespace redan::cloud::test {

namespace json = boost::json;
using namespace std::chrono_literals;

class FakeLxd {
 public:
  struct Container {
    json::object config;
    int status = 102;
    std::map<std::string, std::string> files;
  };
  struct Seen {
    std::string what;  ///< "PUT /1.0/instances/ams-1/state"
    net::HttpRequest request;
  };

  explicit FakeLxd(boost::asio::io_context& io, std::uint16_t port = 0) : io_(io) {
    net::HttpServerConfig config;
    config.listen = net::TlsListener{{boost::asio::ip::make_address("127.0.0.1"), port},
                                     *net::TlsServerCredentials::make(net::test::identity("server")),
                                     net::ClientCertificates::requested};
    config.handler = [this](net::HttpRequest request, const net::Connection& connection) {
      return handle(std::move(request), connection.certificate.has_value());
    };
    config.on_upgrade = [this](net::HttpRequest request, const net::Connection&) {
      return upgrade(std::move(request));
    };
    server = std::make_unique<net::HttpServer>(io, std::move(config));
  }

  /// An instance of an AMS, in the form that AMS creates.
  Container& add(const std::string& unit, const std::string& id, int status) {
    Container& container = containers["ams-" + id];
    container.config = {{"user.redan.unit", unit}, {"user.redan.id", id}};
    container.status = status;
    return container;
  }
  void tell(const std::string& action, const std::string& name) const {
    const json::object metadata{{"action", action}, {"source", "/1.0/instances/" + name}};
    for (const auto& listener : listeners) {
      if (const auto socket = listener.lock()) {
        socket->send(json::serialize(json::object{{"type", "lifecycle"}, {"metadata", metadata}}));
      }
    }
  }
  [[nodiscard]] std::vector<std::string> requests() const {
    std::vector<std::string> all;
    for (const Seen& one : seen) all.push_back(one.what);
    return all;
  }
  [[nodiscard]] std::size_t count(const std::string& what) const {
    return static_cast<std::size_t>(
        std::count_if(seen.begin(), seen.end(), [&](const Seen& one) { return one.what == what; }));
  }
  [[nodiscard]] const net::HttpRequest& request(const std::string& what) const {
    for (const Seen& one : seen) {
      if (one.what == what) return one.request;
    }
    throw std::runtime_error("there was no " + what);
  }

  std::unique_ptr<net::HttpServer> server;
  std::map<std::string, Container> containers;
  std::vector<Seen> seen;  ///< without queries of operations
  std::vector<std::weak_ptr<net::WebSocket>> listeners;

  bool trusting = true;
  bool silent = false;                          ///< accepts requests and does not answer
  bool endless = false;                         ///< operations begin, and never end
  bool forgetful = false;                       ///< completed operations are not known any more
  bool stubborn = false;                        ///< a graceful stop fails
  bool misleading = false;                      ///< reports a success as a failure
  std::map<std::string, std::string> failures;  ///< by method: the error message of the operation
  json::array running;                          ///< operations begun by others
  std::optional<net::HttpResponse> instead;     ///< the answer to everything
  int late_looks = 0;                           ///< reports "Running" this often after the end

 private:
  net::Task<net::UpgradeReply> upgrade(net::HttpRequest request) {
    if (!trusting) co_return refusal(403, "not authorized");
    if (request.path != "/1.0/events") co_return refusal(404, "not found");
    net::AcceptWebSocket accept;
    accept.limits.first_message_timeout = 0s;
    accept.on_open = [this](const std::shared_ptr<net::WebSocket>& socket) { listeners.push_back(socket); };
    co_return accept;
  }

  static net::HttpResponse answer(json::object envelope, unsigned status = 200) {
    net::HttpResponse response;
    response.status = status;
    response.body = json::serialize(envelope);
    return response;
  }
  static net::HttpResponse refusal(unsigned status, const char* words) {
    return answer({{"type", "error"}, {"error_code", status}, {"error", words}}, status);
  }
  static net::HttpResponse sync(json::value metadata) {
    return answer({{"type", "sync"}, {"status_code", 200}, {"metadata", std::move(metadata)}});
  }
  net::HttpResponse async(const std::string& error) {
    const std::string id = "0000-" + std::to_string(operations_.size());
    json::object operation{{"id", id}, {"status_code", 103}, {"err", ""}};
    operations_[id] = error;
    return answer({{"type", "async"}, {"status_code", 100}, {"metadata", std::move(operation)}}, 202);
  }

  net::Task<net::HttpResponse> handle(net::HttpRequest request, bool has_certificate) {
    constexpr std::string_view kOperations = "/1.0/operations/";
    const bool looks = request.path.starts_with(kOperations);
    if (!looks) seen.push_back({request.method + " " + request.path, request});
    if (silent || looks) {
      boost::asio::steady_timer timer(io_, silent ? 5s : std::chrono::milliseconds(20));
      co_await timer.async_wait(boost::asio::use_awaitable);
    }
    if (instead) co_return *instead;
    if (!trusting || !has_certificate) co_return refusal(403, "not authorized");
    if (looks) co_return look(request.path.substr(kOperations.size(), request.path.find("/wait") - kOperations.size()));
    if (request.path == "/1.0/operations") co_return sync(json::object{{"running", running}});
    if (request.path == "/1.0/instances") co_return request.method == "POST" ? create(request.body) : list();
    const std::string rest = request.path.substr(std::string("/1.0/instances/").size());
    co_return of_instance(request, rest.substr(0, rest.find('/')), rest);
  }

  [[nodiscard]] std::string failure(const std::string& method) const {
    const auto found = failures.find(method);
    return found == failures.end() ? std::string() : found->second;
  }
  net::HttpResponse look(const std::string& id) {
    if (forgetful || !operations_.contains(id)) return refusal(404, "Operation not found");
    const std::string& error = operations_.at(id);
    return sync(json::object{{"id", id}, {"status_code", endless ? 103 : error.empty() ? 200 : 400}, {"err", error}});
  }
  net::HttpResponse create(const std::string& body) {
    const json::value asked = json::parse(body);
    const std::string name(asked.at("name").as_string());
    if (failures.contains("POST") && !misleading) return async(failure("POST"));
    containers[name].config = asked.at("config").as_object();
    return async(failure("POST"));
  }
  json::object describe(const std::string& name, Container& container) {
    int status = container.status;
    if (status == 102 && late_looks > 0) {
      --late_looks;
      status = 103;
    }
    return {{"name", name}, {"status_code", status}, {"config", container.config}};
  }
  net::HttpResponse list() {
    json::array all;
    for (auto& [name, container] : containers) all.push_back(describe(name, container));
    return sync(std::move(all));
  }

  net::HttpResponse of_instance(const net::HttpRequest& request, const std::string& name, const std::string& rest) {
    const auto found = containers.find(name);
    if (found == containers.end()) return refusal(404, "Instance not found");
    Container& container = found->second;
    if (rest.ends_with("/files")) return file(request, container);
    if (request.method == "GET") return sync(describe(name, container));
    if (failures.contains(request.method) && !misleading) return async(failure(request.method));
    if (request.method == "DELETE") {
      containers.erase(found);
    } else {
      const json::value asked = json::parse(request.body);
      const bool stop = asked.at("action") == "stop";
      if (stop && stubborn && !asked.at("force").as_bool()) return async("it does not want to");
      container.status = stop ? 102 : 103;
    }
    return async(failure(request.method));
  }
  static net::HttpResponse file(const net::HttpRequest& request, Container& container) {
    const std::string path = *net::query_value(request.query, "path");
    if (request.method == "POST") {
      container.files[path] = request.body;
      return sync({});
    }
    if (!container.files.contains(path)) return refusal(404, "Not Found");
    net::HttpResponse response;
    response.body = container.files[path];
    response.headers = {{"X-LXD-type", "file"}};
    return response;
  }

  boost::asio::io_context& io_;
  std::map<std::string, std::string> operations_;  ///< their errors
};

}  // namespace redan::cloud::test
