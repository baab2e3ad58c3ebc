// A DTLS 1.2 handshake from the first message to both Finished messages.
//
// Plaintext messages can be forged, so they never terminate it. A message that does not fit is dropped and counted; a
// plaintext reason to give up shortens the time that the handshake gets, until it makes progress after all.
#pragma once

#include "rtc/dtls/handshake/pending_failure.hpp"
#include "rtc/dtls/handshake/retransmission_timer.hpp"
#include "rtc/dtls/handshake/unproven_budget.hpp"
#include "rtc/dtls/v12/client.hpp"
#include "rtc/dtls/v12/server.hpp"

namespace redan::dtls::v12 {

class Handshake {
 public:
  /// `offer`: what a client offers that allows DTLS 1.3, too, and sends its first hello elsewhere; otherwise null.
  /// Everything but `config` must outlive the handshake.
  Handshake(ConnectionConfig config, const Identity& identity, Provider& provider, RecordLayer& records,
            UnprovenBudget& budget, const ClientOffer* offer);

  void start(TimePoint now);
  void set_round_trip_time(Duration rtt) { timer_.set_round_trip_time(rtt); }

  /// A datagram arrived; its records follow.
  void datagram_arrived(TimePoint now) { context_.candidates.datagram_arrived(now); }
  /// A plaintext fragment of a handshake message. True if records that came before their keys may open now.
  bool on_fragment(TimePoint now, const HandshakeHeader& header, Bytes body);
  /// A plaintext alert.
  void on_alert(TimePoint now, const Alert& alert);

  /// The peer signed a message of DTLS 1.2.
  [[nodiscard]] bool proves_version() const { return has_keys(); }
  /// The handshake in the other version made progress.
  void forgive() { failure_.clear(); }

  /// Some candidate has keys.
  [[nodiscard]] bool has_keys() const;
  /// Opens a protected record; its key is the index of a candidate.
  std::optional<OpenedRecord> open(const Record& record);
  /// Too many records did not authenticate.
  [[nodiscard]] bool read_key_exhausted() const;
  /// A fragment under the keys of this candidate: only its Finished may come. A failure ends the handshake.
  Check on_protected_fragment(std::size_t candidate, const HandshakeHeader& header, Bytes body);
  /// The peer's Finished verified.
  [[nodiscard]] bool finished() const { return finished_; }
  /// Once finished(): our last flight is ready, and the candidate that was proven leaves.
  HandshakeCandidate take_proven();

  /// Sends flights again. Returns how the handshake ends if its time is over.
  std::optional<Ending> run_timers(TimePoint now);
  [[nodiscard]] TimePoint deadline() const;
  /// The next datagram of a flight; empty if there is none.
  MutableBytes write(MutableBytes datagram);
  /// Sends nothing any more.
  void stop();

  /// That of the candidate heard last.
  [[nodiscard]] const Session& session() const;
  /// What protects an alert; null where the peer cannot read protected records yet.
  SealProtection* write_protection();

 private:
  bool on_progress(TimePoint now);
  void answer(TimePoint now);
  std::size_t rewind();
  void reject(TimePoint now, const Failure& failure);
  void fail_later(TimePoint now, const Ending& ending, bool proven);
  [[nodiscard]] Check verify_finished(HandshakeCandidate& candidate, const HandshakeMessage& finished) const;

  HandshakeContext context_;
  std::variant<Client, Server> side_;
  UnprovenBudget& budget_;
  RetransmissionTimer timer_;
  PendingFailure failure_;
  TimePoint deadline_ = kNever;
  bool finished_ = false;
};

}  // namespace redan::dtls::v12
