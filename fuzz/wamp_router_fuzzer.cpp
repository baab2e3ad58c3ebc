// A router with sessions in two realms that send what a script determines. In any case nothing is sent to a closed
// connection, no EVENT, INVOCATION, RESULT or ERROR passes from one realm to the other, request ids of INVOCATIONs
// count up, and when all sessions have left the router is empty. Each step is a byte for the session (three bits) and
// the action (five), followed by the action's operands:
//
//   connect · disconnect · HELLO · a request from the table below with a correct id, its URI chosen by a byte ·
//   YIELD or ERROR for an invocation · any message in JSON · invalid bytes · advance time · shut down
#include <map>

#include "base/assert.hpp"
#include "base/reader.hpp"
#include "tests/support/fixed_provider.hpp"
#include "wamp/router/config.hpp"

namespace {

using namespace redan;
using namespace redan::wamp;
namespace wamp = redan::wamp;

constexpr std::array<std::string_view, 8> kUris = {
    "a", "a.b", "a.b.c", "a.", "a..c", "", "wamp.subscription.get_events", "b c"};
constexpr std::array<std::string_view, 4> kMatches = {"exact", "prefix", "wildcard", "fuzzy"};
constexpr std::array<std::string_view, 6> kPolicies = {"single", "first", "last", "roundrobin", "random", "odd"};
constexpr std::array<std::string_view, 4> kModes = {"skip", "kill", "killnowait", "?"};

RouterConfig config() {
  RouterConfig config = open_router("realm0");
  config.realms.push_back(std::move(open_router("realm1").realms[0]));
  config.realms[1].history.events_per_topic = 2;
  config.realms[1].disclosure = false;
  config.limits.max_connections = 6;
  config.limits.broker = {4, 2};
  config.limits.dealer = {3, 4, 5, std::chrono::milliseconds(2'000)};
  return config;
}

struct Peer {
  ConnectionId connection{};
  bool open = false;
  int realm = -1;
  Id requests = 0;
  Id invocations = 0;
};

class Script {
 public:
  explicit Script(Reader input) : input_(input), router_(config(), provider_) {}

  void run() {
    for (int steps = 0; !input_.empty() && steps < 1'000; ++steps) {
      const std::uint8_t code = input_.u8();
      step(peers_[code & 7U], code >> 3U);
      drain();
    }
    for (Peer& peer : peers_) disconnect(peer);
    drain();
    REDAN_ASSERT(router_.connections() == 0 && router_.sessions() == 0);
  }

 private:
  void step(Peer& peer, unsigned what) {
    if (what == 0) return connect(peer);
    if (!peer.open) return;
    const std::uint8_t choice = input_.u8();
    const std::string uri(kUris[choice % kUris.size()]);
    switch (what) {
      case 1:
        return disconnect(peer);
      case 2:
        return hello(peer, choice);
      case 3:
        return say(peer, Subscribe{++peer.requests, {{"match", kMatches[choice / 8 % 4]}}, uri});
      case 4:
        return say(peer, Unsubscribe{++peer.requests, known(subscriptions_, choice)});
      case 5:
        return say(peer, Publish{++peer.requests, publish_options(choice), uri, payload(peer, choice)});
      case 6:
        return say(
            peer,
            Register{++peer.requests, {{"invoke", kPolicies[choice / 8 % 6]}, {"disclose_caller", choice > 128}}, uri});
      case 7:
        return say(peer, Unregister{++peer.requests, known(registrations_, choice)});
      case 8:
        return say(peer, Call{++peer.requests, call_options(choice), uri, payload(peer, choice)});
      case 9:
        return say(peer, Cancel{Id{choice} / 4 + 1, {{"mode", kModes[choice % 4]}}});
      case 10:
        return say(peer, Yield{Id{choice} / 2 + 1, {{"progress", choice % 2 == 1}}, payload(peer, 0)});
      case 11:
        return say(peer, wamp::Error{MessageType::invocation, Id{choice} + 1, {}, "a.error", payload(peer, 0)});
      case 12:
        return say(peer, Goodbye{{}, "wamp.close.normal"});
      case 13:
        return any_message(peer, choice);
      case 14:
        return router_.handle_unreadable(peer.connection, Router::Unreadable(choice % 2));
      case 15:
        now_ += std::chrono::milliseconds(choice * 20);
        return;
      case 16:
        if (choice == 7) router_.shut_down();
        return;
      case 17:
        return say(
            peer, Call{++peer.requests, {}, "wamp.subscription.get_events", {{known(subscriptions_, choice)}, {}, {}}});
      default:
        return;
    }
  }

  void connect(Peer& peer) {
    if (peer.open) return;
    peer = {ConnectionId(++last_connection_)};
    peer.open = router_.open(now_, peer.connection, {});
    if (peer.open) by_connection_[peer.connection.value] = &peer;
  }
  void disconnect(Peer& peer) {
    if (!peer.open) return;
    peer.open = false;
    by_connection_.erase(peer.connection.value);
    router_.close(peer.connection);
  }
  void hello(Peer& peer, std::uint8_t choice) {
    const Dict callee{{"features", Dict{{"call_canceling", choice > 99}, {"progressive_call_results", choice > 49}}}};
    const Dict roles{{"publisher", Dict{}}, {"subscriber", Dict{}}, {"caller", Dict{}}, {"callee", callee}};
    say(peer, Hello{"realm" + std::to_string(choice % 3), {{"roles", roles}}});
  }
  /// The first argument contains the sender's realm.
  static Payload payload(const Peer& peer, std::uint8_t choice) {
    if (choice % 16 == 15) return {{}, {}, Binary{static_cast<std::uint8_t>(peer.realm)}};
    return {{peer.realm}, {}, {}};
  }
  Dict publish_options(std::uint8_t choice) const {
    Dict options{{"acknowledge", choice % 2 == 1}};
    if ((choice & 8U) != 0) options.append("exclude_me", false);
    if ((choice & 16U) != 0) options.append("disclose_me", true);
    if ((choice & 32U) != 0) options.append("eligible_authrole", List{"anonymous"});
    if ((choice & 64U) != 0) options.append("exclude", List{known(sessions_, choice)});
    return options;
  }
  static Dict call_options(std::uint8_t choice) {
    return {{"receive_progress", (choice & 8U) != 0}, {"timeout", (choice & 16U) != 0 ? choice : 0}};
  }
  void any_message(Peer& peer, std::uint8_t size) {
    const Bytes text = input_.bytes(std::min<std::size_t>(size, input_.remaining()));
    auto message = read_message(Serializer::json, text);
    if (!message) return;
    // Its payload also contains the realm.
    std::visit(
        [&](auto& one) {
          if constexpr (requires { one.payload; }) one.payload = payload(peer, 0);
        },
        *message);
    say(peer, std::move(*message));
  }
  static Id known(const std::vector<Id>& ids, std::uint8_t choice) {
    return ids.empty() ? 1 : ids[choice % ids.size()];
  }

  void say(Peer& peer, Message message) {
    router_.handle_input(now_, {2'000'000'000}, peer.connection, std::move(message));
  }

  void drain() {
    for (int outputs = 0;; ++outputs) {
      REDAN_ASSERT(outputs < 10'000);
      RouterOutput output = router_.poll_output(now_);
      if (const auto* wait = std::get_if<Wait>(&output)) {
        REDAN_ASSERT(wait->until > now_);
        return;
      }
      std::visit([this](const auto& what) { hear(what); }, output);
    }
  }
  void hear(const Wait&) {}
  void hear(const Close& close) {
    const auto at = by_connection_.find(close.connection.value);
    if (at == by_connection_.end()) return;
    at->second->open = false;
    by_connection_.erase(at);
  }
  void hear(const Deliver& deliver) {
    for (const Deliver::Copy& copy : deliver.copies) {
      for (const ConnectionId to : copy.to) {
        const auto at = by_connection_.find(to.value);
        REDAN_ASSERT(at != by_connection_.end());
        same_realm(*at->second, deliver.payload);
      }
    }
  }
  void hear(const Send& send) {
    const auto at = by_connection_.find(send.to.value);
    if (at == by_connection_.end()) return;
    Peer& peer = *at->second;
    if (const auto* welcome = std::get_if<Welcome>(&send.message)) {
      const std::string realm(*welcome->details.find("realm")->text());
      peer.realm = realm == "realm0" ? 0 : 1;
      peer.requests = 0;
      peer.invocations = 0;
      sessions_.push_back(welcome->session);
    } else if (const auto* invocation = std::get_if<Invocation>(&send.message)) {
      REDAN_ASSERT(invocation->request == ++peer.invocations);
      same_realm(peer, invocation->payload);
    } else if (const auto* error = std::get_if<wamp::Error>(&send.message)) {
      same_realm(peer, error->payload);
    } else if (const auto* result = std::get_if<wamp::Result>(&send.message)) {
      same_realm(peer, result->payload);
    } else if (const auto* subscribed = std::get_if<Subscribed>(&send.message)) {
      subscriptions_.push_back(subscribed->subscription);
    } else if (const auto* registered = std::get_if<Registered>(&send.message)) {
      registrations_.push_back(registered->registration);
    }
  }
  static void same_realm(const Peer& to, const Payload& payload) {
    if (payload.sealed && payload.sealed->size() == 1) REDAN_ASSERT((*payload.sealed)[0] == to.realm);
    if (payload.args.empty()) return;
    const auto* from = payload.args[0].get_if<std::int64_t>();
    if (from != nullptr) REDAN_ASSERT(*from == to.realm);
  }

  Reader input_;
  std::unique_ptr<Provider> real_ = default_provider();
  redan::test::FixedProvider provider_{*real_, 1};
  Router router_;
  TimePoint now_{std::chrono::seconds(1)};
  std::array<Peer, 8> peers_;
  std::map<std::uint64_t, Peer*> by_connection_;
  std::uint64_t last_connection_ = 0;
  std::vector<Id> subscriptions_, registrations_, sessions_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Script(Reader({data, size})).run();
  return 0;
}
