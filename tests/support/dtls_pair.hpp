// A DTLS client and server connected by two simulated links on one virtual clock.
#pragma once

#include <redan/crypto.hpp>
#include <string>

#include "rtc/dtls/connection.hpp"
#include "tests/support/link.hpp"

namespace redan::test {

inline Identity test_identity(Provider& provider, KeyType type = KeyType::ecdsa_p256) {
  return *self_signed(provider, {type, "test", {}, WallTime{1'700'000'000}, WallTime{1'900'000'000}});
}

/// One end with all its outputs.
struct DtlsEnd {
  DtlsEnd(dtls::ConnectionConfig config, const Identity& identity, Provider& provider)
      : connection(std::move(config), identity, provider) {}

  dtls::Connection connection;
  int connected = 0;
  std::vector<std::string> received;
  std::optional<dtls::Closed> closed;
  std::vector<std::vector<std::uint8_t>> sent;  ///< every datagram, for tests that examine them

  /// Polls until Wait, or `steps` times; sends into `out`. Returns the deadline.
  TimePoint drain(TimePoint now, Link* out, int steps = 1'000'000) {
    std::array<std::uint8_t, 2048> buffer{};
    while (steps-- > 0) {
      const dtls::Output output = connection.poll_output(now, buffer);
      if (const auto* wait = std::get_if<Wait>(&output)) return wait->until;
      if (const auto* transmit = std::get_if<dtls::Transmit>(&output)) {
        sent.emplace_back(transmit->datagram.begin(), transmit->datagram.end());
        if (out != nullptr) out->send(now, transmit->datagram);
      } else if (std::holds_alternative<dtls::Connected>(output)) {
        ++connected;
      } else if (const auto* data = std::get_if<dtls::ApplicationData>(&output)) {
        received.emplace_back(as_text(data->payload));
      } else if (const auto* end = std::get_if<dtls::Closed>(&output)) {
        closed = *end;
      }
    }
    return now;
  }
  /// A protected record with this text.
  std::vector<std::uint8_t> seal(std::string_view text) {
    std::vector<std::uint8_t> record(text.size() + dtls::kMaxRecordOverhead);
    const Bytes payload = as_bytes(text);
    std::copy(payload.begin(), payload.end(), record.begin() + static_cast<std::ptrdiff_t>(connection.headroom()));
    record.resize(connection.seal(record, text.size()).size());
    return record;
  }
};

/// Of DTLS 1.2, unless only() says otherwise.
struct DtlsPairOptions {
  KeyType client_key = KeyType::ecdsa_p256;
  KeyType server_key = KeyType::ecdsa_p256;
  dtls::ConnectionConfig client{.role = dtls::Role::client,
                                .max_version = dtls::kDtls12,
                                .peer_fingerprints = {},
                                .srtp_profiles = {7, 8, 1},
                                .require_srtp = false,
                                .mtu = 1200,
                                .timeout = std::chrono::seconds(30)};
  dtls::ConnectionConfig server{.role = dtls::Role::server,
                                .max_version = dtls::kDtls12,
                                .peer_fingerprints = {},
                                .srtp_profiles = {7, 8, 1},
                                .require_srtp = false,
                                .mtu = 1200,
                                .timeout = std::chrono::seconds(30)};
  LinkConfig link;
  std::uint64_t seed = 1;

  /// Both ends allow these versions.
  static DtlsPairOptions versions(std::uint16_t lowest, std::uint16_t highest) {
    DtlsPairOptions options;
    for (dtls::ConnectionConfig* config : {&options.client, &options.server}) {
      config->min_version = lowest;
      config->max_version = highest;
    }
    return options;
  }
  static DtlsPairOptions only(std::uint16_t version) { return versions(version, version); }
};

class DtlsPair {
 public:
  explicit DtlsPair(Provider& provider, DtlsPairOptions options = {})
      : client_identity(test_identity(provider, options.client_key)),
        server_identity(test_identity(provider, options.server_key)),
        client(expecting(provider, options.client, server_identity), client_identity, provider),
        server(expecting(provider, options.server, client_identity), server_identity, provider),
        to_server(options.seed * 2, options.link),
        to_client(options.seed * 2 + 1, options.link) {}

  Identity client_identity, server_identity;
  DtlsEnd client, server;
  Link to_server, to_client;
  TimePoint now{};

  void start() {
    client.connection.start(now);
    server.connection.start(now);
  }
  /// Runs until there is nothing left to do, or `end`.
  void run(TimePoint end = TimePoint{} + std::chrono::minutes(2)) {
    while (now <= end) {
      const TimePoint wake = std::min(client.drain(now, &to_server), server.drain(now, &to_client));
      const TimePoint next = std::min({wake, to_server.next_arrival(), to_client.next_arrival()});
      if (next == kNever || next > end) return;
      now = std::max(now, next);
      while (auto datagram = to_server.receive(now)) server.connection.handle_input(now, *datagram);
      while (auto datagram = to_client.receive(now)) client.connection.handle_input(now, *datagram);
    }
  }
  void handshake() {
    start();
    run();
  }
  [[nodiscard]] bool both_connected() const { return client.connected == 1 && server.connected == 1; }

 private:
  static dtls::ConnectionConfig expecting(Provider& provider, dtls::ConnectionConfig config, const Identity& peer) {
    if (config.peer_fingerprints.empty()) {
      config.peer_fingerprints = {Fingerprint::of(provider, HashAlgorithm::sha256, peer.certificate_der)};
    }
    return config;
  }
};

}  // namespace redan::test
