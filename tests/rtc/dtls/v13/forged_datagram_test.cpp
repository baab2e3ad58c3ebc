// One forged datagram of each kind at each position of a DTLS 1.3 handshake, to either side.
#include <gtest/gtest.h>

#include "rtc/dtls/hello/server_hello.hpp"
#include "tests/support/forgeries.hpp"
#include "tests/support/handshake_wire.hpp"

namespace redan {
namespace {

using namespace std::chrono_literals;
using test::Datagram;

class ForgedDatagram13 : public testing::Test {
 protected:
  std::unique_ptr<Provider> provider = default_provider();
  Identity client_identity = test::test_identity(*provider);
  Identity server_identity = test::test_identity(*provider);
  bool cookie = false;
  std::uint16_t lowest = dtls::kDtls12;

  dtls::ConnectionConfig config(dtls::Role role) {
    const Identity& peer = role == dtls::Role::client ? server_identity : client_identity;
    dtls::ConnectionConfig made;
    made.role = role;
    made.min_version = lowest;
    made.peer_fingerprints = {Fingerprint::of(*provider, HashAlgorithm::sha256, peer.certificate_der)};
    made.srtp_profiles = {7, 1};
    made.require_cookie = cookie;
    return made;
  }
  bool survives(const test::HandshakeWire::Forge& forge, std::string* story, std::array<int, 2>* delivered = nullptr) {
    test::RedanParty client(config(dtls::Role::client), client_identity, *provider);
    test::RedanParty server(config(dtls::Role::server), server_identity, *provider);
    test::HandshakeWire wire(client, server, {.one_way = 25ms});
    wire.forge = forge;
    const bool ok = wire.run();
    *story = client.story() + ", " + server.story();
    if (delivered != nullptr) *delivered = {wire.delivered(false), wire.delivered(true)};
    return ok && client.end.connection.session().version == dtls::kDtls13;
  }
  Datagram server_hello(const dtls::Random& random, dtls::KeyShare share, Bytes cookie_bytes) {
    Datagram body(2048);
    Writer writer(body);
    dtls::ServerHello::write_13(writer, random, dtls::kCipherSuites13[0], share, cookie_bytes);
    body.resize(writer.size());
    return test::Message{2, 0, body}.datagram();
  }
  /// The kinds of DTLS 1.2, and those that only 1.3 has.
  std::vector<test::Forgery> kinds() {
    auto all = test::forgeries(*provider);
    const auto fixed = [](Datagram datagram) { return [=](bool, const Datagram&) { return datagram; }; };
    const auto exchange = provider->start_key_exchange(Group::x25519);
    dtls::Random random{};
    provider->random(random);
    const std::array<std::uint8_t, 8> cookie_bytes{1, 2, 3};
    const auto x25519 = static_cast<std::uint16_t>(Group::x25519);
    const auto p384 = static_cast<std::uint16_t>(Group::secp384r1);
    all.push_back(
        {"ServerHello of 1.3 with the forger's share", fixed(server_hello(random, {x25519, exchange->share()}, {}))});
    all.push_back(
        {"HelloRetryRequest for another group", fixed(server_hello(dtls::kRetryRequest, {p384, {}}, cookie_bytes))});
    all.push_back({"HelloRetryRequest with a cookie", fixed(server_hello(dtls::kRetryRequest, {}, cookie_bytes))});
    all.push_back({"plaintext ACK", fixed(test::record(26, 0, 9, {0, 0}))});
    Datagram sealed(60, 0x5A);
    sealed[0] = 0x2E;
    sealed[3] = 0;
    sealed[4] = 55;
    all.push_back({"protected record of the handshake epoch", fixed(sealed)});
    sealed[0] = 0x2F;
    all.push_back({"protected record of the application epoch", fixed(sealed)});
    test::DtlsPair other(*provider, test::DtlsPairOptions::only(dtls::kDtls13));
    other.client.connection.start(other.now);
    other.client.drain(other.now, nullptr);
    all.push_back({"first half of another hello of 1.3", fixed(other.client.sent.front())});
    test::DtlsPairOptions options = test::DtlsPairOptions::only(dtls::kDtls13);
    static constexpr std::array kOne{Group::x25519};
    options.client.groups = kOne;
    test::DtlsPair small(*provider, options);
    small.client.connection.start(small.now);
    small.client.drain(small.now, nullptr);
    all.push_back({"another hello of 1.3", fixed(small.client.sent.front())});
    return all;
  }
};

TEST_F(ForgedDatagram13, OfAnyKindAnywhereEndsNoHandshakeAndLowersNoVersion) {
  const auto all = kinds();
  ASSERT_EQ(all.size(), 35U);
  for (const bool with_cookie : {false, true}) {
    for (const std::uint16_t version : {dtls::kDtls12, dtls::kDtls13}) {
      cookie = with_cookie;
      lowest = version;
      std::array<int, 2> positions{};
      std::string story;
      ASSERT_TRUE(survives({}, &story, &positions)) << story;
      for (const test::Forgery& kind : all) {
        for (const bool victim : {false, true}) {
          for (const bool keyed_to : {false, true}) {
            for (int position = 0; position < positions[keyed_to ? 1 : 0]; ++position) {
              const bool ok = survives(
                  [&](bool to_server, int index, const Datagram& genuine) {
                    if (to_server != keyed_to || index != position) return std::pair(victim, Datagram());
                    return std::pair(victim, kind.make(victim, victim == keyed_to ? genuine : Datagram()));
                  },
                  &story);
              EXPECT_TRUE(ok) << kind.name << (victim ? ", to the server, " : ", to the client, ") << position
                              << ", cookie " << with_cookie << ": " << story;
            }
          }
        }
      }
    }
  }
}

TEST_F(ForgedDatagram13, CopyWithAnyByteChangedEndsNoHandshake) {
  for (const bool keyed_to : {false, true}) {
    for (int position = 0; position < 3; ++position) {
      for (std::size_t at = 0; at < 1200; at += 7) {
        std::string story;
        bool beyond = true;
        const bool ok = survives(
            [&](bool to_server, int index, Datagram datagram) {
              if (to_server != keyed_to || index != position || at >= datagram.size()) {
                datagram.clear();
              } else {
                datagram[at] ^= 1U;
                beyond = false;
              }
              return std::pair(to_server, datagram);
            },
            &story);
        EXPECT_TRUE(ok) << (keyed_to ? "to the server, " : "to the client, ") << position << ", byte " << at << ": "
                        << story;
        if (beyond) break;
      }
    }
  }
}

}  // namespace
}  // namespace redan
