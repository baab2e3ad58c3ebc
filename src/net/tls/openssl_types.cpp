#include "net/tls/openssl_types.hpp"

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include <array>

namespace redan::net {
namespace {

constexpr int kServiceKeyBits = 4096;

}  // namespace

X509Ptr certificate_of(Bytes der) {
  const unsigned char* at = der.data();
  X509Ptr certificate(d2i_X509(nullptr, &at, static_cast<long>(der.size())));
  return at == der.data() + der.size() ? std::move(certificate) : nullptr;
}

KeyPtr key_of(Bytes der) {
  const unsigned char* at = der.data();
  return KeyPtr(d2i_AutoPrivateKey(nullptr, &at, static_cast<long>(der.size())));
}

std::vector<X509Ptr> parse_certificates(std::string_view pem) {
  const BioPtr bio = memory_bio(pem);
  std::vector<X509Ptr> certificates;
  while (X509* next = PEM_read_bio_X509(bio.get(), nullptr, refuse_password, nullptr)) certificates.emplace_back(next);
  const bool at_end = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
  ERR_clear_error();
  if (!at_end) certificates.clear();
  return certificates;
}

BioPtr memory_bio(std::string_view text) { return BioPtr(BIO_new_mem_buf(text.data(), static_cast<int>(text.size()))); }

int refuse_password(char*, int, int, void*) { return -1; }

Digest sha256_of(const X509* certificate) {
  Digest digest;
  unsigned size = 0;
  X509_digest(certificate, EVP_sha256(), digest.storage.data(), &size);
  digest.size = size;
  return digest;
}

bool is_rsa_4096(const EVP_PKEY* key) {
  if (key == nullptr || EVP_PKEY_get_base_id(key) != EVP_PKEY_RSA || EVP_PKEY_get_bits(key) < kServiceKeyBits)
    return false;
  BIGNUM* exponent = nullptr;
  const bool known = EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_RSA_E, &exponent) == 1;
  const bool usual = known && BN_is_word(exponent, RSA_F4) == 1;
  BN_free(exponent);
  return usual;
}

std::string key_kind(const EVP_PKEY* key) {
  if (key == nullptr) return "unknown";
  if (EVP_PKEY_get_base_id(key) == EVP_PKEY_RSA) return "RSA-" + std::to_string(EVP_PKEY_get_bits(key));
  const char* type = EVP_PKEY_get0_type_name(key);
  std::string kind = type == nullptr ? "unknown" : type;
  std::array<char, 64> group{};
  std::size_t size = 0;
  if (EVP_PKEY_get_group_name(key, group.data(), group.size(), &size) == 1) kind.append(" ").append(group.data(), size);
  return kind;
}

}  // namespace redan::net
