// What a TURN client is to do.
#pragma once

#include <vector>

#include "rtc/stun/long_term.hpp"
#include "rtc/turn/server.hpp"

namespace redan::turn {

/// Of the relayed address.
enum class Families : std::uint8_t { ipv4, ipv6, both };

struct Config {
  std::vector<Server> servers;                     ///< tried in order until one gives an allocation; at least one
  std::optional<stun::Credentials> credentials{};  ///< absent: for a server that asks for none
  TimePoint credentials_end = kNever;
  Families families = Families::ipv4;
  Duration lifetime = std::chrono::minutes(10);  ///< what is requested
  stun::Timing allocate_timing{};                ///< of the request that makes the allocation
  bool dont_fragment = false;                    ///< on Send indications, if the server supports it
  bool mobility = false;                         ///< RFC 8016: requests a ticket for move()
};

}  // namespace redan::turn
