// Reads the public key of a peer's certificate, the only field that we use. Trust comes from the fingerprint (RFC 8827
// section 6.5).
#pragma once

#include <redan/types.hpp>

namespace redan {

/// The SubjectPublicKeyInfo of an X.509 certificate, DER, borrowed from it. The parser is bounded: at most 16 KiB,
/// strict lengths, no recursion. nullopt if it is not a certificate.
std::optional<Bytes> subject_public_key_info(Bytes certificate_der);

}  // namespace redan
