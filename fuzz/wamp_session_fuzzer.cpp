// A client's session with a scripted router, which sends anything, or matching messages. Where encryption is required
// no plaintext is sent or passed on; each request ends once; nothing follows termination. Each step is a byte: three
// bits for the action, the rest for its operand.
//
//   raw message · matching message · the same sealed · subscribe or register · publish or call · answer · time · end
#include <map>

#include "base/assert.hpp"
#include "base/reader.hpp"
#include "tests/support/simulated_provider.hpp"
#include "wamp/session.hpp"

namespace {

using namespace redan;
using namespace redan::wamp;
using S = ClientSession;

constexpr std::string_view kRequired = "s.";
constexpr std::array<const char*, 4> kUris = {"s.a", "s.b", "o.a", "c.a"};

Key make_key() {
  test::SeededRandom random(1);
  const BoxKeyPair one = BoxKeyPair::generate(random);
  const BoxKeyPair two = BoxKeyPair::generate(random);
  return std::move(*Key::make({one.private_key.expose(), {}, two.private_key.expose(), {}}));
}

Provider& real() {
  static const std::unique_ptr<Provider> kReal = default_provider();
  return *kReal;
}

KeyRing make_ring() {
  KeyRing ring;
  ring.set_key("s.a", make_key());
  ring.set_key("o.", make_key());
  ring.require(std::string(kRequired));
  return ring;
}

class Script {
 public:
  explicit Script(Reader input) : input_(input) {
    static const KeyRing kRing = make_ring();
    ring_ = &kRing;
    SessionConfig config;
    config.realm = "r";
    config.serializer = kSerializers[input_.u8() % kSerializers.size()];
    config.key_ring = ring_;
    config.limits.max_requests = 8;
    config.limits.max_invocations = 4;
    config.limits.max_seen_boxes = 4;
    serializer_ = config.serializer;
    session_.emplace(now_, std::move(config), provider_);
  }

  void run() {
    for (int steps = 0; !input_.empty() && steps < 500; ++steps) {
      const std::uint8_t code = input_.u8();
      step(code & 7U, code >> 3U);
      if ((code & 1U) != 0) drain();
    }
    session_->handle_close({Errc::io_failed});
    drain();
    REDAN_ASSERT(over_ && open_.empty());
  }

 private:
  void step(unsigned what, unsigned which) {
    const char* const uri = kUris[which % kUris.size()];
    switch (what) {
      case 0:
        return session_->handle_input(now_, input_.opaque8());
      case 1:
        return hear(which, false);
      case 2:
        return hear(which, true);
      case 3:
        if ((which & 4U) != 0) return made(session_->subscribe(now_, uri));
        return made(session_->register_procedure(now_, (which & 8U) != 0 ? "s." : uri, {{"match", "prefix"}}));
      case 4:
        if ((which & 4U) != 0)
          return made(session_->call(now_, uri, {List{1}}, {{"timeout", 50}, {"receive_progress", true}}));
        (void)session_->publish(now_, uri, {List{1}}, {});
        return;
      case 5:
        if ((which & 4U) != 0) return (void)session_->fail(which & 3U, uri, {List{1}});
        if ((which & 8U) != 0) return (void)session_->cancel(which & 7U);
        return (void)session_->yield(which & 3U, {List{1}}, (which & 16U) != 0 ? Dict{{"progress", true}} : Dict{});
      case 6:
        now_ += std::chrono::milliseconds(1 << which % 16);
        return;
      case 7:
        if (which == 31) session_->leave(now_);
        return drain();
    }
  }

  void made(redan::Result<Id> request) {
    if (request) REDAN_ASSERT(open_.insert(*request).second);
  }

  Payload payload(bool sealed, const std::string& uri, Party party) {
    Payload payload;
    payload.args = {1};
    const Key* const key = ring_->find(uri, party);
    if (!sealed || key == nullptr) return payload;
    Payload box;
    box.sealed = seal_box(*key, party, {uri, payload.args, Dict{}}, provider_);
    return box;
  }

  void hear(unsigned which, bool sealed) {
    const Id id = 1 + input_.u8() % 8;
    const std::string uri = kUris[id % kUris.size()];
    Dict details{{"progress", id == 3}, {"topic", uri}, {"procedure", uri}};
    if (sealed) {
      details["enc_algo"] = "cryptobox";
      details["enc_serializer"] = "json";
    }
    const std::array<Message, 12> messages = {
        Welcome{id, {{"roles", Dict{{"dealer", Dict{{"features", Dict{{"call_canceling", true}}}}}}}}},
        Subscribed{id, id % 4 + 1},
        Registered{id, id % 4 + 1},
        Event{id % 4 + 1, id, details, payload(sealed, uri, Party::originator)},
        redan::wamp::Result{id, details, payload(sealed, uri, Party::responder)},
        wamp::Error{MessageType::call, id, details, "o.e", payload(sealed, "o.e", Party::responder)},
        Invocation{id, id % 4 + 1, details, payload(sealed, uri, Party::originator)},
        Interrupt{id, {{"mode", sealed ? "killnowait" : "kill"}}},
        Unsubscribed{id == 8 ? 0 : id, {{"subscription", 1}}},
        Unregistered{id == 8 ? 0 : id, {{"registration", 1}}},
        Challenge{"ticket", {}},
        Goodbye{{}, "wamp.close.normal"}};
    session_->handle_input(now_, write_message(serializer_, messages[which % messages.size()]));
  }

  void drain() {
    for (;;) {
      const S::Output output = session_->poll_output(now_);
      if (const auto* wait = std::get_if<Wait>(&output)) {
        REDAN_ASSERT(wait->until > now_);
        return;
      }
      REDAN_ASSERT(!over_);
      check(output);
    }
  }

  void check(const S::Output& output) {
    const auto secret = [](std::string_view uri) { return uri.starts_with(kRequired); };
    if (const auto* transmit = std::get_if<S::Transmit>(&output)) {
      const auto message = read_message(serializer_, transmit->message);
      REDAN_ASSERT(message);
      if (const auto* call = std::get_if<Call>(&*message))
        REDAN_ASSERT(!secret(call->procedure) || call->payload.sealed);
      if (const auto* publish = std::get_if<Publish>(&*message)) {
        REDAN_ASSERT(!secret(publish->topic) || publish->payload.sealed);
      }
      // An INVOCATION is answered in plaintext only if it was plaintext, and never where encryption is required.
      if (const auto* yield = std::get_if<Yield>(&*message)) {
        REDAN_ASSERT(yield->payload.sealed || !encrypted_.contains(yield->request));
      }
    } else if (const auto* delivered = std::get_if<S::Delivered>(&output)) {
      REDAN_ASSERT(!secret(delivered->topic) || delivered->encrypted);
    } else if (const auto* invoked = std::get_if<S::Invoked>(&output)) {
      REDAN_ASSERT(!secret(invoked->procedure) || invoked->encrypted);
      if (invoked->encrypted) {
        encrypted_.insert(invoked->invocation);
      } else {
        encrypted_.erase(invoked->invocation);
      }
    } else if (const auto* returned = std::get_if<S::Returned>(&output)) {
      if (!returned->progress) REDAN_ASSERT(open_.erase(returned->request) == 1);
    } else if (const auto* failed = std::get_if<S::Failed>(&output)) {
      REDAN_ASSERT(open_.erase(failed->request) == 1);
    } else if (const auto* granted = std::get_if<S::Granted>(&output)) {
      REDAN_ASSERT(open_.erase(granted->request) == 1);
    } else if (std::holds_alternative<S::Closed>(output)) {
      over_ = true;
    }
  }

  Reader input_;
  TimePoint now_{};
  test::SimulatedProvider provider_{real(), 1};
  const KeyRing* ring_ = nullptr;
  Serializer serializer_{};
  std::optional<S> session_;
  std::set<Id> open_;
  std::set<Id> encrypted_;
  bool over_ = false;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Script(Reader({data, size})).run();
  return 0;
}
