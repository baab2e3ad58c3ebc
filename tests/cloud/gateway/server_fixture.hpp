// A gateway with its server: TLS 1.3 on loopback, and a Unix socket.
#pragma once

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <filesystem>

#include "cloud/gateway/server.hpp"
#include "net/http/client.hpp"
#include "net/websocket/client.hpp"
#include "tests/cloud/gateway/gateway_fixture.hpp"
#include "tests/net/http/http_fixture.hpp"

namespace redan::cloud::test {

class ServerTest : public GatewayTest {
 protected:
  ServerTest() {
    std::string pattern = (std::filesystem::temp_directory_path() / "redan-gateway-XXXXXX").string();
    if (::mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("mkdtemp");
    folder_ = pattern;
    serve();
    auto made = run(unit_->create_account("web", std::chrono::hours(1), {}));
    token_ = made.value().token;
  }
  ~ServerTest() override {
    sockets_.clear();
    clients_.clear();
    server_->stop();
    unit_->stop();
    run_for(io_, std::chrono::milliseconds(20));
    server_.reset();
    std::filesystem::remove_all(folder_);
  }

  void serve(double requests_per_second = 10'000) {
    gateway::ServerConfig config;
    config.https = net::TlsListener{{boost::asio::ip::make_address("127.0.0.1"), 0},
                                    *net::TlsServerCredentials::make(net::test::identity("server"))};
    config.local = net::UnixListener{folder_ / "socket"};
    config.requests_per_second = requests_per_second;
    server_.reset();
    clients_.clear();
    server_ = std::make_unique<gateway::Server>(io_, *unit_, std::move(config));
  }

  struct Answer {
    unsigned status = 0;
    std::string code;  ///< of an error
    boost::json::value body;
    net::HttpResponse raw;
    [[nodiscard]] const boost::json::value& metadata() const { return body.at("metadata"); }
    [[nodiscard]] std::string header(std::string_view name) const {
      return std::string(net::find_header(raw.headers, name).value_or("(none)"));
    }
  };
  using Headers = std::vector<net::HttpHeader>;

  [[nodiscard]] net::Remote remote() const {
    return net::TlsRemote{"127.0.0.1", server_->port(),
                          net::PinnedSha256{net::test::identity("server").fingerprint.digest}};
  }

  Answer call_at(const net::Remote& where, const std::string& method, std::string path, std::string body,
                 Headers headers) {
    const bool local = std::holds_alternative<net::UnixRemote>(where);
    auto& client = clients_[local ? "local" : "tls"];
    if (!client) client = std::make_unique<net::HttpClient>(io_, net::HttpClientConfig{.server = where});
    net::HttpRequest request;
    request.method = method;
    const std::size_t question = path.find('?');
    if (question != std::string::npos) request.query = path.substr(question + 1);
    request.path = path.substr(0, question);
    request.headers = std::move(headers);
    request.body = std::move(body);
    net::HttpResult result = run(client->request(std::move(request)));
    if (!result) throw std::runtime_error("no answer: " + std::string(name(result.error().code)));
    Answer answer;
    answer.raw = std::move(*result);
    answer.status = answer.raw.status;
    boost::json::error_code not_json;
    answer.body = boost::json::parse(answer.raw.body, not_json);
    if (!not_json && answer.body.at("type") == "error") answer.code = answer.metadata().at("code").as_string();
    return answer;
  }
  Answer call(const std::string& method, std::string path, std::string body, Headers headers) {
    return call_at(remote(), method, std::move(path), std::move(body), std::move(headers));
  }
  /// With the token of the account "web".
  Answer ask(const std::string& method, std::string path, std::string body = {}, Headers headers = {}) {
    headers.push_back({"Authorization", "macaroon root=" + token_});
    return call(method, std::move(path), std::move(body), std::move(headers));
  }
  Answer ask_as(const std::string& token, const std::string& method, std::string path, std::string body = {}) {
    return call(method, std::move(path), std::move(body), {{"Authorization", "macaroon root=" + token}});
  }
  Answer local(const std::string& method, std::string path, std::string body = {}) {
    return call_at(net::UnixRemote{folder_ / "socket"}, method, std::move(path), std::move(body), {});
  }

  std::string narrowed(const std::string& token, const std::string& caveat) {
    auto macaroon = token::Macaroon::parse(token).value();
    EXPECT_TRUE(macaroon.add_first_party(*provider_, caveat).has_value());
    return macaroon.text();
  }

  /// A client's socket, and the messages that it received.
  struct Socket {
    std::shared_ptr<net::WebSocket> socket;
    std::vector<std::string> texts;
    bool closed = false;
  };
  tl::expected<std::shared_ptr<Socket>, net::HttpFailure> open(const std::string& url) {
    net::WebSocketClientConfig config;
    config.server = remote();
    config.target = url.substr(url.find("/1.0"));
    auto opened = run(net::open_websocket(config));
    if (!opened) return tl::unexpected(opened.error());
    auto one = std::make_shared<Socket>();
    one->socket = *opened;
    one->socket->on_message = [weak = std::weak_ptr(one)](std::string_view text) {
      if (const auto self = weak.lock()) self->texts.emplace_back(text);
    };
    one->socket->on_close = [weak = std::weak_ptr(one)] {
      if (const auto self = weak.lock()) self->closed = true;
    };
    sockets_.push_back(one);
    return one;
  }
  /// The status of the answer that refuses a socket.
  unsigned refused_socket(const std::string& url) {
    const auto opened = open(url);
    return opened ? 101 : opened.error().status;
  }
  /// Creates a session through the API; returns its metadata.
  boost::json::value make_session(const std::string& more = R"(,"joinable":true)") {
    const Answer made = ask("POST", "/1.0/sessions", R"({"app":"com.example.demo")" + more + "}");
    EXPECT_EQ(made.status, 201U) << made.raw.body;
    return made.metadata();
  }

  std::filesystem::path folder_;
  std::string token_;
  std::unique_ptr<gateway::Server> server_;
  std::map<std::string, std::unique_ptr<net::HttpClient>> clients_;
  std::vector<std::shared_ptr<Socket>> sockets_;
};

}  // namespace redan::cloud::test
