// The broker of one realm (WAMP, "Publish and Subscribe"): determines who receives an event. Permissions are checked
// before.
#pragma once

#include "wamp/router/history.hpp"
#include "wamp/router/schema.hpp"
#include "wamp/router/session.hpp"

namespace redan::wamp {

struct BrokerLimits {
  std::size_t max_subscriptions = 1'024;  ///< of one session
  std::size_t max_wildcards = 1'024;  ///< different ones in the realm: each publication is compared with each of them
};

class Broker {
 public:
  /// `typing` must outlive it. With `disclosure` false the publisher cannot be disclosed.
  Broker(const BrokerLimits& limits, const HistoryLimits& history, const Typing& typing, bool disclosure,
         RandomSource& random)
      : limits_(limits), history_(history), typing_(typing), disclosure_(disclosure), random_(random) {}

  void subscribe(Session& session, const Subscribe& message, Match match, Outbox& outbox);
  void unsubscribe(Session& session, const Unsubscribe& message, Outbox& outbox);
  void publish(const Session& session, Publish message, Outbox& outbox);
  /// wamp.subscription.get_events: one of the session's own subscriptions, and the number of events. Answers with ERROR
  /// or RESULT.
  void get_events(const Session& session, const Call& message, Outbox& outbox) const;
  /// Removes the session with all its subscriptions.
  void remove(Session& session);

 private:
  struct Subscription {
    Id id = 0;
    Match match = Match::exact;
    std::string topic;
    std::vector<const Session*> subscribers{};
  };
  struct Receivers;

  Subscription& find_or_add(Match match, const std::string& topic);
  void leave(Session& session, Id subscription);
  void deliver(const Session& session, Publish message, const Receivers& receivers, Id publication, Outbox& outbox);

  BrokerLimits limits_;
  History history_;
  const Typing& typing_;
  bool disclosure_;
  RandomSource& random_;
  PatternTable<Id> patterns_;
  std::unordered_map<Id, Subscription> subscriptions_;
};

}  // namespace redan::wamp
