// Our DTLS with OpenSSL's own, in memory, in both roles: handshake, data, exporter, close.
#include <gtest/gtest.h>

#include "tests/interop/openssl_peer.hpp"

namespace redan {
namespace {

using test::OpenSslPeer;

struct Case {
  std::uint16_t suite;
  KeyType ours, theirs;
  bool we_serve;
};

class OpenSslInterop : public testing::TestWithParam<Case> {};

TEST_P(OpenSslInterop, ConnectsTransfersDataExportsTheSameKeysAndCloses) {
  const auto provider = default_provider();
  const Identity ours = test::test_identity(*provider, GetParam().ours);
  const Identity theirs = test::test_identity(*provider, GetParam().theirs);
  dtls::ConnectionConfig config;
  config.role = GetParam().we_serve ? dtls::Role::server : dtls::Role::client;
  config.peer_fingerprints = {Fingerprint::of(*provider, HashAlgorithm::sha256, theirs.certificate_der)};
  config.srtp_profiles = {7, 1};
  config.require_srtp = true;
  test::DtlsEnd us(config, ours, *provider);
  OpenSslPeer peer({.serves = !GetParam().we_serve, .identity = &theirs, .suite = GetParam().suite});

  us.connection.start(TimePoint{});
  bool done = false;
  const auto exchange = [&] {
    us.drain(TimePoint{}, nullptr);
    for (auto& datagram : std::exchange(us.sent, {})) peer.in.push_back(datagram);
    if (!done) done = peer.handshake();
    for (auto& datagram : std::exchange(peer.out, {})) us.connection.handle_input(TimePoint{}, datagram);
  };
  for (int i = 0; i < 6; ++i) exchange();
  ASSERT_TRUE(done) << ERR_error_string(ERR_get_error(), nullptr);
  us.drain(TimePoint{}, nullptr);
  ASSERT_EQ(us.connected, 1);
  EXPECT_EQ(us.connection.session().suite->name, SSL_CIPHER_standard_name(SSL_get_current_cipher(peer.ssl)));
  EXPECT_EQ(SSL_get_selected_srtp_profile(peer.ssl)->id, us.connection.session().srtp_profile);

  // Data, in both directions.
  peer.in.push_back(us.seal("from redan"));
  std::array<char, 100> text{};
  const int n = SSL_read(peer.ssl, text.data(), static_cast<int>(text.size()));
  EXPECT_EQ(std::string(text.data(), static_cast<std::size_t>(std::max(n, 0))), "from redan");
  SSL_write(peer.ssl, "from openssl", 12);
  for (auto& datagram : std::exchange(peer.out, {})) us.connection.handle_input(TimePoint{}, datagram);
  us.drain(TimePoint{}, nullptr);
  EXPECT_EQ(us.received, std::vector<std::string>{"from openssl"});

  // RFC 5705 and RFC 5764 keys.
  std::array<std::uint8_t, 60> our_keys{};
  std::array<std::uint8_t, 60> their_keys{};
  ASSERT_TRUE(us.connection.export_keying_material("EXTRACTOR-dtls_srtp", std::nullopt, our_keys));
  SSL_export_keying_material(peer.ssl, their_keys.data(), their_keys.size(), "EXTRACTOR-dtls_srtp", 19, nullptr, 0, 0);
  EXPECT_EQ(our_keys, their_keys);
  ASSERT_TRUE(us.connection.export_keying_material("label", as_bytes("context"), our_keys));
  SSL_export_keying_material(peer.ssl, their_keys.data(), their_keys.size(), "label", 5,
                             reinterpret_cast<const unsigned char*>("context"), 7, 1);
  EXPECT_EQ(our_keys, their_keys);

  // Their close_notify.
  SSL_shutdown(peer.ssl);
  for (auto& datagram : std::exchange(peer.out, {})) us.connection.handle_input(TimePoint{}, datagram);
  us.drain(TimePoint{}, nullptr);
  ASSERT_TRUE(us.closed);
  EXPECT_EQ(us.closed->reason, Errc::dtls_peer_closed);
}

// OpenSSL requests a new handshake over the established connection: a HelloRequest from its server, a ClientHello from
// its client, both protected. RFC 8827 section 6.5 forbids it. OpenSSL is informed by one warning, and data continues.
TEST(OpenSslRenegotiation, IsRefusedOnceAndChangesNothing) {
  const auto provider = default_provider();
  const Identity identity = test::test_identity(*provider);
  for (const bool we_serve : {false, true}) {
    dtls::ConnectionConfig config;
    config.role = we_serve ? dtls::Role::server : dtls::Role::client;
    config.peer_fingerprints = {Fingerprint::of(*provider, HashAlgorithm::sha256, identity.certificate_der)};
    const Identity ours = test::test_identity(*provider);
    test::DtlsEnd us(config, ours, *provider);
    OpenSslPeer peer({.serves = !we_serve, .identity = &identity, .suite = test::kAnySuite});
    us.connection.start(TimePoint{});
    const auto exchange = [&] {
      us.drain(TimePoint{}, nullptr);
      for (auto& datagram : std::exchange(us.sent, {})) peer.in.push_back(datagram);
      peer.handshake();
      for (auto& datagram : std::exchange(peer.out, {})) us.connection.handle_input(TimePoint{}, datagram);
    };
    for (int i = 0; i < 6; ++i) exchange();
    ASSERT_EQ(us.connected, 1);
    ASSERT_TRUE(SSL_is_init_finished(peer.ssl));
    us.sent.clear();

    ASSERT_EQ(SSL_renegotiate(peer.ssl), 1);
    peer.handshake();
    const auto asked = std::exchange(peer.out, {});
    ASSERT_FALSE(asked.empty());
    for (int i = 0; i < 3; ++i) {
      for (auto datagram : asked) us.connection.handle_input(TimePoint{}, datagram);
      // A copy is a replay: it is dropped before it is decrypted.
      EXPECT_EQ(us.connection.drops()[dtls::Drop::unexpected_message], asked.size());
    }
    us.drain(TimePoint{}, nullptr);
    EXPECT_EQ(us.sent.size(), 1U) << "one no_renegotiation";
    EXPECT_FALSE(us.closed);
    std::vector<std::uint8_t> record = us.seal("still here");
    EXPECT_FALSE(record.empty());
    EXPECT_TRUE(us.connection.connected());

    // The alert is a protected warning with value 100, so only OpenSSL can read it.
    int alert = 0;
    SSL_set_msg_callback_arg(peer.ssl, &alert);
    SSL_set_msg_callback(peer.ssl, [](int sent, int, int type, const void* bytes, std::size_t size, SSL*, void* seen) {
      const auto* value = static_cast<const std::uint8_t*>(bytes);
      if (sent == 0 && type == SSL3_RT_ALERT && size == 2) *static_cast<int*>(seen) = value[0] << 8 | value[1];
    });
    for (auto& datagram : std::exchange(us.sent, {})) peer.in.push_back(datagram);
    char text = 0;
    EXPECT_LE(SSL_read(peer.ssl, &text, 1), 0);
    EXPECT_EQ(alert, 1 << 8 | 100) << (we_serve ? "we serve" : "we connect");
  }
}

std::vector<Case> cases() {
  std::vector<Case> all;
  const auto ec = KeyType::ecdsa_p256;
  for (const bool we_serve : {false, true}) {
    for (const dtls::CipherSuite& suite : dtls::kCipherSuites) {
      const KeyType server = suite.certificate == dtls::CertificateKind::rsa ? KeyType::rsa_2048 : ec;
      all.push_back({suite.id, we_serve ? server : ec, we_serve ? ec : server, we_serve});
    }
    all.push_back({test::kAnySuite, KeyType::ecdsa_p384, KeyType::ecdsa_p384, we_serve});
    all.push_back({test::kAnySuite, KeyType::rsa_2048, KeyType::rsa_2048, we_serve});
  }
  return all;
}

INSTANTIATE_TEST_SUITE_P(Suites, OpenSslInterop, testing::ValuesIn(cases()));

}  // namespace
}  // namespace redan
