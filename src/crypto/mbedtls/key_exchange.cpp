#include <mbedtls/ecdh.h>

#include "base/assert.hpp"
#include "crypto/mbedtls/primitives.hpp"

namespace redan::mbedtls {
namespace {

constexpr std::size_t kMaxPointSize = 97;  // P-384, uncompressed

class MbedtlsKeyExchange final : public KeyExchange {
 public:
  MbedtlsKeyExchange(Shared shared, Group group)
      : group_(group), curve_(shared.curves.get(group)), random_(shared.random) {
    EcpPoint point;
    REDAN_ASSERT(mbedtls_ecdh_gen_public(curve_, private_.get(), point.get(), random_callback, &random_) == 0);
    std::size_t size = 0;
    REDAN_ASSERT(mbedtls_ecp_point_write_binary(curve_, point.get(), MBEDTLS_ECP_PF_UNCOMPRESSED, &size, share_.data(),
                                                share_.size()) == 0);
    REDAN_ASSERT(size == share_size());
  }

  Bytes share() const override { return Bytes(share_).first(share_size()); }

  bool finish(Bytes peer_share, SharedSecret& secret) override {
    if (peer_share.size() != share_size()) return false;
    if (group_ != Group::x25519 && peer_share[0] != 4) return false;
    EcpPoint peer;
    if (!read_point(curve_, peer_share, peer.get())) return false;
    Mpi result;
    if (mbedtls_ecdh_compute_shared(curve_, result.get(), peer.get(), private_.get(), random_callback, &random_) != 0) {
      return false;
    }
    const MutableBytes out = secret.fill(field_size());
    if (group_ != Group::x25519) return mbedtls_mpi_write_binary(result.get(), out.data(), out.size()) == 0;
    // RFC 7748 section 5: X25519 is little-endian. Section 6.1: an all-zero result is refused.
    return mbedtls_mpi_cmp_int(result.get(), 0) != 0 &&
           mbedtls_mpi_write_binary_le(result.get(), out.data(), out.size()) == 0;
  }

 private:
  [[nodiscard]] std::size_t field_size() const { return group_ == Group::secp384r1 ? 48 : 32; }
  [[nodiscard]] std::size_t share_size() const { return group_ == Group::x25519 ? field_size() : 1 + 2 * field_size(); }

  Group group_;
  mbedtls_ecp_group* curve_;
  RandomSource& random_;
  Mpi private_;
  std::array<std::uint8_t, kMaxPointSize> share_{};
};

}  // namespace

std::unique_ptr<KeyExchange> make_key_exchange(Shared shared, Group group) {
  return std::make_unique<MbedtlsKeyExchange>(shared, group);
}

}  // namespace redan::mbedtls
