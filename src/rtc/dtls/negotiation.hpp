// A handshake whose version is open: a handshake in each version that the configuration allows, side by side. A hello
// decides which of them it belongs to; a peer that is proven in one of them decides for all.
#pragma once

#include "rtc/dtls/v12/handshake.hpp"
#include "rtc/dtls/v13/handshake.hpp"

namespace redan::dtls {

class Negotiation {
 public:
  /// `identity`, `provider` and `records` must outlive the negotiation.
  Negotiation(ConnectionConfig config, const Identity& identity, Provider& provider, RecordLayer& records);

  void start(TimePoint now);
  void set_round_trip_time(Duration rtt);

  /// A datagram arrived; its records follow.
  void datagram_arrived(TimePoint now, std::size_t size);
  /// A plaintext fragment of a handshake message. True if records that came before their keys may open now.
  bool on_fragment(TimePoint now, const HandshakeHeader& header, Bytes body);
  /// An alert that proves nothing.
  void on_alert(TimePoint now, const Alert& alert);

  /// Null where the version is not allowed, or was ruled out.
  v12::Handshake* v12() { return v12_ ? &*v12_ : nullptr; }
  v13::Handshake* v13() { return v13_ ? &*v13_ : nullptr; }

  /// Sends flights again. Returns how the handshake ends if its time is over.
  std::optional<Ending> run_timers(TimePoint now);
  [[nodiscard]] TimePoint deadline() const;
  /// The next datagram; empty if there is none.
  MutableBytes write(MutableBytes datagram);
  /// Sends nothing any more.
  void stop();

  /// That of the candidate heard last, in the version that has one.
  [[nodiscard]] const Session& session() const;
  /// Protects and returns an alert, in plaintext where the peer cannot read protected records yet.
  MutableBytes write_alert(const Alert& alert, MutableBytes datagram);

 private:
  bool on_hello(TimePoint now, const HandshakeMessage& message);
  void count(FragmentAssembler::Verdict verdict);
  void rule_out_dtls13();

  RecordLayer& records_;
  Role role_;
  UnprovenBudget budget_;
  std::optional<ClientOffer> offer_;
  FragmentAssembler hellos_;  // the peer's, where both versions are open or only 1.3 is
  std::optional<v12::Handshake> v12_;
  std::optional<v13::Handshake> v13_;
};

}  // namespace redan::dtls
