#include "rtc/dtls/v12/machinery.hpp"

#include "base/assert.hpp"
#include "crypto/certificate.hpp"
#include "rtc/dtls/v12/certificate_verify.hpp"

namespace redan::dtls::v12 {
namespace {

// RFC 8122 section 5: only the fingerprints of the most preferred hash count.
void keep_strongest(std::vector<Fingerprint>& fingerprints) {
  HashAlgorithm best = HashAlgorithm::sha256;
  for (const Fingerprint& fingerprint : fingerprints) best = std::max(best, fingerprint.algorithm);
  std::erase_if(fingerprints, [best](const Fingerprint& f) { return f.algorithm != best; });
  if (fingerprints.size() > ConnectionConfig::kMaxFingerprints) fingerprints.resize(ConnectionConfig::kMaxFingerprints);
}

constexpr std::array kCertificateCurves{Group::secp256r1, Group::secp384r1};

}  // namespace

Machinery::Machinery(ConnectionConfig the_config, const Identity& the_identity, Provider& the_provider)
    : config(std::move(the_config)), identity(the_identity), provider(the_provider) {
  config.mtu = std::max(config.mtu, ConnectionConfig::kMinMtu);
  keep_strongest(config.peer_fingerprints);
}

std::vector<Group> Machinery::groups() const {
  std::vector<Group> all(config.groups.begin(), config.groups.end());
  for (const Group curve : kCertificateCurves) {
    if (std::find(all.begin(), all.end(), curve) == all.end()) all.push_back(curve);
  }
  return all;
}

void Machinery::derive_master(Candidate& candidate, const SharedSecret& premaster) {
  candidate.master = extended_master_secret(provider, candidate.session.suite->hash, premaster.expose(),
                                            transcript_hash(candidate).bytes());
}

RecordKeys Machinery::derive_record_keys(const Candidate& candidate) const {
  const Session& session = candidate.session;
  RecordKeys keys = record_keys(provider, *session.suite, candidate.master, session.client_random,
                                session.server_random, config.role);
  keys.write.limit_blocks(limits(candidate).blocks);
  return keys;
}

std::array<std::uint8_t, 12> Machinery::verify_data_of(const Candidate& candidate, Role role) const {
  const Session& session = candidate.session;
  return verify_data(provider, session.suite->hash, candidate.master, role, transcript_hash(candidate).bytes());
}

AeadLimits Machinery::limits(const Candidate& candidate) const {
  return config.limits.value_or(limits_of(candidate.session.suite->aead));
}

std::unique_ptr<PublicKey> Machinery::load_key(Bytes leaf, Check& problem) {
  if (leaf.empty()) {
    problem = Verdict{Errc::dtls_no_certificate, AlertDescription::handshake_failure};
    return nullptr;
  }
  if (std::equal(leaf.begin(), leaf.end(), identity.certificate_der.begin(), identity.certificate_der.end())) {
    problem = Verdict{Errc::dtls_reflected, AlertDescription::bad_certificate};
    return nullptr;
  }
  if (const auto spki = subject_public_key_info(leaf)) {
    if (auto key = provider.load_public_key(*spki)) return std::move(*key);
  }
  problem = Verdict{Errc::dtls_bad_certificate, AlertDescription::bad_certificate};
  return nullptr;
}

std::optional<Fingerprint> Machinery::accepted_fingerprint(Bytes leaf) const {
  if (config.peer_fingerprints.empty()) return std::nullopt;
  const Fingerprint actual = Fingerprint::of(provider, config.peer_fingerprints.front().algorithm, leaf);
  std::optional<Fingerprint> accepted;
  for (const Fingerprint& expected : config.peer_fingerprints) {
    if (actual.equals(expected)) accepted = actual;
  }
  return accepted;
}

Check Machinery::check_signature(const PublicKey& key, std::uint16_t scheme_id, Bytes signed_content, Bytes signature) {
  const auto scheme = static_cast<SignatureScheme>(scheme_id);
  const bool offered = std::find(kSignatureSchemes.begin(), kSignatureSchemes.end(), scheme) != kSignatureSchemes.end();
  if (!offered || !fits(key.type(), scheme)) {
    return Verdict{Errc::dtls_no_common_signature, AlertDescription::illegal_parameter};
  }
  if (!key.verify(scheme, provider.hash(hash_of(scheme), signed_content).bytes(), signature)) {
    return Verdict{Errc::dtls_bad_signature, AlertDescription::decrypt_error};
  }
  return std::nullopt;
}

std::optional<SignatureScheme> Machinery::choose_scheme(const CodePoints& offered) const {
  const auto usable = [&](SignatureScheme scheme) {
    return fits(identity.key->type(), scheme) && offered.contains(static_cast<std::uint16_t>(scheme));
  };
  // The hash that TLS 1.3 ties to this curve, where offered.
  const SignatureScheme p384 = SignatureScheme::ecdsa_secp384r1_sha384;
  if (identity.key->type() == KeyType::ecdsa_p384 && usable(p384)) return p384;
  const auto best = std::find_if(kSignatureSchemes.begin(), kSignatureSchemes.end(), usable);
  if (best == kSignatureSchemes.end()) return std::nullopt;
  return *best;
}

void Machinery::write_signature(Writer& writer, SignatureScheme scheme, Bytes signed_content) const {
  std::array<std::uint8_t, kMaxSignatureSize> signature{};
  const auto size = identity.key->sign(scheme, provider.hash(hash_of(scheme), signed_content).bytes(), signature);
  REDAN_ASSERT(size.has_value());
  CertificateVerify{static_cast<std::uint16_t>(scheme), Bytes(signature).first(*size)}.write(writer);
}

bool Machinery::may_check(Bytes leaf, Bytes flight, std::size_t operations) {
  if (!accepted_fingerprint(leaf)) return work.take(arrival, Claim::stranger, 1);
  return work.take(arrival, dropped.contains(flight) ? Claim::insistent : Claim::promising, operations);
}

Step Machinery::put_off(Bytes messages) {
  dropped.add(messages, provider);
  records.drop(Drop::over_budget);
  return Waiting{};
}

void Machinery::count(FragmentAssembler::Verdict verdict) {
  switch (verdict) {
    case FragmentAssembler::Verdict::stored:
      return;
    case FragmentAssembler::Verdict::repeated:
    case FragmentAssembler::Verdict::unexpected:
      return records.drop(Drop::unexpected_message);
    case FragmentAssembler::Verdict::displacing:
    case FragmentAssembler::Verdict::too_large:
      return records.drop(Drop::disagreeing_fragment);
  }
}

}  // namespace redan::dtls::v12
