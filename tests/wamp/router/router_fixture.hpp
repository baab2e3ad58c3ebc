// A router with clients that use JSON: their messages go in as text, the router's messages come out parsed.
#pragma once

#include <gtest/gtest.h>

#include <map>

#include "tests/support/fixed_provider.hpp"
#include "wamp/router/config.hpp"

namespace redan::wamp::test {

inline constexpr const char* kAllRoles =
    R"({"publisher":{},"subscriber":{"features":{"payload_transparency":true,"payload_passthru_mode":true}},)"
    R"("caller":{"features":{"payload_transparency":true,"payload_passthru_mode":true}},)"
    R"("callee":{"features":{"call_canceling":true,"progressive_call_results":true,"payload_transparency":true,)"
    R"("payload_passthru_mode":true}}})";
/// Reads plaintext payloads only.
inline constexpr const char* kPlainRoles = R"({"publisher":{},"subscriber":{},"caller":{},"callee":{}})";

/// The messages that one client has received and not yet processed.
struct Client {
  ConnectionId id{};
  Id session = 0;
  std::deque<Message> heard{};
  bool closed = false;
};

class RouterFixture : public ::testing::Test {
 protected:
  static ReadSecret secrets(std::map<std::string, std::string> files) {
    return [files = std::move(files)](const std::string& path) -> tl::expected<std::string, std::string> {
      const auto at = files.find(path);
      if (at == files.end()) return tl::unexpected("cannot read " + path);
      return at->second;
    };
  }

  void start(RouterConfig config) { router_ = std::make_unique<Router>(std::move(config), provider_); }
  /// Starts one realm, "realm1", from the JSON text of its members except its name.
  void start_realm(const std::string& members, std::map<std::string, std::string> files = {},
                   const std::string& limits = "{}") {
    const std::string json = R"({"listen":[{"address":"127.0.0.1:1"}],"limits":)" + limits +
                             R"(,"realms":[{"name":"realm1",)" + members + "}]}";
    auto file = parse_router_file(json, secrets(std::move(files)));
    ASSERT_TRUE(file) << file.error();
    start(std::move(file->router));
  }
  void start_open() { start(open_router("realm1")); }

  Client& connect(TransportFacts facts = {}) {
    auto& client = clients_.emplace_back(std::make_unique<Client>());
    client->id = ConnectionId(clients_.size());
    EXPECT_TRUE(router_->open(now_, client->id, std::move(facts)));
    return *client;
  }
  Client& join(const std::string& realm = "realm1", const std::string& roles = kAllRoles) {
    Client& client = connect();
    say(client, R"([1,")" + realm + R"(",{"roles":)" + roles + "}]");
    client.session = take<Welcome>(client).session;
    return client;
  }

  void say(Client& client, const std::string& json) {
    auto message = read_message(Serializer::json, as_bytes(json));
    ASSERT_TRUE(message) << json;
    router_->handle_input(now_, wall_, client.id, std::move(*message));
    drain();
  }
  /// Sends a request, with the client's next request id in place of '#'.
  Id ask(Client& client, std::string json) {
    const Id id = ++requests_[client.id.value];
    json.replace(json.find('#'), 1, std::to_string(id));
    say(client, json);
    return id;
  }

  void drain() {
    for (int i = 0; i < 100'000; ++i) {
      RouterOutput output = router_->poll_output(now_);
      if (const auto* wait = std::get_if<Wait>(&output)) {
        until_ = wait->until;
        return;
      }
      if (auto* send = std::get_if<Send>(&output)) client(send->to).heard.push_back(std::move(send->message));
      if (auto* deliver = std::get_if<Deliver>(&output)) take_events(*deliver);
      if (auto* close = std::get_if<Close>(&output)) client(close->connection).closed = true;
    }
    FAIL() << "it never waits";
  }
  void pass(std::chrono::milliseconds time) {
    now_ += time;
    drain();
  }

  template <class M>
  M take(Client& client) {
    if (client.heard.empty()) {
      ADD_FAILURE() << "nothing was heard";
      return M{};
    }
    Message first = std::move(client.heard.front());
    client.heard.pop_front();
    if (auto* wanted = std::get_if<M>(&first)) return std::move(*wanted);
    const auto text = write_message(Serializer::json, std::move(first));
    ADD_FAILURE() << "something else was heard: " << as_text(text);
    return M{};
  }
  /// Expects that the next message is ERROR with this URI.
  void expect_error(Client& client, std::string_view uri) { EXPECT_EQ(take<Error>(client).error, uri); }
  /// Expects that the session was aborted with this reason, and the connection closed.
  void expect_abort(Client& client, std::string_view reason) {
    EXPECT_EQ(take<Abort>(client).reason, reason);
    EXPECT_TRUE(client.heard.empty());
    EXPECT_TRUE(client.closed);
  }
  Id subscribe(Client& client, const std::string& topic, const std::string& options = "{}") {
    ask(client, "[32,#," + options + ",\"" + topic + "\"]");
    return take<Subscribed>(client).subscription;
  }
  Id register_procedure(Client& client, const std::string& procedure, const std::string& options = "{}") {
    ask(client, "[64,#," + options + ",\"" + procedure + "\"]");
    return take<Registered>(client).registration;
  }

  std::unique_ptr<Provider> real_ = default_provider();
  redan::test::FixedProvider provider_{*real_, 4};
  std::unique_ptr<Router> router_;
  TimePoint now_{std::chrono::seconds(1)};
  WallTime wall_{2'000'000'000};
  TimePoint until_{};
  std::vector<std::unique_ptr<Client>> clients_;
  std::map<std::uint64_t, Id> requests_;

 private:
  Client& client(ConnectionId id) { return *clients_.at(id.value - 1); }
  void take_events(const Deliver& deliver) {
    for (const Deliver::Copy& copy : deliver.copies) {
      for (const ConnectionId to : copy.to) {
        client(to).heard.emplace_back(Event{copy.subscription, deliver.publication, copy.details, deliver.payload});
      }
    }
  }
};

}  // namespace redan::wamp::test
