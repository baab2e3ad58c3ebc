#include "rtc/dtls/hello/cipher_suite.hpp"

namespace redan::dtls {

std::string_view name_of(Group group) {
  switch (group) {
    case Group::x25519:
      return "x25519";
    case Group::secp256r1:
      return "secp256r1";
    case Group::secp384r1:
      return "secp384r1";
    case Group::x25519_mlkem768:
      return "X25519MLKEM768";
  }
  return "";
}

std::string_view name_of(SignatureScheme scheme) {
  switch (scheme) {
    case SignatureScheme::rsa_pkcs1_sha256:
      return "rsa_pkcs1_sha256";
    case SignatureScheme::rsa_pkcs1_sha384:
      return "rsa_pkcs1_sha384";
    case SignatureScheme::ecdsa_secp256r1_sha256:
      return "ecdsa_secp256r1_sha256";
    case SignatureScheme::ecdsa_secp384r1_sha384:
      return "ecdsa_secp384r1_sha384";
    case SignatureScheme::rsa_pss_rsae_sha256:
      return "rsa_pss_rsae_sha256";
    case SignatureScheme::rsa_pss_rsae_sha384:
      return "rsa_pss_rsae_sha384";
  }
  return "";
}

}  // namespace redan::dtls
