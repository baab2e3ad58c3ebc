// Owning types for OpenSSL's objects, and the certificate functions that TLS needs. Included by .cpp files only.
#pragma once

#include <openssl/evp.h>
#include <openssl/x509.h>

#include <memory>
#include <redan/crypto.hpp>
#include <vector>

namespace redan::net {

template <class T, void (*F)(T*)>
struct FreeWith {
  void operator()(T* object) const { F(object); }
};
using X509Ptr = std::unique_ptr<X509, FreeWith<X509, X509_free>>;
using KeyPtr = std::unique_ptr<EVP_PKEY, FreeWith<EVP_PKEY, EVP_PKEY_free>>;
using BioPtr = std::unique_ptr<BIO, FreeWith<BIO, BIO_free_all>>;

/// Null if it does not parse.
X509Ptr certificate_of(Bytes der);
KeyPtr key_of(Bytes der);
/// All certificates of a PEM text; none if one of them does not parse.
std::vector<X509Ptr> parse_certificates(std::string_view pem);

/// Reads `text`, which must outlive it.
BioPtr memory_bio(std::string_view text);
/// For PEM_read functions: never asks for a password on the terminal.
int refuse_password(char* buffer, int size, int writing, void* user);

/// Of the whole certificate.
Digest sha256_of(const X509* certificate);
/// At least 4,096 bits and the exponent 65537: the keys that services have and clients require.
bool is_rsa_4096(const EVP_PKEY* key);
/// "RSA-2048", "EC prime256v1", "ED25519"; "unknown" for null.
std::string key_kind(const EVP_PKEY* key);

template <class T>
std::vector<std::uint8_t> to_der(int (*encode)(const T*, unsigned char**), const T* object) {
  std::vector<std::uint8_t> der(static_cast<std::size_t>(std::max(encode(object, nullptr), 0)));
  unsigned char* at = der.data();
  encode(object, &at);
  return der;
}

}  // namespace redan::net
