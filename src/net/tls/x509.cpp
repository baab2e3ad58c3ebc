#include "net/tls/x509.hpp"

#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <ctime>
#include <memory>

#include "base/base64.hpp"
#include "base/hex.hpp"
#include "net/tls/openssl_types.hpp"

namespace redan::net {
namespace {

struct Free {
  void operator()(BIO* bio) const { BIO_free(bio); }
  void operator()(X509* certificate) const { X509_free(certificate); }
  void operator()(X509_STORE* store) const { X509_STORE_free(store); }
  void operator()(X509_STORE_CTX* context) const { X509_STORE_CTX_free(context); }
  void operator()(STACK_OF(X509) * stack) const { sk_X509_pop_free(stack, X509_free); }
};
template <class T>
using Owned = std::unique_ptr<T, Free>;

// Requires that the certificate uses all of the bytes.
Owned<X509> read_der(Bytes der) {
  const unsigned char* at = der.data();
  Owned<X509> certificate(d2i_X509(nullptr, &at, static_cast<long>(der.size())));
  if (certificate && at != der.data() + der.size()) return nullptr;
  return certificate;
}

std::vector<std::uint8_t> write_der(X509* certificate) {
  std::vector<std::uint8_t> der(static_cast<std::size_t>(std::max(i2d_X509(certificate, nullptr), 0)));
  unsigned char* at = der.data();
  i2d_X509(certificate, &at);
  return der;
}

}  // namespace

std::optional<std::vector<std::uint8_t>> parse_certificate(std::string_view text) {
  constexpr std::size_t kMax = 64 * 1024;
  if (text.size() > kMax) return std::nullopt;
  if (text.find("-----BEGIN") == std::string_view::npos) {
    auto der = from_base64(text);
    if (!der || !read_der(*der)) return std::nullopt;
    return der;
  }
  const Owned<BIO> bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
  const Owned<X509> first(PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr));
  const Owned<X509> second(first ? PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr) : nullptr);
  if (!first || second) return std::nullopt;
  return write_der(first.get());
}

std::string certificate_fingerprint(Bytes certificate_der) {
  std::array<std::uint8_t, 32> digest{};
  EVP_Digest(certificate_der.data(), certificate_der.size(), digest.data(), nullptr, EVP_sha256(), nullptr);
  return to_hex(digest);
}

std::optional<CertificateFacts> certificate_facts(Bytes certificate_der) {
  const Owned<X509> certificate = read_der(certificate_der);
  std::tm end{};
  if (!certificate || ASN1_TIME_to_tm(X509_get0_notAfter(certificate.get()), &end) != 1) return std::nullopt;
  CertificateFacts facts;
  facts.not_after = {::timegm(&end)};
  const EVP_PKEY* key = X509_get0_pubkey(certificate.get());
  facts.key = key_kind(key);
  facts.is_rsa_4096 = is_rsa_4096(key);
  return facts;
}

bool is_issued_by(Bytes certificate_der, const std::vector<std::vector<std::uint8_t>>& chain, Bytes authority_der,
                  WallTime now) {
  const Owned<X509> authority = read_der(authority_der);
  const Owned<X509> certificate = read_der(certificate_der);
  const Owned<STACK_OF(X509)> between(sk_X509_new_null());
  const Owned<X509_STORE> store(X509_STORE_new());
  const Owned<X509_STORE_CTX> context(X509_STORE_CTX_new());
  if (!authority || !certificate || !between || !store || !context) return false;
  for (const auto& der : chain) {
    if (Owned<X509> link = read_der(der)) sk_X509_push(between.get(), link.release());
  }
  X509_STORE_add_cert(store.get(), authority.get());
  if (X509_STORE_CTX_init(context.get(), store.get(), certificate.get(), between.get()) != 1) return false;
  X509_STORE_CTX_set_purpose(context.get(), X509_PURPOSE_SSL_CLIENT);
  X509_VERIFY_PARAM* parameters = X509_STORE_CTX_get0_param(context.get());
  X509_VERIFY_PARAM_set_time(parameters, now.seconds_since_1970);
  X509_VERIFY_PARAM_set_depth(parameters, 3);
  return X509_verify_cert(context.get()) == 1;
}

}  // namespace redan::net
