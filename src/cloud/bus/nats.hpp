// The bus over NATS core (nats-server 2.2 or later), with mutual TLS 1.3 and a token. Only INFO is read in the clear,
// nothing is written in the clear, and a server that does not require TLS is disconnected.
//
// There is one connection, to one of the servers. When it ends, another server is tried, with increasing pauses, and
// subscriptions are made again there. Messages that were published but not sent are lost with the connection, as are
// messages that others publish meanwhile. A lost server is detected at once if its host reports it, otherwise after
// three ping intervals.
//
// docs/protocols/bus.md has the subjects, and the required configuration of the servers.
#pragma once

#include <boost/asio/io_context.hpp>
#include <redan/random.hpp>
#include <redan/secret.hpp>

#include "cloud/bus/bus.hpp"
#include "net/remote.hpp"

namespace redan::cloud::bus {

/// The state of a connection, or of the attempt to make one.
struct NatsStatus {
  bool connected = false;
  std::string server;  ///< "192.0.2.1:4222"
  /// The reason for a failure. connect_failed; tls_failed (no TLS 1.3, or no TLS), tls_untrusted, tls_pin_mismatch;
  /// bus_refused (token, certificate); bus_protocol; bus_disconnected. bus_refused together with `connected`: one
  /// operation was not permitted.
  Errc why{};
  std::string detail;  ///< for display: the message of the system, OpenSSL or the server
};

struct NatsConfig {
  std::vector<net::TlsRemote> servers;   ///< tried in turn from a random one on; identities are read only in nats_bus()
  std::string name;                      ///< of this unit, shown by the servers; same format as the token
  Secret<256> token{};                   ///< printable ASCII without spaces; empty: none
  std::string inbox = "_INBOX";          ///< prefix of reply subjects, which other units may not read
  std::size_t max_outgoing = 8U << 20U;  ///< bytes published and not yet accepted by the system; then bus_full
  std::chrono::milliseconds connect_timeout{5'000};
  std::chrono::milliseconds ping_interval{5'000};
  std::chrono::milliseconds first_pause{100};       ///< after a failed round of all servers; then doubled each time,
  std::chrono::milliseconds longest_pause{5'000};   ///< up to this
  std::chrono::milliseconds refused_pause{10'000};  ///< after a round in which every server refused us
  /// Called on the loop: on each change, and on each new reason for a failure, not on each attempt.
  std::function<void(const NatsStatus&)> on_status{};
};

/// Connects from the next turn of the loop on. `random` must outlive the bus. Errors: invalid_argument, crypto_bad_key.
///
/// Destroying it sends what was published but not sent yet, if that takes no longer than a second of the loop.
Result<std::unique_ptr<Bus>> nats_bus(boost::asio::io_context& io, NatsConfig config, RandomSource& random);

}  // namespace redan::cloud::bus
