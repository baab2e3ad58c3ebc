// A DTLS 1.3 handshake from the first message to the proof of the peer.
//
// What is not proven never terminates it: neither a plaintext message nor one under keys that anyone can have. A
// message that does not fit is dropped and counted; a reason to give up shortens the time that the handshake gets,
// until it makes progress after all.
#pragma once

#include "rtc/dtls/handshake/pending_failure.hpp"
#include "rtc/dtls/handshake/retransmission_timer.hpp"
#include "rtc/dtls/handshake/unproven_budget.hpp"
#include "rtc/dtls/v13/client.hpp"
#include "rtc/dtls/v13/server.hpp"

namespace redan::dtls::v13 {

class Handshake {
 public:
  /// `offer` is a client's, and null for a server. Everything but `config` must outlive the handshake.
  Handshake(const ConnectionConfig& config, const Identity& identity, Provider& provider, RecordLayer& records,
            UnprovenBudget& budget, const ClientOffer* offer);

  void start(TimePoint now);
  void set_round_trip_time(Duration rtt) { timer_.set_round_trip_time(rtt); }
  void datagram_arrived(TimePoint now) { context_.candidates.datagram_arrived(now); }

  /// A whole hello that offers or chooses DTLS 1.3. True if records that came before their keys may open now.
  bool on_hello(TimePoint now, const HandshakeMessage& message);
  /// An alert that proves nothing: plaintext, or under the keys of a candidate.
  void on_alert(TimePoint now, const Alert& alert);

  /// Some candidate has keys.
  [[nodiscard]] bool has_keys() const { return !context_.candidates.empty(); }
  /// Opens a protected record; its key is the index of a candidate.
  std::optional<OpenedCiphertext> open(const Record& record);
  /// Too many records did not authenticate.
  [[nodiscard]] bool read_key_exhausted() const;
  /// A fragment in a record of this candidate.
  void on_fragment(TimePoint now, const OpenedCiphertext& record, const HandshakeHeader& header, Bytes body);
  /// All fragments of a record were taken: the candidate's flight may be whole.
  void on_record(TimePoint now, std::size_t candidate);
  /// An ACK in a record of this candidate.
  void on_ack(TimePoint now, const OpenedCiphertext& record);
  /// A record of this candidate breaks a rule.
  void refuse(TimePoint now, std::size_t candidate, const Failure& failure);

  [[nodiscard]] bool finished() const { return finished_; }
  /// Once finished(): the candidate that is proven leaves.
  HandshakeCandidate take_proven() { return std::move(context_.candidates.back()); }
  [[nodiscard]] const RetransmissionTimer& timer() const { return timer_; }
  [[nodiscard]] const ConnectionConfig& config() const { return context_.config; }

  /// A hello in another version came, and no other is allowed.
  void refuse_version(TimePoint now) { reject(now, {Errc::dtls_version, AlertDescription::protocol_version}); }
  /// Sends flights again. Returns how the handshake ends if its time is over.
  std::optional<Ending> run_timers(TimePoint now);
  [[nodiscard]] TimePoint deadline() const;
  /// The next datagram; empty if there is none.
  MutableBytes write(MutableBytes datagram);
  /// Sends nothing any more.
  void stop();

  /// That of the candidate heard last.
  [[nodiscard]] const Session& session() const;
  /// What protects an alert to the candidate heard last; null without one.
  CiphertextSeal* write_protection();

 private:
  bool process(TimePoint now, const Outcome& outcome);
  void answer(TimePoint now);
  void on_timeout(TimePoint now);
  std::size_t rewind();
  void reject(TimePoint now, const Failure& failure);
  void on_flight(TimePoint now, std::size_t candidate);
  void ask_again(TimePoint now);
  MutableBytes write_ack(HandshakeCandidate& candidate, MutableBytes datagram);

  HandshakeContext context_;
  std::variant<Server, Client> side_;
  UnprovenBudget& budget_;
  RetransmissionTimer timer_;
  PendingFailure failure_;
  TimePoint deadline_ = kNever;
  TimePoint ack_deadline_ = kNever;        // for a flight that came in part
  std::optional<TimePoint> last_request_;  // when a HelloRetryRequest was sent
  bool finished_ = false;
};

}  // namespace redan::dtls::v13
