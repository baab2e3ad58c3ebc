// The bus over NATS core (nats-server 2.2 or later), with mutual TLS 1.3 and a token. Nothing but INFO is ever read in
// clear, nothing at all is written in clear, and a server that does not ask for TLS is left.
//
// One connection to one of the servers. When it ends, another server is tried, with growing pauses; subscriptions are
// made again there. What was published and had not left yet is lost with the connection, as is what others published
// meanwhile. A lost server is noticed at once if its host says so, else after three ping intervals.
//
// docs/protocols/bus.md has the subjects, and what the servers must be configured to allow.
#pragma once

#include <boost/asio/io_context.hpp>
#include <redan/random.hpp>
#include <redan/secret.hpp>

#include "cloud/bus/bus.hpp"
#include "net/remote.hpp"

namespace redan::cloud::bus {

/// What became of a connection, or of the attempt to make one.
struct NatsStatus {
  bool connected = false;
  std::string server;  ///< "192.0.2.1:4222"
  /// Why not. connect_failed; tls_failed (no TLS 1.3, or none at all), tls_untrusted, tls_pin_mismatch; bus_refused
  /// (token, certificate); bus_protocol; bus_disconnected. With bus_refused and `connected`: one thing was not
  /// permitted.
  Errc why{};
  std::string detail;  ///< for people: the system's, OpenSSL's or the server's words
};

struct NatsConfig {
  std::vector<net::TlsRemote> servers;  ///< tried in turn, from a random one on; identities are read only in nats_bus()
  std::string name;                     ///< of this unit, for the servers' eyes; like the token
  Secret<256> token{};                  ///< printable ASCII without spaces; empty: none
  std::string inbox = "_INBOX";         ///< replies come below it: permissions can keep other units from reading them
  std::size_t max_outgoing = 8U << 20U;  ///< bytes published and not yet taken by the system; beyond it is bus_full
  std::chrono::milliseconds connect_timeout{5'000};
  std::chrono::milliseconds ping_interval{5'000};
  std::chrono::milliseconds first_pause{100};  ///< after a round of all servers in vain; then twice as long each time,
  std::chrono::milliseconds longest_pause{5'000};   ///< up to this
  std::chrono::milliseconds refused_pause{10'000};  ///< after a round in which every server refused us
  /// Told on the loop: each change, and each new reason for a failure, not each attempt.
  std::function<void(const NatsStatus&)> on_status{};
};

/// Connects from the next turn of the loop on. `random` outlives the bus. invalid_argument, crypto_bad_key.
///
/// Destroying it sends what was published and has not left yet, if that takes no longer than a second of the loop.
Result<std::unique_ptr<Bus>> nats_bus(boost::asio::io_context& io, NatsConfig config, RandomSource& random);

}  // namespace redan::cloud::bus
