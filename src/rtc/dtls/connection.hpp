// One DTLS 1.2 connection, client or server (RFC 6347): datagrams in, datagrams and events out.
//
// Four things end it: the application, something protected (an alert, a wrong Finished, a broken rule), time, and keys
// that are used up. Whatever comes in the clear is dropped and counted if it does not fit; a reason to give up that it
// seems to bring is a doubt: it shortens the time, until the handshake gets on after all.
#pragma once

#include <optional>
#include <variant>

#include "base/machine.hpp"
#include "base/packet_queue.hpp"
#include "base/timers.hpp"
#include "rtc/dtls/record/early_records.hpp"
#include "rtc/dtls/v12/client.hpp"
#include "rtc/dtls/v12/server.hpp"

namespace redan::dtls {

struct Transmit {
  MutableBytes datagram;  ///< at the start of the caller's buffer
};
/// The peer has proven its fingerprint; session() is complete.
struct Connected {};
struct ApplicationData {
  MutableBytes payload;
};
struct Closed {
  Errc reason{};
  AlertDescription alert = AlertDescription::close_notify;  ///< the peer's, with dtls_peer_alert
};
using Output = std::variant<Wait, Transmit, Connected, ApplicationData, Closed>;

class Connection {
 public:
  using Output = dtls::Output;

  /// `identity` and `provider` must outlive the connection.
  Connection(ConnectionConfig config, const Identity& identity, Provider& provider);

  /// The path is there: a client sends its ClientHello, a server's timeout starts. Input before this is dropped.
  void start(TimePoint now);
  /// The round-trip time ICE measured, for the retransmission timer: twice that at first, doubled each time up to a
  /// second, or to twice the round-trip time if that is longer. Counts at once.
  void set_round_trip_time(Duration rtt);

  void handle_input(TimePoint now, MutableBytes datagram);
  /// `buffer`: at least the configured MTU.
  Output poll_output(TimePoint now, MutableBytes buffer);

  /// The application data that poll_output would report next, ahead of everything else it has to say: for a composer
  /// that passes it on at once, so that a burst of input needs no memory. Lives until the next call. After Connected
  /// was reported.
  std::optional<ApplicationData> take_application_data();

  /// Room for seal() before the payload, and around it. Once Connected.
  [[nodiscard]] std::size_t headroom() const { return machinery_.candidates.back().write->headroom(); }
  [[nodiscard]] std::size_t overhead() const { return machinery_.candidates.back().write->overhead(); }
  /// Protects `size` bytes of application data, at most 2^14, that lie at headroom() in `record`; the whole record, in
  /// place. Empty if not connected, if `record` is too small, or if the key is used up (Closed follows).
  MutableBytes seal(MutableBytes record, std::size_t size);

  /// Sends close_notify if there is a connection; Closed{closed_locally} follows.
  void close();

  [[nodiscard]] bool connected() const { return phase_ == Phase::established; }
  /// Before Connected, that of the candidate heard last.
  [[nodiscard]] const Session& session() const;
  [[nodiscard]] const Counters<Drop>& drops() const { return machinery_.records.drops(); }
  /// RFC 5705; false before Connected.
  [[nodiscard]] bool export_keying_material(std::string_view label, std::optional<Bytes> context,
                                            MutableBytes out) const;

 private:
  enum class Phase : std::uint8_t { idle, handshaking, established, ended };
  enum class Timer : std::uint8_t { retransmit, handshake, grace, count_ };
  /// Why the handshake will probably not succeed, and what the peer is then told.
  struct Suspicion {
    Closed closed;
    std::optional<Alert> farewell{};
    bool proven = false;
  };

  void take_records(TimePoint now, MutableBytes datagram);
  void take_early(TimePoint now);
  void on_plain(TimePoint now, const Record& record);
  void on_plain_handshake(TimePoint now, Bytes fragment);
  void on_plain_alert(TimePoint now, Bytes fragment);
  void on_protected(TimePoint now, const Record& record);
  std::optional<MutableBytes> open(const Record& record, std::size_t& index);
  void on_protected_handshake(TimePoint now, std::size_t index, Bytes fragment);
  void on_protected_fragment(TimePoint now, std::size_t index, const HandshakeHeader& header, Bytes body);
  void on_protected_alert(Bytes fragment);
  void on_application_data(Bytes fragment);
  void on_old_finished(TimePoint now);
  void on_finished(TimePoint now, std::size_t index);
  void refuse_renegotiation();
  [[nodiscard]] bool can_open() const;

  void apply(TimePoint now, const Step& step);
  void advance(TimePoint now);
  void answer(TimePoint now);
  void doubt(TimePoint now, const Verdict& verdict);
  void suspect(TimePoint now, const Suspicion& suspicion);
  void establish(TimePoint now);
  void give_up();
  void end(Errc reason, std::optional<Alert> farewell);
  /// The peer broke a rule under protection.
  void end_illegal(AlertDescription alert);
  std::size_t rewind_flight();
  void run_timers(TimePoint now);
  MutableBytes write_flights(MutableBytes buffer);
  MutableBytes write_alert(MutableBytes buffer);
  [[nodiscard]] Duration initial_timeout() const;
  [[nodiscard]] Duration timeout() const;
  [[nodiscard]] Duration grace() const;

  v12::Machinery machinery_;
  std::variant<v12::Client, v12::Server> side_;
  Phase phase_ = Phase::idle;
  TimerTable<Timer> timers_;
  std::optional<Duration> rtt_;
  int backoffs_ = 0;
  TimePoint last_sent_{};
  std::optional<Alert> alert_to_send_;
  bool refused_renegotiation_ = false;
  bool connected_to_report_ = false;
  std::optional<Suspicion> suspicion_;
  std::optional<Closed> closed_to_report_;
  EarlyRecords early_;
  PacketQueue inbox_;  // application data between handle_input and poll_output
};

}  // namespace redan::dtls
