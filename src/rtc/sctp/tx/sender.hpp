// The sending half of an association: a pipeline of streams, scheduler (both in SendQueue), what is in flight, and
// congestion control; with the timers that find what was lost (RFC 9260 sections 6.1, 6.3 and 7, RFC 8985).
#pragma once

#include <redan/error.hpp>

#include "base/counters.hpp"
#include "rtc/sctp/error_counter.hpp"
#include "rtc/sctp/packet/packet.hpp"
#include "rtc/sctp/tx/controller.hpp"
#include "rtc/sctp/tx/forward_tsn_schedule.hpp"
#include "rtc/sctp/tx/outstanding.hpp"
#include "rtc/sctp/tx/pacer.hpp"
#include "rtc/sctp/tx/rto.hpp"
#include "rtc/sctp/tx/send_queue.hpp"
#include "rtc/sctp/tx/tail_probe.hpp"

namespace redan::sctp {

class Sender {
 public:
  struct Config {
    std::size_t max_packet = 1163;
    std::size_t send_buffer = 16U << 20U;
    ControllerKind controller = ControllerKind::rfc9260;
  };
  /// What the peer's INIT or INIT ACK says.
  struct Peer {
    std::uint32_t a_rwnd = 0;
    bool forward_tsn = false;
  };
  Sender(const Config& config, Counters<Drop>& drops, ErrorCounter& errors);
  Sender(const Sender&) = delete;
  Sender& operator=(const Sender&) = delete;

  /// A new association, whose first TSN is `first`. Messages that wait for it stay; if anything was in flight, the
  /// streams must have been cleared.
  void begin(Tsn first, const Peer& peer);

  [[nodiscard]] SendQueue& streams() { return queue_; }
  [[nodiscard]] const SendQueue& streams() const { return queue_; }
  /// See Association::send().
  Result<void> send(OutgoingStream stream, const Delivery& delivery, Bytes payload);

  void on_sack(TimePoint now, const Sack& sack);
  /// SHUTDOWN acknowledges, too.
  void on_shutdown(TimePoint now, Tsn cumulative_ack);
  /// The round-trip time of a HEARTBEAT.
  void on_round_trip_time(Duration rtt) { rto_.on_rtt(rtt); }

  void run_timers(TimePoint now);
  [[nodiscard]] TimePoint deadline() const {
    return std::min({t3_, resend_, probe_.deadline(), paced_, outstanding_.loss_deadline(), forward_tsn_.deadline()});
  }

  void write_forward_tsn(TimePoint now, Writer& chunks);
  /// Fills the packet with DATA. `new_data`: not only what was sent before.
  void write_data(TimePoint now, bool new_data, PacketWriter& packet);
  /// Whether write_data() would write something into an empty packet.
  [[nodiscard]] bool has_data(TimePoint now, bool new_data);

  /// Nothing is queued or in flight.
  [[nodiscard]] bool idle() const { return queue_.empty() && outstanding_.empty(); }
  [[nodiscard]] Tsn next_tsn() const { return outstanding_.next_tsn(); }
  [[nodiscard]] const Rto& rto() const { return rto_; }
  [[nodiscard]] std::size_t cwnd() const { return congestion_.cwnd(); }
  [[nodiscard]] std::uint64_t retransmissions() const { return retransmissions_; }

  /// Gives memory back. Only while idle.
  void trim();

 private:
  [[nodiscard]] bool may_transmit() const;
  [[nodiscard]] bool may_leave(TimePoint now);
  [[nodiscard]] bool next_fragment(TimePoint now, std::size_t space, Fragment& fragment);
  bool write_lost(TimePoint now, PacketWriter& packet);
  void write_new(TimePoint now, PacketWriter& packet);
  void write_probe(TimePoint now, bool new_data, PacketWriter& packet);
  void write_fragment(const Fragment& fragment, Tsn tsn, bool sack_at_once, Writer& chunks);
  [[nodiscard]] bool wants_sack_at_once() const;
  void find_losses(TimePoint now);
  void arm_probe(TimePoint now);
  [[nodiscard]] Tsn last_sent() const { return outstanding_.next_tsn().prev(); }
  void on_t3(TimePoint now);
  void on_reneging(TimePoint now);
  void give_up_expired(TimePoint now);
  void start_t3(TimePoint now) { t3_ = now + rto_.value(); }
  void ensure_t3(TimePoint now) {
    if (t3_ == kNever) start_t3(now);
  }

  Config config_;
  Counters<Drop>& drops_;
  ErrorCounter& errors_;
  SendQueue queue_;
  Outstanding outstanding_;
  Controller congestion_;
  Pacer pacer_;
  Rto rto_;
  TailProbe probe_;
  bool tail_asks_ = false;  // for a SACK at once: the last new chunk
  ForwardTsnSchedule forward_tsn_;
  bool peer_forward_tsn_ = false;
  std::size_t peer_rwnd_ = 0;        // what the peer can still take beyond what is in flight
  bool retransmit_at_once_ = false;  // the next packet, whatever the window is
  TimePoint t3_ = kNever;            // T3-rtx
  TimePoint resend_ = kNever;        // when the first lost chunk may go again
  TimePoint paced_ = kNever;         // when the pacer lets the next packet go, if one waits for it
  std::uint64_t retransmissions_ = 0;
};

}  // namespace redan::sctp
