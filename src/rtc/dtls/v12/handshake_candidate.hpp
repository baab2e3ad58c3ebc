// One way in which a DTLS 1.2 handshake may proceed. Until a signature or a key proves the peer its messages may be
// forged, so several candidates are kept side by side; the first that is proven becomes the connection.
#pragma once

#include "rtc/dtls/handshake/connection_config.hpp"
#include "rtc/dtls/handshake/fragment_assembler.hpp"
#include "rtc/dtls/handshake/outgoing_flight.hpp"
#include "rtc/dtls/handshake/transcript.hpp"
#include "rtc/dtls/hello/extensions.hpp"
#include "rtc/dtls/hello/session.hpp"
#include "rtc/dtls/v12/key_schedule.hpp"

namespace redan::dtls::v12 {

/// What a server chose besides its session.
struct ServerChoice {
  SignatureScheme scheme{};
  CommonExtensions extensions;
  bool operator==(const ServerChoice&) const = default;
};

struct HandshakeCandidate {
  TimePoint created{};
  bool repeated = false;  ///< its messages were dropped once and came again
  Session session;
  ServerChoice choice;
  Transcript transcript;
  OutgoingFlight outgoing;
  MasterSecret master;
  std::optional<OpenProtection> read;   ///< once the keys are derived
  std::optional<SealProtection> write;  ///< once our ChangeCipherSpec is in a flight
  FragmentAssembler finished;           ///< the peer's Finished

  [[nodiscard]] bool begins_with(Bytes messages) const { return transcript.begins_with(messages); }
  /// Computes the master secret from the shared secret and the transcript up to ClientKeyExchange.
  void derive_master(Provider& provider, const SharedSecret& premaster);
  [[nodiscard]] RecordKeys derive_record_keys(Provider& provider, const ConnectionConfig& config) const;
  [[nodiscard]] VerifyData verify_data_of(Role sender, Provider& provider) const;

  SealProtection* write_protection() { return write ? &*write : nullptr; }
  OpenProtection* read_protection() { return read ? &*read : nullptr; }

 private:
  [[nodiscard]] Digest transcript_hash(Provider& provider) const;
};

}  // namespace redan::dtls::v12
