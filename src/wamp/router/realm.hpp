// Shared by the router's .cpp files: the state of a realm, and of a connection.
#pragma once

#include "wamp/router/router.hpp"

namespace redan::wamp {

struct Router::Realm {
  Realm(const RealmConfig& its, const RouterLimits& limits, Provider& provider)
      : config(its),
        authenticator(its.authentication, provider),
        broker(limits.broker, its.history, its.typing, its.disclosure, provider),
        dealer(limits.dealer, its.typing, its.disclosure, provider) {}
  [[nodiscard]] const Role* find_role(std::string_view name) const {
    for (const Role& role : config.roles) {
      if (role.name == name) return &role;
    }
    return nullptr;
  }

  const RealmConfig& config;
  Authenticator authenticator;
  Broker broker;
  Dealer dealer;
};

struct Router::Connection {
  ConnectionId id;
  TransportFacts facts;
  TimePoint deadline = kNever;  ///< for joining
  State state{};
};

}  // namespace redan::wamp
