// A gateway with a store and a bus in memory, and scripted agents.
#pragma once

#include <gtest/gtest.h>

#include "cloud/bus/memory.hpp"
#include "cloud/gateway/service.hpp"
#include "cloud/store/memory.hpp"
#include "tests/cloud/gateway/scripted_agent.hpp"
#include "tests/cloud/store/contract.hpp"

namespace redan::cloud::test {

/// A bus between processes: no request is answered within the turn of the loop in which it was made.
class RemoteBus final : public bus::Bus {
 public:
  explicit RemoteBus(boost::asio::io_context& io) : io_(io), bus_(bus::memory_bus(io)) {}
  Result<void> publish(std::string_view subject, std::string_view payload) override {
    return bus_->publish(subject, payload);
  }
  Result<std::unique_ptr<bus::Subscription>> subscribe(std::string subject,
                                                       std::function<void(const bus::BusMessage&)> handler,
                                                       std::string queue) override {
    return bus_->subscribe(std::move(subject), std::move(handler), std::move(queue));
  }
  net::Task<Result<std::string>> request(std::string subject, std::string payload,
                                         std::chrono::milliseconds timeout) override {
    boost::asio::steady_timer turn(io_, std::chrono::milliseconds(1));
    co_await turn.async_wait(boost::asio::use_awaitable);
    co_return co_await bus_->request(std::move(subject), std::move(payload), timeout);
  }
  [[nodiscard]] bool is_connected() const override { return true; }

 private:
  boost::asio::io_context& io_;
  std::unique_ptr<bus::Bus> bus_;
};

class GatewayTest : public testing::Test {
 protected:
  GatewayTest() { unit_ = make_unit(); }
  ~GatewayTest() override {
    for (auto& unit : units_) unit->stop();
    run_for(io_, std::chrono::milliseconds(0));
  }

  gateway::Gateway* make_unit() {
    gateway::Config config;
    config.url = "wss://gw.example:4000";
    config.secrets_key = secrets_key_;
    config.create_timeout = std::chrono::milliseconds(300);
    config.command_timeout = std::chrono::milliseconds(300);
    config.now = [this] { return net::now() + ahead_; };
    config.wall_time = [this] { return WallTime{wall_time_}; };
    units_.push_back(std::make_unique<gateway::Gateway>(io_, config, *store_, *bus_, *provider_));
    const auto started = run(units_.back()->start());
    EXPECT_TRUE(started.has_value());
    return units_.back().get();
  }

  template <class T>
  T run(net::Task<T> task) {
    return wait_for(io_, std::move(task));
  }
  void run_void(net::Task<void> task) {
    bool done = false;
    boost::asio::co_spawn(io_, std::move(task), [&](const std::exception_ptr&) { done = true; });
    EXPECT_TRUE(until([&] { return done; }));
  }
  bool until(const std::function<bool()>& done, std::chrono::milliseconds timeout = std::chrono::seconds(5)) {
    return run_until(io_, done, timeout);
  }

  ScriptedAgent& add_agent(const std::string& id, const std::string& region = "eu-1",
                           const std::string& cluster = "cluster-1") {
    agents_.push_back(std::make_unique<ScriptedAgent>(*bus_, id, region, cluster));
    EXPECT_TRUE(until([&] { return unit_->agents().find(id) != nullptr; }));
    return *agents_.back();
  }

  static gateway::ApiCaller anyone() {
    return {gateway::local_account(1000), {api::GatewayOperation::admin}, {}, {}, {}};
  }
  static api::SessionRequest request(bool joinable = true) {
    api::SessionRequest request;
    request.app = "com.example.demo";
    request.joinable = joinable;
    return request;
  }
  api::SessionGrant created(bool joinable = true) {
    auto granted = run(unit_->create(anyone(), request(joinable), {}));
    if (!granted) throw std::runtime_error("no session: " + granted.error().message);
    return *granted;
  }
  api::Refusal refused_create(api::SessionRequest wanted = request()) {
    auto granted = run(unit_->create(anyone(), std::move(wanted), {}));
    return granted ? api::Refusal{200, "granted", {}, {}, 0} : granted.error();
  }
  /// "ok", or the code of the refusal in a reply on the bus.
  static std::string code_of(const Result<std::string>& reply) {
    if (!reply) return std::string(name(reply.error()));
    const auto ok = api::parse_reply(*reply);
    return ok ? "ok" : ok.error().code;
  }
  api::Session stored(const std::string& id) {
    const auto entry = run(store_->get("/gateway/1.0/sessions/" + id));
    return api::session_from_record(entry->value().value).value();
  }
  static std::string token_of(const api::SessionGrant& grant) { return grant.url.substr(grant.url.find("token=") + 6); }
  api::Outcome<gateway::SocketClaims> admitted(const api::SessionGrant& grant) {
    auto admission = run(unit_->admit_socket(token_of(grant), grant.session.id));
    if (!admission) return api::refuse(admission.error());
    return admission->claims;
  }

  boost::asio::io_context io_{1};
  Duration ahead_{};  ///< of the real time
  std::int64_t wall_time_ = 1'900'000'000;
  std::unique_ptr<Provider> provider_ = default_provider();
  std::shared_ptr<const store::SecretsKey> secrets_key_ = store::SecretsKey::fresh(*provider_);
  std::unique_ptr<store::Store> store_ = store::memory_store(io_);
  std::unique_ptr<bus::Bus> bus_ = std::make_unique<RemoteBus>(io_);
  std::vector<std::unique_ptr<ScriptedAgent>> agents_;
  std::vector<std::unique_ptr<gateway::Gateway>> units_;
  gateway::Gateway* unit_ = nullptr;
};

/// The messages that a client's socket received.
struct Received {
  std::vector<std::string> texts;
  bool closed = false;
  gateway::RelayPort port() {
    return {[this](std::string text) { texts.push_back(std::move(text)); }, [this] { closed = true; }};
  }
};

}  // namespace redan::cloud::test
