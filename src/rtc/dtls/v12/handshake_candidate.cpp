#include "rtc/dtls/v12/handshake_candidate.hpp"

namespace redan::dtls::v12 {

void HandshakeCandidate::derive_master(Provider& provider, const SharedSecret& premaster) {
  master = extended_master_secret(provider, session.suite->hash, premaster.expose(), transcript_hash(provider).bytes());
}

RecordKeys HandshakeCandidate::derive_record_keys(Provider& provider, const ConnectionConfig& config) const {
  RecordKeys keys =
      record_keys(provider, *session.suite, master, session.client_random, session.server_random, config.role);
  const AeadLimits limits = config.limits.value_or(limits_of(session.suite->aead));
  keys.write.limit_blocks(limits.blocks);
  keys.read.limit_forgeries(limits.forgeries);
  return keys;
}

VerifyData HandshakeCandidate::verify_data_of(Role sender, Provider& provider) const {
  return verify_data(provider, session.suite->hash, master, sender, transcript_hash(provider).bytes());
}

Digest HandshakeCandidate::transcript_hash(Provider& provider) const {
  return provider.hash(session.suite->hash, transcript.bytes());
}

}  // namespace redan::dtls::v12
