// Shared by the parts of the router: connections, sessions, and the outputs to them.
#pragma once

#include <deque>
#include <set>
#include <unordered_map>
#include <unordered_set>

#include <redan/random.hpp>

#include "base/strong.hpp"
#include "wamp/message.hpp"

namespace redan::wamp {

/// One transport, numbered by its server.
using ConnectionId = Strong<struct WampConnectionTag, std::uint64_t>;

/// An authenticated client.
struct Principal {
  std::string authid;
  std::string authrole;
  std::string authmethod;
  std::string authprovider;
  std::string sid{};  ///< the only streaming session that it may signal for; "" for none
};

/// The payloads that a role of a client can read although the router does not; each is a feature that it announces.
struct OpaquePayloads {
  bool transparent = false;  ///< payload_transparency: enc_*
  bool passed_thru = false;  ///< payload_passthru_mode: ppt_*

  /// Whether it can read this one. The attributes are those of the message.
  [[nodiscard]] bool include(const Payload& payload, const Dict& attributes) const {
    return include(payload.sealed.has_value(), attributes.find("ppt_scheme") != nullptr);
  }
  [[nodiscard]] bool include(bool sealed, bool ppt) const { return sealed ? transparent : passed_thru || !ppt; }
};

/// One session in one realm. Broker and dealer keep their part of its state here and remove it when the session ends.
struct Session {
  ConnectionId connection;
  Id id = 0;
  Principal principal;
  bool callee_cancels = false;     ///< it announced call_canceling
  bool callee_progresses = false;  ///< it announced progressive_call_results
  OpaquePayloads as_caller{}, as_callee{}, as_subscriber{};
  Id last_request = 0;     ///< its requests count from 1
  Id last_invocation = 0;  ///< ours to it likewise

  std::unordered_set<Id> subscriptions{};
  std::unordered_set<Id> registrations{};
  std::unordered_map<Id, std::uint64_t> calls{};        ///< its CALL: the dealer's number
  std::unordered_map<Id, std::uint64_t> invocations{};  ///< our INVOCATION to it: the dealer's number
  std::set<Id> abandoned{};                             ///< the abandoned ones among them; the oldest make room
};

struct Send {
  ConnectionId to;
  Message message;
};
/// One publication for all its receivers.
struct Deliver {
  struct Copy {
    Id subscription = 0;
    Dict details{};
    std::vector<ConnectionId> to{};
  };
  Id publication = 0;
  Payload payload{};
  std::vector<Copy> copies{};
};
/// Closes the transport when everything queued has been sent.
struct Close {
  ConnectionId connection;
};
using RouterOutput = std::variant<Wait, Send, Deliver, Close>;

/// The outputs, in order.
class Outbox {
 public:
  void send(ConnectionId to, Message message) { queue_.emplace_back(Send{to, std::move(message)}); }
  void deliver(Deliver deliver) { queue_.emplace_back(std::move(deliver)); }
  void close(ConnectionId connection) { queue_.emplace_back(Close{connection}); }
  /// Answers a request with ERROR and a human-readable text.
  void refuse(const Session& to, MessageType type, Id request, std::string_view error, std::string_view text) {
    Error refusal{type, request, {}, std::string(error), {}};
    refusal.payload.args.emplace_back(text);
    send(to.connection, std::move(refusal));
  }

  [[nodiscard]] bool empty() const { return queue_.empty(); }
  RouterOutput take() {
    RouterOutput first = std::move(queue_.front());
    queue_.pop_front();
    return first;
  }

 private:
  std::deque<RouterOutput> queue_;
};

/// Uniform over 1 to 2^53 (WAMP, "IDs", global scope).
inline Id random_id(RandomSource& random) {
  constexpr unsigned kUnused = 64 - 53;
  return (random.random_u64() >> kUnused) + 1;
}

}  // namespace redan::wamp
