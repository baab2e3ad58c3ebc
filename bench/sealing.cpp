// The cost of sealing, compared with the libsodium operations that it requires: for a session, both ends' work from
// grant to confirmation key; for a message of 2 KiB, sealed by one end and opened by the other.
#include <sodium.h>

#include <memory>

#include "bench/dtls_work.hpp"
#include "bench/figure.hpp"
#include "sealed/handshake.hpp"

namespace redan::bench {
namespace {

using sealed::Suite;

constexpr WallTime kNow{1'800'000'000};
constexpr int kHandshakes = 20;
constexpr int kMessages = 500;
constexpr std::size_t kMessage = 2048;

std::array<std::uint8_t, 32> seed(std::uint8_t byte) {
  std::array<std::uint8_t, 32> bytes{};
  bytes.fill(byte);
  return bytes;
}

template <class T>
T sure(Result<T> result) {
  if (!result) failed("the sealed channel");
  return std::move(*result);
}

struct Ends {
  sealed::Established client, runtime;
};

class World {
 public:
  Ends handshake(Suite suite) {
    const sealed::SessionGrant grant{"s1",
                                     "i1",
                                     client_.public_key(),
                                     sealed::SessionGrant::Rights::control,
                                     {kNow.seconds_since_1970 + (++grants_ % 300)}};
    const auto grant_bytes = grant.sign(ams_);
    sealed::UsedGrants used;
    auto initiator =
        sure(sealed::Initiator::begin(*provider_, {"s1", {ams_.public_key()}, grant_bytes, {suite}}, client_, kNow));
    sealed::Responder responder(*provider_, {"s1", "i1", {ams_.public_key()}, certificate_}, runtime_, used);
    const auto share = sure(responder.on_hello(initiator.hello(), kNow));
    auto done = sure(initiator.on_share(share, kNow));
    auto runtime = sure(responder.on_auth(done.auth, kNow));
    return {std::move(done.established), std::move(runtime)};
  }

 private:
  std::unique_ptr<Provider> provider_ = default_provider();
  sealed::Ed25519Key ams_{seed(1)}, runtime_{seed(2)}, client_{seed(3)};
  std::vector<std::uint8_t> certificate_ =
      sealed::RuntimeCertificate{"i1", runtime_.public_key(), kNow, {kNow.seconds_since_1970 + 60}}.sign(ams_);
  std::int64_t grants_ = 0;
};

// The grant is signed; both ends make a share, agree, sign, verify the other's signature and the grant; the client
// verifies the certificate.
double bare_handshakes() {
  std::array<std::uint8_t, crypto_sign_PUBLICKEYBYTES> key{};
  std::array<std::uint8_t, crypto_sign_SECRETKEYBYTES> secret{};
  crypto_sign_keypair(key.data(), secret.data());
  const std::array<std::uint8_t, 256> text{};
  for (int i = 0; i < kHandshakes; ++i) {
    std::array<std::array<std::uint8_t, 32>, 2> publics{}, secrets{};
    for (std::size_t end = 0; end < 2; ++end) crypto_box_keypair(publics[end].data(), secrets[end].data());
    for (std::size_t end = 0; end < 2; ++end) {
      std::array<std::uint8_t, 32> shared{};
      if (crypto_scalarmult(shared.data(), secrets[end].data(), publics[1 - end].data()) != 0) failed("libsodium");
    }
    std::array<std::uint8_t, crypto_sign_BYTES> signature{};
    for (int n = 0; n < 3; ++n)
      crypto_sign_detached(signature.data(), nullptr, text.data(), text.size(), secret.data());
    for (int n = 0; n < 5; ++n) {
      if (crypto_sign_verify_detached(signature.data(), text.data(), text.size(), key.data()) != 0) failed("libsodium");
    }
  }
  return kHandshakes;
}

double bare_messages() {
  const std::array<std::uint8_t, crypto_box_BEFORENMBYTES> key{1};
  std::vector<std::uint8_t> text(kMessage), box(kMessage + crypto_box_MACBYTES);
  std::array<std::uint8_t, crypto_box_NONCEBYTES> nonce{};
  for (int i = 0; i < kMessages; ++i) {
    randombytes_buf(nonce.data(), nonce.size());
    crypto_box_easy_afternm(box.data(), text.data(), text.size(), nonce.data(), key.data());
    if (crypto_box_open_easy_afternm(text.data(), box.data(), box.size(), nonce.data(), key.data()) != 0) {
      failed("libsodium");
    }
  }
  return kMessages;
}

void message_row(World& world, const char* label, Suite suite) {
  const std::string body(kMessage, 'x');
  print(compare(
      label, "/s", 0,
      [&world, &body, suite] {
        Ends ends = world.handshake(suite);
        for (int i = 0; i < kMessages; ++i) {
          sure(ends.runtime.channel.open(sure(ends.client.channel.seal("signalling", body))));
        }
        return double{kMessages};
      },
      bare_messages));
}

}  // namespace

void sealing() {
  World world;
  print(compare(
      "sealed sessions, both ends", "/s", 0,
      [&world] {
        for (int i = 0; i < kHandshakes; ++i) world.handshake(Suite::aes_256_gcm);
        return double{kHandshakes};
      },
      bare_handshakes));
  message_row(world, "2 KiB messages, AES-256-GCM", Suite::aes_256_gcm);
  message_row(world, "2 KiB messages, cryptobox", Suite::cryptobox);
}

}  // namespace redan::bench
