// A DTLS 1.3 connection after its handshake: what was agreed, the keys of both directions, KeyUpdate, and our last
// messages until the peer acknowledges them.
#pragma once

#include "rtc/dtls/handshake/connection_config.hpp"
#include "rtc/dtls/handshake/failure.hpp"
#include "rtc/dtls/handshake/retransmission_timer.hpp"
#include "rtc/dtls/v13/handshake_candidate.hpp"

namespace redan::dtls::v13 {

class Established {
 public:
  /// The proven candidate. `provider` and `records` must outlive the object.
  Established(TimePoint now, HandshakeCandidate proven, const ConnectionConfig& config,
              const RetransmissionTimer& timer, Provider& provider, RecordLayer& records);

  void set_round_trip_time(Duration rtt) { timer_.set_round_trip_time(rtt); }
  [[nodiscard]] const Session& session() const { return session_; }
  /// RFC 8446 section 7.5: an absent context and an empty one give the same.
  void export_keying_material(std::string_view label, std::optional<Bytes> context, MutableBytes out) const;

  [[nodiscard]] const CiphertextSeal& write_protection() const { return write_; }
  CiphertextSeal& write_protection() { return write_; }
  std::optional<OpenedCiphertext> open(TimePoint now, const Record& record);
  /// Too many records did not authenticate.
  [[nodiscard]] bool read_key_exhausted() const;

  /// A fragment of a handshake message in this record. A failure ends the connection.
  Check on_fragment(TimePoint now, const OpenedCiphertext& record, const HandshakeHeader& header, Bytes body);
  Check on_ack(TimePoint now, const OpenedCiphertext& record);

  /// Sends messages again, and a KeyUpdate where one is due. How the connection ends if the peer acknowledges nothing.
  std::optional<Ending> run_timers(TimePoint now);
  [[nodiscard]] TimePoint deadline() const;
  /// The next datagram; empty if there is none.
  MutableBytes write(MutableBytes datagram);
  /// Sends nothing any more.
  void stop();
  /// Asks for a KeyUpdate of ours, and with `requested` for one of the peer's. Nothing if one is under way.
  void update_keys(TimePoint now, bool requested);

 private:
  static constexpr std::size_t kReadKeys = 3;

  [[nodiscard]] CiphertextSeal seal_of(const HashSecret& secret, std::uint64_t epoch) const;
  [[nodiscard]] CiphertextOpen open_of(const HashSecret& secret, std::uint64_t epoch) const;
  Check on_later_message(TimePoint now, const OpenedCiphertext& record);
  Check on_key_update(TimePoint now, const OpenedCiphertext& record, Bytes body);
  void on_acknowledged();
  void send_again(TimePoint now);
  CiphertextSeal& outgoing_protection() { return handshake_write_ ? *handshake_write_ : write_; }

  Provider& provider_;
  RecordLayer& records_;
  Session session_;
  AeadLimits limits_;
  HashSecret exporter_;
  HashSecret read_secret_;
  HashSecret write_secret_;
  CiphertextOpen read_;
  std::optional<CiphertextOpen> previous_read_;  // until the peer uses the keys of its KeyUpdate
  std::optional<CiphertextOpen> handshake_read_;
  TimePoint handshake_read_end_;
  CiphertextSeal write_;
  std::optional<CiphertextSeal> handshake_write_;  // a client's, until its last flight is acknowledged
  OutgoingMessages outgoing_;
  FragmentAssembler incoming_;
  std::uint16_t next_message_seq_;  // of the peer
  Acknowledgements received_;       // acknowledged at once
  RetransmissionTimer timer_;
  TimePoint give_up_ = kNever;
  Duration timeout_;
  bool updating_ = false;    // our KeyUpdate is not acknowledged yet
  bool answer_due_ = false;  // the peer asked for a KeyUpdate, which waits for what is under way
};

}  // namespace redan::dtls::v13
