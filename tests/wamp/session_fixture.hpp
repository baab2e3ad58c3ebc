// A session whose router is the test: messages as JSON text in both directions.
#pragma once

#include "tests/wamp/test_keys.hpp"
#include "wamp/session.hpp"

namespace redan::wamp {

class SessionFixture : public ::testing::Test {
 protected:
  using S = ClientSession;

  /// Joins. Earlier messages are dropped.
  void join() {
    start();
    says(R"([2,7,{"roles":{"broker":{},"dealer":{"features":{"call_canceling":true}}}}])");
    drain();
    ASSERT_TRUE(session_->joined());
    sent_.clear();
    events_.clear();
  }
  void start() {
    config_.realm = "realm1";
    session_.emplace(now_, std::move(config_), *provider_);
    drain();
  }

  /// A message from the router.
  void says(std::string_view json) { session_->handle_input(now_, as_bytes(json)); }
  void says(Message message) { session_->handle_input(now_, write_message(Serializer::json, std::move(message))); }
  void pass(Duration time) { now_ += time; }

  void drain() {
    for (;;) {
      S::Output output = session_->poll_output(now_);
      if (const auto* wait = std::get_if<Wait>(&output)) {
        wait_ = wait->until;
        return;
      }
      if (const auto* transmit = std::get_if<S::Transmit>(&output)) {
        sent_.emplace_back(as_text(transmit->message));
      } else {
        events_.push_back(std::move(output));
      }
    }
  }

  /// The next message to the router, as text; "" if there is none.
  std::string sent() {
    drain();
    if (sent_.empty()) return {};
    std::string first = std::move(sent_.front());
    sent_.pop_front();
    return first;
  }
  /// The next message to the router.
  template <class M>
  M sent_as() {
    auto message = read_message(Serializer::json, as_bytes(sent()));
    EXPECT_TRUE(message && std::holds_alternative<M>(*message));
    return message && std::holds_alternative<M>(*message) ? std::get<M>(*message) : M{};
  }
  /// The next event, which must be an E.
  template <class E>
  E event() {
    drain();
    if (events_.empty() || !std::holds_alternative<E>(events_.front())) {
      ADD_FAILURE() << (events_.empty() ? std::string("no event") : "event " + std::to_string(events_.front().index()));
      return E{};
    }
    E first = std::move(std::get<E>(events_.front()));
    events_.pop_front();
    return first;
  }
  bool quiet() {
    drain();
    return sent_.empty() && events_.empty();
  }

  /// Subscribes or registers, and the router confirms it as `id`.
  void subscribed(const std::string& topic, Id id, Dict options = {}) {
    const auto request = session_->subscribe(now_, topic, std::move(options));
    ASSERT_TRUE(request);
    says(Subscribed{*request, id});
    EXPECT_EQ(event<S::Granted>().id, id);
    sent_.clear();
  }
  void registered(const std::string& procedure, Id id, Dict options = {}) {
    const auto request = session_->register_procedure(now_, procedure, std::move(options));
    ASSERT_TRUE(request);
    says(Registered{*request, id});
    EXPECT_EQ(event<S::Granted>().id, id);
    sent_.clear();
  }

  SessionConfig config_;
  TimePoint now_{};
  std::unique_ptr<Provider> provider_ = default_provider();
  std::optional<ClientSession> session_;
  TimePoint wait_{};
  std::deque<std::string> sent_;
  std::deque<S::Output> events_;
};

inline Payload args(List list) { return {std::move(list), {}, {}}; }

}  // namespace redan::wamp
