// Certificate, CertificateVerify and Finished, RFC 8446 section 4.4: the same for both sides.
#include "rtc/dtls/v13/certificate.hpp"
#include "rtc/dtls/v13/certificate_verify.hpp"
#include "rtc/dtls/v13/flights.hpp"
#include "rtc/dtls/v13/handshake_context.hpp"

namespace redan::dtls::v13 {
namespace {

constexpr Role other(Role role) { return role == Role::client ? Role::server : Role::client; }

Check check_verify(const Authentication& authentication, const PublicKey& key, const CertificateVerify& verify,
                   Bytes content) {
  const auto scheme = static_cast<SignatureScheme>(verify.scheme);
  // RFC 8446 section 4.4.3: PKCS #1 v1.5 and the wrong curve are forbidden here.
  if (!fits13(key.type(), scheme)) return Failure{Errc::dtls_no_common_signature, AlertDescription::illegal_parameter};
  return authentication.check_signature(key, verify.scheme, content, verify.signature);
}

Check check_finished(const HandshakeCandidate& candidate, Role sender, Provider& provider, Bytes body) {
  Digest expected = candidate.verify_data_of(sender, provider);
  const bool same_size = body.size() == expected.size;
  const bool same = equal_in_constant_time(body, expected.bytes());
  wipe(expected.storage);
  if (!same_size) return Failure{Errc::dtls_bad_finished, AlertDescription::decode_error};
  if (!same) return Failure{Errc::dtls_bad_finished, AlertDescription::decrypt_error};
  return std::nullopt;
}

}  // namespace

std::optional<SignatureScheme> choose_scheme(const Authentication& authentication, const CodePoints& offered) {
  for (const SignatureScheme scheme : kSignatureSchemes13) {
    const bool usable = fits13(authentication.key_type(), scheme);
    if (usable && offered.contains(static_cast<std::uint16_t>(scheme))) return scheme;
  }
  return std::nullopt;
}

void write_proof(HandshakeContext& context, HandshakeCandidate& candidate, Bytes request_context) {
  const Authentication& authentication = context.authentication;
  const Role role = context.config.role;
  OutgoingMessages& flight = candidate.outgoing;
  Transcript& transcript = candidate.transcript;
  transcript.add(flight.add(HandshakeType::certificate, kHandshakeEpoch, [&](Writer& w) {
    Certificate{request_context, authentication.certificate()}.write(w);
  }));
  const SignedContent content(role, transcript.hash());
  const Signature signature = authentication.sign(candidate.scheme, content.bytes());
  transcript.add(flight.add(HandshakeType::certificate_verify, kHandshakeEpoch, [&](Writer& w) {
    CertificateVerify{static_cast<std::uint16_t>(candidate.scheme), signature.bytes()}.write(w);
  }));
  Digest verify = candidate.verify_data_of(role, context.provider);
  transcript.add(flight.add(HandshakeType::finished, kHandshakeEpoch, [&](Writer& w) { w.bytes(verify.bytes()); }));
}

// The signature first: only with one over our random is an unexpected certificate the peer's own and no forgery.
Check check_proof(HandshakeContext& context, HandshakeCandidate& candidate, const PeerProof& proof) {
  const auto certificate = Certificate::parse(proof.certificate.body);
  const auto verify = CertificateVerify::parse(proof.verify.body);
  if (!certificate || !verify) return kMalformed;
  // RFC 8446 section 4.4.2: our requests, and a server's certificate, have no context.
  if (!certificate->context.empty()) return kIllegal;
  const Authentication& authentication = context.authentication;
  const Role sender = other(context.config.role);
  Check failure;
  const auto key = authentication.load_key(certificate->leaf, failure);
  if (failure) return failure;
  candidate.transcript.add(proof.certificate);
  const SignedContent content(sender, candidate.transcript.hash());
  if ((failure = check_verify(authentication, *key, *verify, content.bytes()))) return failure;
  const auto fingerprint = authentication.accepted_fingerprint(certificate->leaf);
  if (!fingerprint) return Failure{Errc::dtls_fingerprint_mismatch, AlertDescription::bad_certificate, true};
  candidate.transcript.add(proof.verify);
  if ((failure = check_finished(candidate, sender, context.provider, proof.finished.body))) return failure;
  candidate.transcript.add(proof.finished);
  candidate.session.peer_fingerprint = *fingerprint;
  candidate.session.peer_signature_scheme = static_cast<SignatureScheme>(verify->scheme);
  return std::nullopt;
}

}  // namespace redan::dtls::v13
