#include "rtc/turn/server.hpp"

#include "rtc/turn/errors.hpp"

namespace redan::turn {

std::string Server::text() const {
  const std::string_view layer = transport == Transport::udp ? "udp" : transport == Transport::tcp ? "tcp" : "tls";
  const std::string where = address.text() + ", " + std::string(layer);
  return name.empty() ? where : name + " (" + where + ")";
}

std::string Failure::text() const {
  constexpr std::array<std::string_view, 7> kSteps{"connect",    "allocate", "refresh", "move",
                                                   "permission", "channel",  "release"};
  std::string out = server + ", " + std::string(kSteps.at(static_cast<std::size_t>(step))) + ": ";
  out += redan::text(reason);
  if (server_code == 0) return out;
  out += " (" + std::to_string(server_code);
  if (!server_reason.empty()) out += " " + server_reason;
  return out + (proven ? ")" : ", unproven)");
}

Errc reason_of(std::uint16_t server_code) {
  switch (server_code) {
    case 300:
      return errc::turn_redirected;
    case 401:
    case 441:
      return errc::turn_credentials;
    case 403:
    case 405:  // Mobility Forbidden
      return errc::turn_forbidden;
    case 437:
      return errc::turn_allocation_lost;
    case 438:
      return errc::turn_stale_nonce;
    case 440:
    case 442:
    case 443:
      return errc::turn_unsupported;
    case 486:
    case 508:
      return errc::turn_full;
    default:
      return errc::turn_refused;
  }
}

}  // namespace redan::turn
