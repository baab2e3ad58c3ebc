// A TURN server, and what went wrong with it.
#pragma once

#include <redan/error.hpp>
#include <redan/types.hpp>

#include "rtc/stun/transaction.hpp"

namespace redan::turn {

enum class Transport : std::uint8_t { udp, tcp, tls };

struct Server {
  Address address;
  Transport transport = Transport::udp;
  /// A host name, for reports; over TLS its certificate must be valid for it.
  std::string name{};

  [[nodiscard]] stun::Transport layer() const {
    return transport == Transport::udp ? stun::Transport::datagram : stun::Transport::stream;
  }
  /// "turn.example.org (192.0.2.1:3478, udp)".
  [[nodiscard]] std::string text() const;
};

/// What the client was doing.
enum class Step : std::uint8_t { connect, allocate, refresh, move, permission, channel, release };

struct Failure {
  std::string server;  ///< Server::text()
  Step step{};
  Errc reason{};
  std::uint16_t server_code = 0;  ///< 0: the server sent none
  std::string server_reason{};    ///< the server's words, safe to display
  bool proven = true;             ///< false: the server's code came without message integrity

  /// "turn.example.org (192.0.2.1:3478, udp), allocate: the TURN server has no capacity ... (486 Quota Reached)"; a
  /// code without proof ends in ", unproven".
  [[nodiscard]] std::string text() const;
};

/// The reason that an error code of a server stands for (RFC 8656 section 19, RFC 8489 section 14.8).
Errc reason_of(std::uint16_t server_code);

}  // namespace redan::turn
