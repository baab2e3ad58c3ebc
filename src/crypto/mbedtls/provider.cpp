// The mbedTLS provider: primitives only, no TLS and no X.509.
#include "crypto/mbedtls/provider.hpp"

#include "base/assert.hpp"
#include "crypto/mbedtls/primitives.hpp"
#include "crypto/x25519_mlkem768.hpp"

namespace redan {
namespace mbedtls {
namespace {

/// CTR_DRBG over the system's entropy.
class Drbg final : public RandomSource {
 public:
  Drbg() {
    static constexpr std::string_view kPersonalization = "redan";
    const Bytes personalization = as_bytes(kPersonalization);
    REDAN_ASSERT(mbedtls_ctr_drbg_seed(drbg_.get(), mbedtls_entropy_func, entropy_.get(), personalization.data(),
                                       personalization.size()) == 0);
  }

  void random(MutableBytes out) override {
    while (!out.empty()) {
      const std::size_t size = std::min<std::size_t>(out.size(), MBEDTLS_CTR_DRBG_MAX_REQUEST);
      REDAN_ASSERT(mbedtls_ctr_drbg_random(drbg_.get(), out.data(), size) == 0);
      out = out.subspan(size);
    }
  }

 private:
  Owned<mbedtls_entropy_context, mbedtls_entropy_init, mbedtls_entropy_free> entropy_;
  Owned<mbedtls_ctr_drbg_context, mbedtls_ctr_drbg_init, mbedtls_ctr_drbg_free> drbg_;
};

class MbedtlsProvider final : public Provider {
 public:
  MbedtlsProvider() : own_(std::make_unique<Drbg>()), random_(*own_) {}
  explicit MbedtlsProvider(RandomSource& random) : random_(random) {}

  void random(MutableBytes out) override { random_.random(out); }
  std::string_view name() const override { return "mbedtls"; }

  Digest hash(HashAlgorithm algorithm, Bytes data) override {
    Digest digest;
    digest.size = hash_size(algorithm);
    REDAN_ASSERT(mbedtls_md(md_info(algorithm), data.data(), data.size(), digest.storage.data()) == 0);
    return digest;
  }
  std::unique_ptr<Hash> start_hash(HashAlgorithm algorithm) override { return make_hash(algorithm); }
  std::unique_ptr<Hmac> hmac(HashAlgorithm algorithm, Bytes key) override { return make_hmac(algorithm, key); }
  std::optional<Secret<16>> md5_for_stun_credentials(Bytes text) override {
    const mbedtls_md_info_t* md5 = mbedtls_md_info_from_type(MBEDTLS_MD_MD5);
    if (md5 == nullptr) return std::nullopt;  // configured without it
    Secret<16> key;
    REDAN_ASSERT(mbedtls_md(md5, text.data(), text.size(), key.fill(16).data()) == 0);
    return key;
  }
  std::unique_ptr<Aead> aead(AeadAlgorithm algorithm, Bytes key) override { return make_aead(algorithm, key); }
  std::unique_ptr<RecordNumberCipher> record_number_cipher(AeadAlgorithm algorithm, Bytes key) override {
    return make_record_number_cipher(algorithm, key);
  }
  std::unique_ptr<KeyExchange> start_key_exchange(Group group) override {
    if (group == Group::x25519_mlkem768) return start_x25519_mlkem768(*this);
    return make_key_exchange(shared(), group);
  }
  std::unique_ptr<PrivateKey> generate_key(KeyType type) override { return make_private_key(shared(), type); }
  Result<std::unique_ptr<PrivateKey>> load_private_key(Bytes pkcs8_der) override {
    return mbedtls::load_private_key(shared(), pkcs8_der);
  }
  Result<std::unique_ptr<PublicKey>> load_public_key(Bytes subject_public_key_info_der) override {
    return mbedtls::load_public_key(shared(), subject_public_key_info_der);
  }

 private:
  Shared shared() { return {curves_, random_}; }

  std::unique_ptr<Drbg> own_;
  RandomSource& random_;
  Curves curves_;
};

}  // namespace

mbedtls_ecp_group* Curves::get(Group group) {
  EcpGroup& curve = group == Group::x25519 ? x25519_ : group == Group::secp384r1 ? p384_ : p256_;
  const mbedtls_ecp_group_id id = group == Group::x25519      ? MBEDTLS_ECP_DP_CURVE25519
                                  : group == Group::secp384r1 ? MBEDTLS_ECP_DP_SECP384R1
                                                              : MBEDTLS_ECP_DP_SECP256R1;
  if (curve->id != id) REDAN_ASSERT(mbedtls_ecp_group_load(curve.get(), id) == 0);
  return curve.get();
}

int random_callback(void* source, unsigned char* out, std::size_t size) {
  static_cast<RandomSource*>(source)->random({out, size});
  return 0;
}

bool read_point(mbedtls_ecp_group* group, Bytes encoded, mbedtls_ecp_point* point) {
  return mbedtls_ecp_point_read_binary(group, point, encoded.data(), encoded.size()) == 0 &&
         mbedtls_ecp_check_pubkey(group, point) == 0;
}

}  // namespace mbedtls

std::unique_ptr<Provider> mbedtls_provider() { return std::make_unique<mbedtls::MbedtlsProvider>(); }
std::unique_ptr<Provider> mbedtls_provider(RandomSource& random) {
  return std::make_unique<mbedtls::MbedtlsProvider>(random);
}

}  // namespace redan
