// A gateway in this process, with a store and a bus in memory, an agent that accepts everything, and runtimes that
// echo.
#pragma once

#include <boost/asio/co_spawn.hpp>

#include "bench/dtls_work.hpp"
#include "cloud/bus/link.hpp"
#include "cloud/bus/memory.hpp"
#include "cloud/gateway/server.hpp"
#include "cloud/store/memory.hpp"
#include "tests/support/files.hpp"

namespace redan::bench {

inline net::TlsIdentity test_identity(const std::string& name) {
  const auto pem = [&](const std::string& file) {
    const auto bytes = test::read_test_file("vectors/tls/" + file);
    return std::string(bytes.begin(), bytes.end());
  };
  auto loaded = net::load_tls_identity(pem(name + ".pem"), pem(name + ".key"));
  if (!loaded) failed("reading a test identity");
  return std::move(*loaded);
}

/// Runs a task to completion.
template <class T>
T finish(boost::asio::io_context& io, net::Task<T> task) {
  std::optional<T> result;
  boost::asio::co_spawn(io, std::move(task), [&](const std::exception_ptr& error, T value) {
    if (error) failed("a bench task");
    result.emplace(std::move(value));
  });
  io.restart();
  while (!result) io.run_one();
  return std::move(*result);
}

class GatewayUnit {
 public:
  /// `echoes`: runtimes keep links and return what they receive. Otherwise they only acknowledge, and store nothing.
  GatewayUnit(boost::asio::io_context& io, bool echoes) : echoes_(echoes), announce_timer_(io) {
    bus_ = cloud::bus::memory_bus(io);
    store_ = cloud::store::memory_store(io);
    cloud::gateway::Config config;
    config.url = "wss://127.0.0.1";
    config.relay.messages_per_second = config.relay.burst = 1e9;
    gateway = std::make_unique<cloud::gateway::Gateway>(io, config, *store_, *bus_, *provider_);
    if (!finish(io, gateway->start())) failed("starting the gateway");
    announcement_.agent = "agent-1";
    announcement_.applications = {"bench"};
    announcement_.capacity = 1'000'000;
    create_ = subscribed(cloud::api::subject::agent("agent-1", "create"), [this](const auto& m) { on_create(m); });
    down_ = subscribed("as.v1.session.*.down", [this](const auto& m) { on_down(m); });
    announce();
    while (gateway->agents().all().empty()) io.run_one();
    auto account = finish(io, gateway->create_account("bench", std::chrono::hours(1), {}));
    token = account.value().token;
    cloud::gateway::ServerConfig server_config;
    server_config.https = net::TlsListener{{boost::asio::ip::address_v4::loopback(), 0},
                                           *net::TlsServerCredentials::make(test_identity("server"))};
    server_config.requests_per_second = 1e9;
    server_config.max_connections = server_config.max_connections_per_address = 100'000;
    server = std::make_unique<cloud::gateway::Server>(io, *gateway, std::move(server_config));
  }
  ~GatewayUnit() { gateway->stop(); }
  GatewayUnit(const GatewayUnit&) = delete;
  GatewayUnit& operator=(const GatewayUnit&) = delete;

  /// A session's URL below the server's address.
  std::string session(boost::asio::io_context& io) {
    cloud::api::SessionRequest request;
    request.app = "bench";
    auto granted = finish(io, gateway->create({"bench", {}, {}, {}, {}}, request, {}));
    if (!granted) failed("creating a session");
    return granted->url.substr(granted->url.find("/1.0"));
  }

  std::string token;
  std::unique_ptr<cloud::gateway::Gateway> gateway;
  std::unique_ptr<cloud::gateway::Server> server;

 private:
  std::unique_ptr<cloud::bus::Subscription> subscribed(std::string subject,
                                                       std::function<void(const cloud::bus::BusMessage&)> tell) {
    return std::move(*bus_->subscribe(std::move(subject), std::move(tell), {}));
  }
  void say(const std::string& subject, const std::string& text) { static_cast<void>(bus_->publish(subject, text)); }

  void announce() {
    say(cloud::api::subject::agent(announcement_.agent, "announce"), cloud::api::message_text(announcement_));
    announce_timer_.expires_after(cloud::api::kAnnouncePeriod);
    announce_timer_.async_wait([this](const boost::system::error_code& error) {
      if (!error) announce();
    });
  }
  void on_create(const cloud::bus::BusMessage& message) {
    const auto spec = cloud::api::parse<cloud::api::SessionSpec>(message.payload);
    if (!spec) failed("a session's spec");
    const cloud::api::Created created{"agent-1",
                                      "i-" + spec->session,
                                      "bench",
                                      {{{"turn:192.0.2.1:3478"}, "1893456000:" + spec->client, "password"}}};
    say(std::string(message.reply_to), cloud::api::reply_text(to_json(created)));
  }

  void on_down(const cloud::bus::BusMessage& message) {
    const auto frame = cloud::bus::LinkFrame::parse(message.payload);
    if (!frame) failed("a frame");
    std::string up(message.subject.substr(0, message.subject.rfind('.')));
    up += ".up";
    if (!echoes_) {
      if (frame->seq != 0) say(up, cloud::bus::LinkFrame{frame->link, 0, frame->seq}.text());
      return;
    }
    auto [found, is_new] = links_.try_emplace(frame->link, frame->link);
    found->second.handle_input(net::now(), *frame);
    drain(found->second, up);
  }
  void drain(cloud::bus::Link& link, const std::string& up) {
    while (true) {
      cloud::bus::Link::Output output = link.poll_output(net::now());
      if (auto* transmit = std::get_if<cloud::bus::Link::Transmit>(&output)) {
        say(up, transmit->frame.text());
      } else if (auto* deliver = std::get_if<cloud::bus::Link::Deliver>(&output)) {
        if (!deliver->body.starts_with(R"({"type":"hello")")) static_cast<void>(link.send(net::now(), deliver->body));
      } else {
        return;
      }
    }
  }

  bool echoes_;
  std::unique_ptr<Provider> provider_ = default_provider();
  std::unique_ptr<cloud::bus::Bus> bus_;
  std::unique_ptr<cloud::store::Store> store_;
  boost::asio::steady_timer announce_timer_;
  cloud::api::Announcement announcement_;
  std::unique_ptr<cloud::bus::Subscription> create_, down_;
  std::map<std::string, cloud::bus::Link> links_;
};

}  // namespace redan::bench
