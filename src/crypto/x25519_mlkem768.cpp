#include "crypto/x25519_mlkem768.hpp"

#include "crypto/mlkem/mlkem768.hpp"

namespace redan {
namespace {

using mlkem::kCiphertextSize;
using mlkem::kEncapsulationKeySize;

constexpr std::size_t kX25519Size = 32;  // RFC 7748 section 5
constexpr std::size_t kInitiatorShareSize = kEncapsulationKeySize + kX25519Size;
constexpr std::size_t kResponderShareSize = kCiphertextSize + kX25519Size;
static_assert(kInitiatorShareSize <= kMaxKeyShareSize && kResponderShareSize <= kMaxKeyShareSize);

Secret<64> random_seed(Provider& provider) {
  Secret<64> seed;
  provider.random(seed.fill(64));
  return seed;
}

/// Fills the second half of the hybrid secret.
bool finish_x25519(KeyExchange& exchange, Bytes peer_share, SharedSecret& secret) {
  SharedSecret half;
  if (!exchange.finish(peer_share, half)) return false;
  std::ranges::copy(half.expose(),
                    secret.fill(mlkem::kSharedSecretSize + kX25519Size).begin() + mlkem::kSharedSecretSize);
  return true;
}

/// For the first half of the hybrid secret.
std::span<std::uint8_t, mlkem::kSharedSecretSize> first_half(SharedSecret& secret) {
  return secret.fill(mlkem::kSharedSecretSize + kX25519Size).first<mlkem::kSharedSecretSize>();
}

class HybridKeyExchange final : public KeyExchange {
 public:
  explicit HybridKeyExchange(Provider& provider)
      : key_(mlkem::KeySeed(random_seed(provider).expose().first<64>())),
        x25519_(provider.start_key_exchange(Group::x25519)) {
    const auto rest = std::ranges::copy(key_.encapsulation_key(), share_.begin()).out;
    std::ranges::copy(x25519_->share(), rest);
  }

  Bytes share() const override { return share_; }

  bool finish(Bytes peer_share, SharedSecret& secret) override {
    if (peer_share.size() != kResponderShareSize) return false;
    if (!finish_x25519(*x25519_, peer_share.last<kX25519Size>(), secret)) return false;
    key_.decapsulate(peer_share.first<kCiphertextSize>(), first_half(secret));
    return true;
  }

 private:
  mlkem::DecapsulationKey key_;
  std::unique_ptr<KeyExchange> x25519_;
  std::array<std::uint8_t, kInitiatorShareSize> share_{};
};

}  // namespace

std::unique_ptr<KeyExchange> start_x25519_mlkem768(Provider& provider) {
  return std::make_unique<HybridKeyExchange>(provider);
}

std::optional<KeyExchangeResponse> respond_x25519_mlkem768(Provider& provider, Bytes initiator_share) {
  if (initiator_share.size() != kInitiatorShareSize) return std::nullopt;
  KeyExchangeResponse response;
  response.share.resize(kResponderShareSize);
  const std::unique_ptr<KeyExchange> x25519 = provider.start_key_exchange(Group::x25519);
  if (!finish_x25519(*x25519, initiator_share.last<kX25519Size>(), response.secret)) return std::nullopt;
  Secret<32> message;
  provider.random(message.fill(32));
  if (!mlkem::encapsulate(initiator_share.first<kEncapsulationKeySize>(), mlkem::Message(message.expose().first<32>()),
                          std::span(response.share).first<kCiphertextSize>(), first_half(response.secret))) {
    return std::nullopt;
  }
  std::ranges::copy(x25519->share(), response.share.begin() + kCiphertextSize);
  return response;
}

}  // namespace redan
