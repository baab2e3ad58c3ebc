// One DTLS 1.2 connection, client or server (RFC 6347): datagrams in, datagrams and events out.
//
// Four things end it: the application, an authenticated alert, time, and a certificate that is not the one the session
// description promised. Whatever comes in the clear and does not fit is dropped, counted, and at most shortens the
// time.
#pragma once

#include <optional>
#include <variant>

#include "base/machine.hpp"
#include "base/packet_queue.hpp"
#include "base/timers.hpp"
#include "rtc/dtls/client.hpp"

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
  /// The round-trip time ICE measured, for the retransmission timer.
  void set_round_trip_time(Duration rtt);

  void handle_input(TimePoint now, MutableBytes datagram);
  /// `buffer`: at least the configured MTU.
  Output poll_output(TimePoint now, MutableBytes buffer);

  /// The application data that poll_output would report next, ahead of everything else it has to say: for a composer
  /// that passes it on at once, so that a burst of input needs no memory. Lives until the next call. After Connected
  /// was reported.
  std::optional<ApplicationData> take_application_data();

  /// Room for seal() before the payload, and around it. Once Connected.
  [[nodiscard]] std::size_t headroom() const { return machinery_.records.headroom(1); }
  [[nodiscard]] std::size_t overhead() const { return machinery_.records.overhead(1); }
  /// Protects `size` bytes of application data that lie at headroom() in `record`; the whole record, in place. Empty if
  /// not connected, if `record` is too small, or if the sequence numbers are used up (Closed follows).
  MutableBytes seal(MutableBytes record, std::size_t size);

  /// Sends close_notify if there is a connection; Closed{closed_locally} follows.
  void close();

  [[nodiscard]] bool connected() const { return phase_ == Phase::established; }
  [[nodiscard]] const Session& session() const { return machinery_.session; }
  [[nodiscard]] const Counters<Drop>& drops() const { return machinery_.records.drops(); }
  /// RFC 5705; false before Connected.
  [[nodiscard]] bool export_keying_material(std::string_view label, std::optional<Bytes> context,
                                            MutableBytes out) const;

 private:
  enum class Phase : std::uint8_t { idle, handshaking, established, ended };
  enum class Timer : std::uint8_t { retransmit, handshake, count_ };

  void on_record(TimePoint now, const Record& record);
  void on_handshake(TimePoint now, const Record& record);
  void on_fragment(TimePoint now, const HandshakeHeader& header, std::uint16_t epoch, Bytes body);
  void on_alert(TimePoint now, const Record& record);
  void on_application_data(const Record& record);
  void advance(TimePoint now);
  void apply(TimePoint now, const Step& step);
  void doubt(TimePoint now, const Verdict& verdict);
  void end(Errc reason, std::optional<Alert> farewell);
  void transmit_flight(TimePoint now);
  void repeat_flight(TimePoint now);
  void establish(TimePoint now, bool flight_ready);
  void run_timers(TimePoint now);
  MutableBytes write_alert(MutableBytes buffer);
  [[nodiscard]] Duration initial_timeout() const;

  Machinery machinery_;
  std::variant<Client, Server> side_;
  Phase phase_ = Phase::idle;
  TimerTable<Timer> timers_;
  std::optional<Duration> rtt_;
  Duration timeout_{};
  bool backed_off_ = false;
  TimePoint last_sent_{};
  std::optional<Alert> alert_to_send_;
  bool refused_renegotiation_ = false;
  bool connected_to_report_ = false;
  std::optional<Closed> doubt_;
  std::optional<Closed> closed_to_report_;
  PacketQueue inbox_;  // application data between handle_input and poll_output
};

}  // namespace redan::dtls
