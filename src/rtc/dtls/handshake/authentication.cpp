#include "rtc/dtls/handshake/authentication.hpp"

#include "base/assert.hpp"
#include "crypto/certificate.hpp"

namespace redan::dtls {
namespace {

// RFC 8122 section 5: only the fingerprints of the most preferred hash count.
std::vector<Fingerprint> strongest(std::vector<Fingerprint> fingerprints) {
  HashAlgorithm best = HashAlgorithm::sha256;
  for (const Fingerprint& fingerprint : fingerprints) best = std::max(best, fingerprint.algorithm);
  std::erase_if(fingerprints, [best](const Fingerprint& f) { return f.algorithm != best; });
  constexpr std::size_t kMax = Authentication::kMaxFingerprints;
  if (fingerprints.size() > kMax) fingerprints.resize(kMax);
  return fingerprints;
}

}  // namespace

Authentication::Authentication(const Identity& identity, std::vector<Fingerprint> accepted, Provider& provider)
    : identity_(identity), accepted_(strongest(std::move(accepted))), provider_(provider) {}

std::optional<SignatureScheme> Authentication::choose_scheme(const CodePoints& offered) const {
  const auto usable = [&](SignatureScheme scheme) {
    return fits(key_type(), scheme) && offered.contains(static_cast<std::uint16_t>(scheme));
  };
  // The hash that TLS 1.3 ties to this curve, where offered.
  const SignatureScheme p384 = SignatureScheme::ecdsa_secp384r1_sha384;
  if (key_type() == KeyType::ecdsa_p384 && usable(p384)) return p384;
  const auto best = std::find_if(kSignatureSchemes.begin(), kSignatureSchemes.end(), usable);
  if (best == kSignatureSchemes.end()) return std::nullopt;
  return *best;
}

Signature Authentication::sign(SignatureScheme scheme, Bytes content) const {
  Signature signature{scheme};
  const auto size = identity_.key->sign(scheme, provider_.hash(hash_of(scheme), content).bytes(), signature.storage);
  REDAN_ASSERT(size.has_value());
  signature.size = *size;
  return signature;
}

std::unique_ptr<PublicKey> Authentication::load_key(Bytes certificate, Check& failure) const {
  if (certificate.empty()) {
    failure = Failure{Errc::dtls_no_certificate, AlertDescription::handshake_failure};
    return nullptr;
  }
  const Bytes own = identity_.certificate_der;
  if (std::equal(certificate.begin(), certificate.end(), own.begin(), own.end())) {
    failure = Failure{Errc::dtls_reflected, AlertDescription::bad_certificate};
    return nullptr;
  }
  if (const auto spki = subject_public_key_info(certificate)) {
    if (auto key = provider_.load_public_key(*spki)) return std::move(*key);
  }
  failure = Failure{Errc::dtls_bad_certificate, AlertDescription::bad_certificate};
  return nullptr;
}

std::optional<Fingerprint> Authentication::accepted_fingerprint(Bytes certificate) const {
  if (accepted_.empty()) return std::nullopt;
  const Fingerprint actual = Fingerprint::of(provider_, accepted_.front().algorithm, certificate);
  const bool accepted = std::any_of(accepted_.begin(), accepted_.end(),
                                    [&](const Fingerprint& expected) { return actual.equals(expected); });
  return accepted ? std::optional(actual) : std::nullopt;
}

Check Authentication::check_signature(const PublicKey& key, std::uint16_t scheme_id, Bytes content,
                                      Bytes signature) const {
  const auto scheme = static_cast<SignatureScheme>(scheme_id);
  const bool offered = std::find(kSignatureSchemes.begin(), kSignatureSchemes.end(), scheme) != kSignatureSchemes.end();
  if (!offered || !fits(key.type(), scheme)) {
    return Failure{Errc::dtls_no_common_signature, AlertDescription::illegal_parameter};
  }
  if (!key.verify(scheme, provider_.hash(hash_of(scheme), content).bytes(), signature)) {
    return Failure{Errc::dtls_bad_signature, AlertDescription::decrypt_error};
  }
  return std::nullopt;
}

}  // namespace redan::dtls
