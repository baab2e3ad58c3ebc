#include "rtc/dtls/v13/handshake_candidate.hpp"

#include "rtc/dtls/v13/flights.hpp"

namespace redan::dtls::v13 {

void HandshakeCandidate::derive_handshake_keys(Provider& provider, Role role, const SharedSecret& shared,
                                               std::uint64_t first) {
  secrets = handshake_secrets(provider, hash(), shared.expose(), transcript.hash().bytes());
  const TrafficKeys client = traffic_keys(provider, *session.suite, secrets.traffic.client);
  const TrafficKeys server = traffic_keys(provider, *session.suite, secrets.traffic.server);
  const bool is_client = role == Role::client;
  write.emplace(provider, is_client ? client : server, kHandshakeEpoch, first);
  read.emplace(provider, is_client ? server : client, kHandshakeEpoch);
}

}  // namespace redan::dtls::v13
