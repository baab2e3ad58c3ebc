// Fixtures for peers that have the keys and break the rules.
#pragma once

#include <gtest/gtest.h>

#include "tests/support/rogue_dtls.hpp"

namespace redan::test {

using namespace std::chrono_literals;

class RoguePeerTest : public testing::Test {
 protected:
  std::unique_ptr<Provider> provider = default_provider();
  Identity identity = test_identity(*provider);
  TimePoint now{};

  dtls::ConnectionConfig config(dtls::Role role, const Identity& peer) {
    dtls::ConnectionConfig made;
    made.role = role;
    made.peer_fingerprints = {Fingerprint::of(*provider, HashAlgorithm::sha256, peer.certificate_der)};
    made.srtp_profiles = {7, 1};
    made.max_version = dtls::kDtls12;
    return made;
  }
  void give(DtlsEnd& end, Datagram datagram) {
    end.connection.handle_input(now, datagram);
    end.drain(now, nullptr);
  }
  Datagram take(DtlsEnd& end) {
    end.drain(now, nullptr);
    Datagram all;
    for (const Datagram& datagram : std::exchange(end.sent, {})) all = all + datagram;
    return all;
  }
  /// Advances the clock until the end closes. Returns its reason.
  std::optional<Errc> outcome(DtlsEnd& end) {
    while (!end.closed) {
      const TimePoint next = end.drain(now, nullptr);
      if (next == kNever || end.closed) break;
      now = next;
    }
    return end.closed ? std::optional(end.closed->reason) : std::nullopt;
  }
};

using Refusal = std::pair<std::optional<Errc>, int>;

/// A client of ours against a server that breaks rules.
class RogueServerTest : public RoguePeerTest {
 protected:
  std::optional<RogueServer> rogue;
  std::optional<DtlsEnd> client;

  void start(std::span<const Group> groups = dtls::kGroups, std::vector<std::uint16_t> profiles = {7, 1}) {
    now = TimePoint{};
    rogue.emplace(*provider);
    auto made = config(dtls::Role::client, rogue->identity);
    made.groups = groups;
    made.srtp_profiles = std::move(profiles);
    client.emplace(std::move(made), identity, *provider);
    client->connection.start(now);
  }
  /// Runs the handshake up to the server's Finished.
  void until_finished() {
    start();
    give(*client, rogue->flight_4(take(*client), {}));
    rogue->read_flight_5(take(*client));
  }
  void connect() {
    until_finished();
    give(*client, rogue->flight_6(rogue->verify_data()));
    ASSERT_EQ(client->connected, 1);
    client->sent.clear();
  }
  /// The reason for which the client rejects a server flight, and the alert that it sends when the grace period ends.
  std::pair<std::optional<Errc>, int> refusal(const RogueServer::Plan& plan) {
    const TimePoint asked = now;
    give(*client, rogue->flight_4(take(*client), plan));
    EXPECT_TRUE(take(*client).empty()) << "it answered the flight, or sent its alert at once";
    const auto reason = outcome(*client);
    EXPECT_GE(now, asked + 4s);
    const Datagram& last = client->sent.back();
    return {reason, last[0] == 21 && last.size() == 15 ? last[14] : -1};
  }
  std::pair<std::optional<Errc>, int> refusal_of_extension(std::uint16_t type, const Datagram& data) {
    start(dtls::kGroups, type == 14 && data.empty() ? std::vector<std::uint16_t>{} : std::vector<std::uint16_t>{7, 1});
    return refusal({.extensions = extension(type, data)});
  }
  static Datagram extension(std::uint16_t type, const Datagram& data) {
    Datagram bytes(4 + data.size());
    Writer w(bytes);
    w.u16(type);
    w.opaque16(data);
    return bytes;
  }
  /// The protected alert that the client sent last.
  int alert() {
    const Datagram text = rogue->opened(take(*client));
    return text.size() == 2 ? text[1] : -1;
  }
};

/// A server of ours against a client that breaks rules.
class RogueClientTest : public RoguePeerTest {
 protected:
  std::optional<RogueClient> rogue;
  std::optional<DtlsEnd> server;

  void start() {
    now = TimePoint{};
    rogue.emplace(*provider);
    server.emplace(config(dtls::Role::server, rogue->identity), identity, *provider);
    server->connection.start(now);
  }
  void until_finished() {
    start();
    give(*server, rogue->hello());
    give(*server, rogue->flight_5(take(*server)));
  }
  /// The type of each extension in the server's hello.
  std::vector<std::uint16_t> answered_extensions(const HelloParts& parts) {
    start();
    give(*server, rogue->hello(parts));
    const Datagram flight = take(*server);
    std::vector<std::uint16_t> types;
    // Behind record and message header: version, random, no session, suite, compression.
    Reader reader(Bytes(flight).subspan(13 + 12 + 2 + 32 + 1 + 2 + 1));
    for (Reader list = reader.prefixed16(); !list.empty();) {
      types.push_back(list.u16());
      list.opaque16();
    }
    return types;
  }
};

}  // namespace redan::test
