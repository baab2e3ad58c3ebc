// One DTLS connection, client or server, of version 1.2 (RFC 6347) or 1.3 (RFC 9147): datagrams in, datagrams and
// events out.
//
// Four things terminate it: the application, a protected record (an alert, a wrong Finished, a broken rule), time, and
// keys that are used up. Plaintext records never do.
#pragma once

#include <optional>
#include <variant>

#include "base/machine.hpp"
#include "base/packet_queue.hpp"
#include "rtc/dtls/negotiation.hpp"
#include "rtc/dtls/record/early_records.hpp"
#include "rtc/dtls/v12/established.hpp"
#include "rtc/dtls/v13/established.hpp"

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
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  /// The path is there: a client sends its ClientHello, a server's timeout starts. Input before this is dropped.
  void start(TimePoint now);
  /// The round-trip time that ICE measured: the retransmission timer of the handshake follows it at once.
  void set_round_trip_time(Duration rtt);

  void handle_input(TimePoint now, MutableBytes datagram);
  /// `buffer`: at least the configured MTU.
  Output poll_output(TimePoint now, MutableBytes buffer);

  /// The application data that poll_output would report next, ahead of all other output: a composer that passes it on
  /// at once needs no memory for a burst of input. Lives until the next call. After Connected was reported.
  std::optional<ApplicationData> take_application_data();

  /// Room for seal() before the payload, and around it. Once Connected.
  [[nodiscard]] std::size_t headroom() const {
    return v12() != nullptr ? v12()->write_protection().headroom() : CiphertextSeal::kHeadroom;
  }
  [[nodiscard]] std::size_t overhead() const {
    return v12() != nullptr ? v12()->write_protection().overhead() : CiphertextSeal::kOverhead;
  }
  /// Protects `size` bytes of application data, at most 2^14, that lie at headroom() in `record`; returns the whole
  /// record, in place. Empty if not connected, if `record` is too small, or if the key is used up (Closed follows).
  MutableBytes seal(MutableBytes record, std::size_t size);

  /// Sends close_notify if there is a connection; Closed{closed_locally} follows.
  void close();

  [[nodiscard]] bool connected() const { return phase_ == Phase::open && negotiation() == nullptr; }
  /// Before Connected, that of the handshake candidate heard last.
  [[nodiscard]] const Session& session() const;
  [[nodiscard]] const Counters<Drop>& drops() const { return records_.drops(); }
  /// What HKDF-Expand-Label of DTLS 1.3 can carry (RFC 8446 section 7.1): a label behind "dtls13", and 255 hashes.
  static constexpr std::size_t kMaxExporterLabel = 249;
  static constexpr std::size_t kMaxExported = std::size_t{255} * 32;
  /// RFC 5705, and in DTLS 1.3 RFC 8446 section 7.5; false before Connected, and beyond these limits in both versions.
  [[nodiscard]] bool export_keying_material(std::string_view label, std::optional<Bytes> context,
                                            MutableBytes out) const;

 private:
  enum class Phase : std::uint8_t { idle, open, ended };

  Negotiation* negotiation() { return std::get_if<Negotiation>(&state_); }
  [[nodiscard]] const Negotiation* negotiation() const { return std::get_if<Negotiation>(&state_); }
  // The established connection, if it is of this version.
  v12::Established* v12() { return std::get_if<v12::Established>(&state_); }
  [[nodiscard]] const v12::Established* v12() const { return std::get_if<v12::Established>(&state_); }
  v13::Established* v13() { return std::get_if<v13::Established>(&state_); }
  [[nodiscard]] const v13::Established* v13() const { return std::get_if<v13::Established>(&state_); }
  // The handshake in this version, where it is open.
  v12::Handshake* handshake12() { return negotiation() != nullptr ? negotiation()->v12() : nullptr; }
  v13::Handshake* handshake13() { return negotiation() != nullptr ? negotiation()->v13() : nullptr; }

  void take_records(TimePoint now, MutableBytes datagram);
  void take_early_records(TimePoint now);
  void on_plaintext(TimePoint now, const Record& record);
  void on_plaintext_handshake(TimePoint now, Bytes fragment);
  void on_plaintext_alert(TimePoint now, Bytes fragment);
  void on_protected(TimePoint now, const Record& record);
  void on_ciphertext(TimePoint now, const Record& record);
  std::optional<OpenedCiphertext> open_ciphertext(TimePoint now, const Record& record);
  void on_ciphertext_handshake(TimePoint now, const OpenedCiphertext& record);
  void on_ciphertext_fragment(TimePoint now, const OpenedCiphertext& record, const HandshakeHeader& header, Bytes body);
  void on_ciphertext_alert(TimePoint now, const OpenedCiphertext& record);
  void on_ack(TimePoint now, const OpenedCiphertext& record);
  void refuse_ciphertext(TimePoint now, const OpenedCiphertext& record, const Failure& failure);
  void keep_early(const Record& record);
  [[nodiscard]] bool write_key_exhausted() const;
  [[nodiscard]] bool must_wait(const Record& record);
  std::optional<OpenedRecord> open(const Record& record);
  void on_protected_handshake(TimePoint now, std::size_t key, Bytes fragment);
  void on_protected_fragment(TimePoint now, std::size_t key, const HandshakeHeader& header, Bytes body);
  void on_protected_alert(Bytes fragment);
  void on_application_data(Bytes fragment);
  void establish(TimePoint now);
  void establish_if_proven(TimePoint now);

  /// The peer broke a rule under protection.
  void fail(const Failure& failure);
  void end(const Ending& ending);
  void run_timers(TimePoint now);
  MutableBytes write_flight(MutableBytes datagram);
  MutableBytes write_alert(MutableBytes datagram);
  [[nodiscard]] TimePoint deadline() const;

  Provider& provider_;
  std::size_t mtu_;
  RecordLayer records_;
  std::variant<Negotiation, v12::Established, v13::Established> state_;
  Phase phase_ = Phase::idle;
  EarlyRecords early_;
  PacketQueue inbox_;  // application data between handle_input and poll_output
  bool connected_to_report_ = false;
  std::optional<Alert> alert_to_send_;
  std::optional<Closed> closed_to_report_;
};

}  // namespace redan::dtls
