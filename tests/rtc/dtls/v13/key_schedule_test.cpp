#include "rtc/dtls/v13/key_schedule.hpp"

#include <gtest/gtest.h>

#include "base/hex.hpp"

namespace redan::dtls::v13 {
namespace {

struct Known {
  HashAlgorithm hash;
  const char* client_handshake;
  const char* server_handshake;
  const char* master;
  const char* client_application;
  const char* server_application;
  const char* exporter;
  const char* updated;
  const char* finished;
  const char* exported;
};

// Computed with the HKDF and HMAC of the Python package cryptography: the shared secret is 00 01 ... 1f, the
// transcripts are the texts "hello" and "finished".
constexpr std::array kKnown{
    Known{HashAlgorithm::sha256, "c5a4c21c26920584b80ad82af3082490f0017fd3f94b0a3470ebe034480c8061",
          "5bc832ace46c42821bc394818e8bf6c8b191b3acc11bed5c5089a4a4082cee9a",
          "219a76ca5664f6da265aaa2f1336525fb3db2c8b9a6da9e29b5fa7e4107d17e4",
          "d2eb27498355dfc5b0970d3b58b4b6d2f2a8c6fb0ef614b5cd84abf31dda6292",
          "6bb3c913b2a4e2abe56a112d7d0555c49ca91da2a1fef71f2f56a5f8b267eb85",
          "b50d762e0444f02732f31e67fa328ff4bd956bb2a74d9f3cc2ca5dce99cdc62b",
          "47529de12727481d773a63f62e0502f3a72337fa155289933a2cb89d6975bfa7",
          "68ba2d53ef9b22f8b5d78b3d22054926213060f9c2d4a35c7f379efccee0c34e",
          "7df0a99214655e44aa9a5f72064a25a882f8e17e19aa9daedccd98fafe438d31e0b7e5af9ea3b0df2273bc55d84f0378b064335797b7"
          "7955eb22204b"},
    Known{HashAlgorithm::sha384,
          "0e7adc52b8ccf66fd61eb3ae0e14e0152d0e533fd620a9d41e4c23d6259d7e208f27589ffcdbf65a9bf9657dc50565e4",
          "bf1131b43defd00afa41e6701dae96fd43e40623898dddbe8aebf44a2218cf2736825cac87bcb02265bfb4ce8fa1de71",
          "e92250ce2e24a94bc44b111426b53b99d80ac47b89e8c6414f10e3fd073f84f61efd09ae8e49e59fd7ee0d2f26770f3c",
          "a73f8bb839fa323a5e9840d023a5d6d7fdbeb698e81f54721a3134247b57a6343ab90a033027f7ed28670c0c66482440",
          "a1210da35e0f9a02338dc3bfbd7807bd8f8e99e50a7ef1314b586dcc9818baedb450f3bbc43c6b1a0c00e1a7e853c210",
          "f944443cd0b9d0469839fdb55fd056df49007b1eca4f639d01e9496c5d28b96faaee0009fff49b596bd18ae8d28bea59",
          "e5437035d7df5b3a89c1a5bd20e238c57d130bcdbe8acf8dadd1eb99626d62e03ad4f573e97736e76fab22ff80043e2b",
          "86b468027a89f52cf8c125f5154980d9b84b25b29a6916459a6cfa76eeb098feef18c0fab8e86c750d4906c323df81de",
          "4c621d341abeeaedebc7f0a7438331dc3ff429d3bb81a2c9bc3137e7a58abd39d164ee55fe4a7f08bf881a88c73e91f14032c6c38dc3"
          "943a5d81634c"},
};

std::string text(const HashSecret& secret) { return to_hex(secret.expose()); }

TEST(KeySchedule13, MakesTheKnownSecrets) {
  for (const auto& make : {openssl_provider, mbedtls_provider}) {
    const auto provider = make();
    for (const Known& known : kKnown) {
      std::array<std::uint8_t, 32> shared{};
      for (std::size_t i = 0; i < shared.size(); ++i) shared[i] = static_cast<std::uint8_t>(i);
      const Digest hello = provider->hash(known.hash, as_bytes("hello"));
      const Digest end = provider->hash(known.hash, as_bytes("finished"));
      const HandshakeSecrets secrets = handshake_secrets(*provider, known.hash, shared, hello.bytes());
      EXPECT_EQ(text(secrets.traffic.client), known.client_handshake);
      EXPECT_EQ(text(secrets.traffic.server), known.server_handshake);
      EXPECT_EQ(text(secrets.master), known.master);
      const ApplicationSecrets application = application_secrets(*provider, known.hash, secrets.master, end.bytes());
      EXPECT_EQ(text(application.traffic.client), known.client_application);
      EXPECT_EQ(text(application.traffic.server), known.server_application);
      EXPECT_EQ(text(application.exporter), known.exporter);
      EXPECT_EQ(text(next_secret(*provider, known.hash, application.traffic.server)), known.updated);
      EXPECT_EQ(to_hex(verify_data(*provider, known.hash, secrets.traffic.server, end.bytes()).bytes()),
                known.finished);
      std::array<std::uint8_t, 60> exported{};
      export_keying_material(*provider, known.hash, application.exporter, "EXTRACTOR-dtls_srtp", {}, exported);
      EXPECT_EQ(to_hex(exported), known.exported);
    }
  }
}

// RFC 8448 section 3: the client's handshake traffic secret and its keys, with the prefix of TLS.
TEST(KeySchedule13, ExpandsLabelsAsInTls) {
  const auto provider = default_provider();
  const auto secret = *from_hex("b3eddb126e067f35a780b3abf45e2d8f3b1a950738f52e9600746a0e27a55a21");
  std::array<std::uint8_t, 16> key{};
  expand_label(*provider, HashAlgorithm::sha256, secret, "key", {}, key, "tls13 ");
  EXPECT_EQ(to_hex(key), "dbfaa693d1762c5b666af5d950258d01");
  std::array<std::uint8_t, 12> iv{};
  expand_label(*provider, HashAlgorithm::sha256, secret, "iv", {}, iv, "tls13 ");
  EXPECT_EQ(to_hex(iv), "5bd3c71b836e0b76bb73265f");
}

}  // namespace
}  // namespace redan::dtls::v13
