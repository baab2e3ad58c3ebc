// Every attack of hostile_router.py on our own ends: on clients whose key rings require cryptobox, and on sealed
// channels whose records travel as arguments. The columns "Redan" and "sealed" of docs/protocols/attacks.md are
// compared with the results; hostile_test.py does the same for the other two.
#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <fstream>
#include <map>

#include "sealed/errors.hpp"
#include "tests/interop/wamp/carriage.hpp"
#include "tests/interop/wamp/script.hpp"
#include "wamp/client/connection.hpp"
#include "wamp/errors.hpp"

namespace redan::wamp {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;
using Words = std::vector<std::string>;

const std::string kForged = "forged by the router";
const std::string kSucceeds = "succeeds";
const std::string kSdp = "v=0\r\na=fingerprint:sha-256 AA:AA:AA\r\n";
const std::string kSecret = "a secret detail";

std::string uri(const std::string& leaf) { return "com.example." + leaf; }

/// The two ends of one scenario behind a hostile router, and what they observe.
class Ends {
 public:
  Ends(const std::string& attack, bool sealed) : sealed_(sealed), router_("hostile_router.py", {"--attack", attack}) {
    if (sealed) {
      carriage_ = std::make_unique<Sealed>();
    } else {
      carriage_ = std::make_unique<Plain>();
    }
    until([&] { return heard("{\"port\":"); });
    const std::string output = router_.output();
    const auto port = static_cast<std::uint16_t>(std::stoi(output.substr(output.find("{\"port\":") + 8)));
    // As with two parties: each has only its own private key.
    const auto own = BoxKeyPair::generate(*provider_), other = BoxKeyPair::generate(*provider_);
    rings_[0].set_key(uri(""), std::move(*Key::make({own.private_key.expose(), {}, {}, other.public_key})));
    rings_[1].set_key(uri(""), std::move(*Key::make({{}, own.public_key, other.private_key.expose(), {}})));
    originator_ = join(port, Serializer::json, rings_[0]);
    responder_ = join(port, Serializer::cbor, rings_[1]);
    responder_->on_refused = [this](const Connection::Refused& refused) { note(refused.why); };
  }
  ~Ends() {
    for (const auto& client : {originator_, responder_}) client->leave();
    io_.restart();
    io_.run_for(50ms);
  }
  Ends(const Ends&) = delete;
  Ends& operator=(const Ends&) = delete;

  using Answer = std::function<std::string(const std::string&)>;
  void serve(Answer answer) {
    const auto on_invocation = [this, answer = std::move(answer)](const Connection::Invoked& invoked) {
      const auto text = carriage_->to_responder(invoked.payload);
      if (!text) {
        note(text.error());
        EXPECT_TRUE(responder_->fail(invoked.invocation, uri("error.refused")));
        return;
      }
      asked.push_back(*text);
      EXPECT_TRUE(responder_->yield(invoked.invocation, carriage_->from_responder(answer(*text))));
    };
    ASSERT_TRUE(run(responder_->register_procedure(uri("ask"), on_invocation)));
  }
  /// The result for the user of the originator; nullopt if the call was refused.
  std::optional<std::string> ask(const std::string& text) { return open_answer(run(call(text, "s1")), "s1"); }
  /// Two concurrent calls.
  std::vector<std::optional<std::string>> ask_both(const Words& texts) {
    std::array<std::optional<Outcome<Payload>>, 2> results;
    for (std::size_t i = 0; i < 2; ++i) {
      asio::co_spawn(io_, call(texts[i], session(i)),
                     [&results, i](const std::exception_ptr&, Outcome<Payload> result) { results[i].emplace(result); });
    }
    EXPECT_TRUE(until([&] { return results[0] && results[1]; }));
    return {open_answer(*results[0], session(0)), open_answer(*results[1], session(1))};
  }
  void listen(const std::string& topic) {
    const auto on_event = [this, topic](const Connection::Delivered& event) {
      Payload payload = event.payload;
      // The subscribed topic determines the channel, not the message.
      payload.kwargs["session"] = topic == "two" ? "s2" : "s1";
      const auto text = carriage_->to_responder(payload);
      if (text) {
        events.push_back(topic + ":" + *text);
      } else {
        note(text.error());
      }
    };
    ASSERT_TRUE(run(responder_->subscribe(uri(topic), on_event)));
  }
  void publish(const std::string& topic, const Words& texts) {
    for (const std::string& text : texts) {
      Payload payload = carriage_->from_originator(text, topic == "two" ? "s2" : "s1");
      EXPECT_TRUE(run(originator_->publish_acknowledged(uri(topic), std::move(payload))));
    }
  }
  /// The router's answer comes after everything that it has sent before.
  void settle() {
    ASSERT_TRUE(run(responder_->subscribe(uri("settled"), [](const Connection::Delivered&) {})));
  }
  bool until(const std::function<bool()>& done) {
    const auto end = std::chrono::steady_clock::now() + 15s;
    while (!done() && std::chrono::steady_clock::now() < end) {
      io_.restart();
      io_.run_for(5ms);
    }
    return done();
  }
  [[nodiscard]] bool heard(const std::string& line) const { return router_.output().find(line) != std::string::npos; }
  /// An ERROR with a URI without a key; in a sealed channel errors are answers.
  void serve_failure() {
    if (sealed_) return serve([](const std::string&) { return kSecret; });
    const auto on_invocation = [this](const Connection::Invoked& invoked) {
      EXPECT_TRUE(responder_->fail(invoked.invocation, "org.other.error", {{kSecret}, {}, {}}));
    };
    ASSERT_TRUE(run(responder_->register_procedure(uri("ask"), on_invocation)));
  }

  Words asked, events;
  std::string refusal;  ///< the first one's code
  std::string text_of_error;

 private:
  static std::string session(std::size_t i) { return i == 0 ? "s1" : "s2"; }
  net::Task<Outcome<Payload>> call(const std::string& text, const std::string& session) {
    return originator_->call(uri("ask"), carriage_->from_originator(text, session));
  }
  std::optional<std::string> open_answer(const Outcome<Payload>& result, const std::string& session) {
    if (!result) {
      if (!result.error().payload.args.empty())
        text_of_error = std::string(result.error().payload.args.front().text().value_or(""));
      // For a sealed channel every ERROR is unauthenticated plaintext.
      note(sealed_ && result.error().code == errc::wamp_error ? sealed::errc::sealed_clear : result.error().code);
      return std::nullopt;
    }
    const auto text = carriage_->to_originator(*result, session);
    if (text) return *text;
    note(text.error());
    return std::nullopt;
  }
  void note(Errc why) {
    if (refusal.empty()) refusal = name(why);
  }
  std::shared_ptr<Connection> join(std::uint16_t port, Serializer serializer, KeyRing& ring) {
    ConnectionConfig config;
    config.transport.router = net::LoopbackRemote{port};
    config.session.realm = "realm1";
    config.session.serializer = serializer;
    ring.require(uri(""));
    if (!sealed_) config.session.key_ring = &ring;
    return run(Connection::join(io_, std::move(config), *provider_)).value();
  }
  template <class T>
  T run(net::Task<T> task) {
    std::optional<T> result;
    asio::co_spawn(io_, std::move(task), [&](const std::exception_ptr& error, T value) {
      if (!error) result.emplace(std::move(value));
    });
    if (!until([&] { return result.has_value(); })) throw std::runtime_error("a task took too long");
    return std::move(*result);
  }

  bool sealed_;
  test::Script router_;
  asio::io_context io_{1};
  std::unique_ptr<Provider> provider_ = default_provider();
  std::array<KeyRing, 2> rings_;
  std::unique_ptr<Carriage> carriage_;
  std::shared_ptr<Connection> originator_, responder_;
};

// Scenarios: whether the attack succeeds.

std::string answer_to(const std::string& text) { return "answer to " + text; }

const std::map<std::string, bool (*)(Ends&)> kScenarios = {
    {"reflection",
     [](Ends& ends) {
       ends.serve(answer_to);
       return ends.ask("question") == "question" && ends.asked.empty();
     }},
    {"replay",
     [](Ends& ends) {
       ends.listen("topic");
       ends.publish("topic", {"one", "two"});
       ends.settle();
       return ends.events == Words{"topic:one", "topic:two", "topic:one"};
     }},
    {"stale",
     [](Ends& ends) {
       ends.serve(answer_to);
       return ends.ask("one") == "answer to one" && ends.ask("two") == "answer to one";
     }},
    {"downgrade_event",
     [](Ends& ends) {
       ends.listen("topic");
       ends.publish("topic", {"one"});
       ends.settle();
       return ends.events == Words{"topic:" + kForged};
     }},
    {"downgrade_invocation",
     [](Ends& ends) {
       ends.serve(answer_to);
       ends.until([&] { return ends.heard("\"called\""); });
       return ends.heard(answer_to(kForged)) || !ends.asked.empty();
     }},
    {"downgrade_result",
     [](Ends& ends) {
       ends.serve(answer_to);
       return ends.ask("question") == kForged;
     }},
    {"downgrade_error",
     [](Ends& ends) {
       ends.serve(answer_to);
       ends.ask("question");
       return ends.refusal == "wamp_error" && ends.text_of_error == kForged;
     }},
    {"cross_subscription",
     [](Ends& ends) {
       ends.listen("one");
       ends.listen("two");
       ends.publish("one", {"text"});
       ends.settle();
       return std::find(ends.events.begin(), ends.events.end(), "two:text") != ends.events.end();
     }},
    {"plaintext_error",
     [](Ends& ends) {
       ends.serve_failure();
       const auto answer = ends.ask("question");
       EXPECT_TRUE(answer == kSecret || ends.text_of_error == kSecret) << "the caller itself is told";
       ends.refusal.clear();
       ends.settle();
       return ends.heard(kSecret);
     }},
    {"swap_fingerprint",
     [](Ends& ends) {
       ends.serve([](const std::string&) { return kSdp; });
       const auto answer = ends.ask("question");
       return answer && answer != kSdp;
     }},
    {"answer_in_place",
     [](Ends& ends) {
       ends.serve(answer_to);
       return ends.ask("question") == kForged;
     }},
    {"strip",
     [](Ends& ends) {
       ends.serve(answer_to);
       const auto answer = ends.ask("question");
       return answer && answer != answer_to("question");
     }},
    {"mix_sessions",
     [](Ends& ends) {
       ends.serve(answer_to);
       return ends.ask_both({"one", "two"}) ==
              std::vector<std::optional<std::string>>{"answer to two", "answer to one"};
     }},
    {"truncate",
     [](Ends& ends) {
       ends.serve(answer_to);
       ends.listen("topic");
       ends.publish("topic", {"one", "two", "three"});
       ends.settle();
       // A party that counts messages detects it with the next message.
       return ends.ask("is that all?").has_value() && ends.events == Words{"topic:one", "topic:two"};
     }},
};

std::string verdict(const std::string& attack, const std::string& scenario, bool sealed) {
  Ends ends(attack, sealed);
  const bool succeeded = kScenarios.at(scenario)(ends);
  if (succeeded) return kSucceeds;
  return ends.refusal.empty() ? "no effect" : ends.refusal;
}

/// The cell of a row in the document; column 3 is "Redan", 4 "sealed".
std::string documented(const std::string& attack, std::size_t column) {
  std::ifstream file(std::string(REDAN_TESTS_DIR) + "/../docs/protocols/attacks.md");
  for (std::string line; std::getline(file, line);) {
    if (!line.starts_with("| `" + attack + "` |")) continue;
    for (std::size_t i = 0; i <= column; ++i) line.erase(0, line.find('|') + 1);
    line = line.substr(0, line.find('|'));
    const std::size_t first = line.find_first_not_of(" *`");
    return line.substr(first, line.find_last_not_of(" *`") + 1 - first);
  }
  return "no such row";
}

class HostileRouter : public testing::TestWithParam<std::string> {};

std::vector<std::string> attacks() {
  std::vector<std::string> names;
  for (const auto& [name, scenario] : kScenarios) names.push_back(name);
  return names;
}
INSTANTIATE_TEST_SUITE_P(Attacks, HostileRouter, testing::ValuesIn(attacks()),
                         [](const auto& each) { return each.param; });

TEST_P(HostileRouter, AffectsCryptoboxAsDocumented) {
  EXPECT_EQ(verdict(GetParam(), GetParam(), false), documented(GetParam(), 3));
}
TEST_P(HostileRouter, AffectsASealedChannelAsDocumented) {
  EXPECT_EQ(verdict(GetParam(), GetParam(), true), documented(GetParam(), 4));
}
TEST_P(HostileRouter, HasNoEffectWhenTheRouterIsHonest) {
  for (const bool sealed : {false, true}) {
    // Without the router's own call, no procedure is called there.
    if (GetParam() == "downgrade_invocation") continue;
    EXPECT_EQ(verdict("none", GetParam(), sealed), "no effect") << "sealed: " << sealed;
  }
}

TEST(SealedChannels, RefuseEveryAttackOfARouter) {
  for (const auto& [attack, scenario] : kScenarios) EXPECT_NE(documented(attack, 4), kSucceeds) << attack;
}

}  // namespace
}  // namespace redan::wamp
