// Properties of X.509 certificates (RFC 5280) that the control plane needs beyond TLS itself.
#pragma once

#include <redan/types.hpp>
#include <string>
#include <vector>

namespace redan::net {

/// The certificate in a text: PEM, or the base64 of its DER. nullopt if it is neither, or not exactly one certificate.
std::optional<std::vector<std::uint8_t>> parse_certificate(std::string_view text);

/// SHA-256 of the whole DER, 64 lower-case hexadecimal digits.
std::string certificate_fingerprint(Bytes certificate_der);

struct CertificateFacts {
  std::string key;           ///< "RSA-4096", "EC prime256v1"
  bool is_rsa_4096 = false;  ///< or larger: what services have
  WallTime not_after{};
};
/// nullopt if it does not parse.
std::optional<CertificateFacts> certificate_facts(Bytes certificate_der);

/// Whether `authority` issued `certificate` to a TLS client, directly or through `chain`, and it is valid at that time:
/// checks signatures, dates, basic constraints and key usages, by OpenSSL.
bool is_issued_by(Bytes certificate_der, const std::vector<std::vector<std::uint8_t>>& chain, Bytes authority_der,
                  WallTime now);

}  // namespace redan::net
