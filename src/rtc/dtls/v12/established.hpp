// A DTLS 1.2 connection after its handshake: what was agreed, the keys, and our last flight.
#pragma once

#include "rtc/dtls/handshake/failure.hpp"
#include "rtc/dtls/v12/handshake_candidate.hpp"

namespace redan::dtls::v12 {

class Established {
 public:
  /// The candidate whose Finished verified. `provider` and `records` must outlive the object.
  Established(TimePoint now, HandshakeCandidate proven, Provider& provider, RecordLayer& records);

  [[nodiscard]] const Session& session() const { return session_; }
  /// RFC 5705.
  void export_keying_material(std::string_view label, std::optional<Bytes> context, MutableBytes out) const;

  [[nodiscard]] const SealProtection& write_protection() const { return write_; }
  SealProtection& write_protection() { return write_; }
  std::optional<OpenedRecord> open(const Record& record);
  /// Too many records did not authenticate.
  [[nodiscard]] bool read_key_exhausted() const { return read_.exhausted(); }

  /// A fragment of a handshake message under the keys. A failure ends the connection.
  Check on_fragment(TimePoint now, const HandshakeHeader& header);
  /// Application data shows that the peer has our last flight.
  void on_application_data();
  /// The answer to the first attempt of the peer to renegotiate (RFC 5246 section 7.2.2), once.
  std::optional<Alert> take_warning() { return std::exchange(warning_, std::nullopt); }

  /// The next datagram of our last flight; empty if there is none.
  MutableBytes write(MutableBytes datagram);
  /// Sends nothing any more.
  void stop() { last_flight_.clear(); }

 private:
  void repeat_last_flight(TimePoint now);
  void refuse_renegotiation();

  Provider& provider_;
  RecordLayer& records_;
  Session session_;
  MasterSecret master_;
  OpenProtection read_;
  SealProtection write_;
  OutgoingFlight last_flight_;  // the server's; empty once the client has it
  TimePoint last_sent_;
  std::uint16_t next_message_seq_;  // of the peer
  bool refused_renegotiation_ = false;
  std::optional<Alert> warning_;
};

}  // namespace redan::dtls::v12
