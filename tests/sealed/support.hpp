// An AMS, a runtime and a client with a grant, and the handshake between them.
#pragma once

#include <gtest/gtest.h>

#include "sealed/handshake.hpp"

namespace redan::sealed::test {

inline constexpr WallTime kNow{1'800'000'000};

inline Ed25519Key key_of(std::uint8_t seed) {
  std::array<std::uint8_t, 32> bytes{};
  bytes.fill(seed);
  return Ed25519Key(bytes);
}

struct World {
  std::unique_ptr<Provider> provider = default_provider();
  Ed25519Key ams = key_of(1), runtime = key_of(2), client = key_of(3);
  UsedGrants used;
  std::string session = "s1", instance = "i1";
  WallTime now = kNow;

  [[nodiscard]] RuntimeCertificate certificate() const {
    return {instance, runtime.public_key(), now, {now.seconds_since_1970 + 3600}};
  }
  [[nodiscard]] SessionGrant grant() const {
    return {session, instance, client.public_key(), SessionGrant::Rights::control, {now.seconds_since_1970 + 300}};
  }
  Result<Initiator> initiate(std::vector<std::uint8_t> grant_bytes, std::vector<Suite> suites = {Suite::aes_256_gcm}) {
    return Initiator::begin(*provider, {session, {ams.public_key()}, std::move(grant_bytes), std::move(suites)}, client,
                            now);
  }
  Initiator initiate(Suite suite = Suite::aes_256_gcm) { return std::move(*initiate(grant().sign(ams), {suite})); }
  Responder respond() {
    return Responder(*provider, {session, instance, {ams.public_key()}, certificate().sign(ams)}, runtime, used);
  }
};

/// Two ends that have established a channel.
struct Pair {
  explicit Pair(World& world, Suite suite = Suite::aes_256_gcm) {
    Initiator initiator = world.initiate(suite);
    Responder responder = world.respond();
    const auto share = responder.on_hello(initiator.hello(), world.now);
    auto done = initiator.on_share(share.value(), world.now);
    auto established = responder.on_auth(done.value().auth, world.now);
    client.emplace(std::move(done->established));
    runtime.emplace(std::move(established.value()));
  }
  std::optional<Established> client, runtime;
};

inline std::vector<std::uint8_t> to_vector(const Digest& digest) {
  return {digest.bytes().begin(), digest.bytes().end()};
}

inline Errc error_of(const auto& result) {
  EXPECT_FALSE(result.has_value());
  return result ? Errc{} : result.error();
}

}  // namespace redan::sealed::test
