#include "rtc/dtls/connection.hpp"

#include "base/assert.hpp"

namespace redan::dtls {
namespace {

using namespace std::chrono_literals;

// Without a round-trip time: what browsers' stacks start with. RFC 6347 section 4.2.4.1 suggests 1 s and a cap of 60 s;
// but ICE keeps testing this path, a flight is at most a few datagrams, and a person is waiting.
constexpr Duration kDefaultTimeout = 400ms;
constexpr Duration kMinTimeout = 50ms;
constexpr Duration kMaxTimeout = 1s;
// A repeated flight is answered at once, but not more often than this.
constexpr Duration kRepeatGuard = 20ms;
// How long a handshake goes on after something in the clear said that it cannot succeed.
constexpr Duration kGrace = 2s;
constexpr std::size_t kMaxInbox = 64 * 1024;

std::variant<Client, Server> make_side(Role role) {
  if (role == Role::client) return Client();
  return Server();
}

}  // namespace

Connection::Connection(ConnectionConfig config, const Identity& identity, Provider& provider)
    : machinery_(std::move(config), identity, provider), side_(make_side(machinery_.config.role)), inbox_(kMaxInbox) {}

void Connection::start(TimePoint now) {
  if (phase_ != Phase::idle) return;
  phase_ = Phase::handshaking;
  timers_.set(Timer::handshake, now + machinery_.config.timeout);
  apply(now, std::visit([&](auto& side) { return side.start(machinery_); }, side_));
}

void Connection::set_round_trip_time(Duration rtt) {
  rtt_ = rtt;
  if (timers_.running(Timer::retransmit) && !backed_off_) {
    timeout_ = initial_timeout();
    timers_.set(Timer::retransmit, last_sent_ + timeout_);
  }
}

Duration Connection::initial_timeout() const { return rtt_ ? std::max(2 * *rtt_, kMinTimeout) : kDefaultTimeout; }

// ---- input ----------------------------------------------------------------------------------------------------------

void Connection::handle_input(TimePoint now, MutableBytes datagram) {
  if (phase_ == Phase::idle) return;
  while (phase_ != Phase::ended) {
    const std::optional<Record> record = machinery_.records.next(datagram);
    if (!record) return;
    on_record(now, *record);
  }
}

void Connection::on_record(TimePoint now, const Record& record) {
  switch (record.type) {
    case ContentType::handshake:
      return on_handshake(now, record);
    case ContentType::alert:
      return on_alert(now, record);
    case ContentType::application_data:
      return on_application_data(record);
    case ContentType::change_cipher_spec:
      return;  // the epoch in the record header says it all
  }
}

void Connection::on_handshake(TimePoint now, const Record& record) {
  Reader reader(record.fragment);
  while (!reader.empty() && phase_ != Phase::ended) {
    const auto header = HandshakeHeader::parse(reader);
    if (!header || header->fragment_length > reader.remaining())
      return machinery_.records.drop(Drop::malformed_message);
    on_fragment(now, *header, record.epoch, reader.bytes(header->fragment_length));
  }
}

void Connection::on_fragment(TimePoint now, const HandshakeHeader& header, std::uint16_t epoch, Bytes body) {
  // RFC 5246 section 7.4.1.1; renegotiation is refused (RFC 8827 section 6.5), once and politely.
  const bool renegotiation = header.type == HandshakeType::hello_request || header.type == HandshakeType::client_hello;
  if (phase_ == Phase::established && epoch == 1 && renegotiation) {
    if (!refused_renegotiation_) alert_to_send_ = Alert{AlertLevel::warning, AlertDescription::no_renegotiation};
    refused_renegotiation_ = true;
    return machinery_.records.drop(Drop::unexpected_message);
  }
  switch (machinery_.incoming.add(header, epoch, body)) {
    case FragmentAssembler::Verdict::displacing:
      machinery_.records.drop(Drop::disagreeing_fragment);
      [[fallthrough]];
    case FragmentAssembler::Verdict::stored:
      return advance(now);
    case FragmentAssembler::Verdict::repeated:
      // After the end only a protected Finished may make us repeat ours.
      if (phase_ == Phase::handshaking || epoch == 1) repeat_flight(now);
      return;
    case FragmentAssembler::Verdict::unexpected:
      return machinery_.records.drop(Drop::unexpected_message);
    case FragmentAssembler::Verdict::disagreeing:
    case FragmentAssembler::Verdict::too_large:
      return machinery_.records.drop(Drop::disagreeing_fragment);
  }
}

void Connection::advance(TimePoint now) {
  const bool could_read = machinery_.records.can_read_epoch_1();
  apply(now, std::visit([&](auto& side) { return side.on_messages(machinery_); }, side_));
  if (could_read || !machinery_.records.can_read_epoch_1()) return;
  std::vector<std::uint8_t> early = machinery_.records.take_early();
  handle_input(now, early);
}

void Connection::apply(TimePoint now, const Step& step) {
  if (std::holds_alternative<FlightReady>(step)) {
    timeout_ = initial_timeout();
    backed_off_ = false;
    transmit_flight(now);
  } else if (const auto* established = std::get_if<Established>(&step)) {
    establish(now, established->flight_ready);
  } else if (const auto* doubtful = std::get_if<Doubt>(&step)) {
    doubt(now, doubtful->verdict);
  } else if (const auto* fatal = std::get_if<Fatal>(&step)) {
    end(fatal->verdict.reason, Alert{AlertLevel::fatal, fatal->verdict.alert});
  }
}

void Connection::doubt(TimePoint now, const Verdict& verdict) {
  // What does not even parse says nothing about the peer: anybody can send it.
  if (verdict.alert == AlertDescription::decode_error) return machinery_.records.drop(Drop::malformed_message);
  machinery_.records.drop(Drop::refused_message);
  if (doubt_) return;
  doubt_ = Closed{verdict.reason};
  alert_to_send_ = Alert{AlertLevel::fatal, verdict.alert};
  timers_.set(Timer::handshake, std::min(timers_.deadline(Timer::handshake), now + kGrace));
}

void Connection::on_alert(TimePoint now, const Record& record) {
  const auto alert = Alert::parse(record.fragment);
  if (!alert) return machinery_.records.drop(Drop::malformed_message);
  if (record.epoch == 0) {
    machinery_.records.drop(Drop::plaintext_alert);
    if (phase_ != Phase::handshaking || alert->level != AlertLevel::fatal || doubt_) return;
    doubt_ = Closed{Errc::dtls_peer_alert, alert->description};
    timers_.set(Timer::handshake, std::min(timers_.deadline(Timer::handshake), now + kGrace));
    return;
  }
  if (alert->description == AlertDescription::close_notify) {
    end(Errc::dtls_peer_closed, Alert{AlertLevel::warning, AlertDescription::close_notify});
  } else if (alert->level == AlertLevel::fatal) {
    end(Errc::dtls_peer_alert, std::nullopt);
    closed_to_report_->alert = alert->description;
  }
}

void Connection::on_application_data(const Record& record) {
  if (record.epoch != 1 || phase_ != Phase::established) return machinery_.records.drop(Drop::early_data);
  // The peer has our last flight: it writes in the new epoch and has stopped repeating itself.
  if (!machinery_.outgoing.empty() && !machinery_.outgoing.pending()) machinery_.outgoing.clear();
  if (!inbox_.push(0, record.fragment)) machinery_.records.drop(Drop::inbox_full);
}

// ---- progress -------------------------------------------------------------------------------------------------------

void Connection::establish(TimePoint now, bool flight_ready) {
  phase_ = Phase::established;
  timers_.stop_all();
  connected_to_report_ = true;
  machinery_.transcript.clear();
  if (flight_ready) {
    machinery_.outgoing.rewind();
    last_sent_ = now;
  } else {
    machinery_.outgoing.clear();
  }
}

void Connection::transmit_flight(TimePoint now) {
  machinery_.outgoing.rewind();
  last_sent_ = now;
  timers_.set(Timer::retransmit, now + timeout_);
}

void Connection::repeat_flight(TimePoint now) {
  if (machinery_.outgoing.empty() || now - last_sent_ < kRepeatGuard) return;
  machinery_.outgoing.rewind();
  last_sent_ = now;
}

void Connection::end(Errc reason, std::optional<Alert> farewell) {
  phase_ = Phase::ended;
  timers_.stop_all();
  machinery_.outgoing.clear();
  machinery_.transcript.clear();
  alert_to_send_ = farewell;
  closed_to_report_ = Closed{reason};
}

void Connection::close() {
  if (phase_ == Phase::ended) return;
  if (phase_ == Phase::established)
    return end(Errc::closed_locally, Alert{AlertLevel::warning, AlertDescription::close_notify});
  end(Errc::closed_locally, std::nullopt);
}

void Connection::run_timers(TimePoint now) {
  if (timers_.expired(Timer::handshake, now)) {
    end(Errc::dtls_timeout, std::nullopt);
    if (doubt_) closed_to_report_ = doubt_;
    return;
  }
  if (timers_.expired(Timer::retransmit, now)) {
    timeout_ = std::min(timeout_ * 2, std::max(kMaxTimeout, initial_timeout()));
    backed_off_ = true;
    transmit_flight(now);
  }
}

// ---- output ---------------------------------------------------------------------------------------------------------

Output Connection::poll_output(TimePoint now, MutableBytes buffer) {
  run_timers(now);
  const MutableBytes space = buffer.first(std::min(buffer.size(), machinery_.config.mtu));
  if (machinery_.outgoing.pending()) {
    const MutableBytes datagram = machinery_.outgoing.write(machinery_.records, space);
    if (!datagram.empty()) return Transmit{datagram};
    machinery_.outgoing.clear();
  }
  if (connected_to_report_) {
    connected_to_report_ = false;
    return Connected{};
  }
  if (const auto data = take_application_data()) return *data;
  if (alert_to_send_) {
    const MutableBytes datagram = write_alert(space);
    if (!datagram.empty()) return Transmit{datagram};
  }
  if (phase_ == Phase::established && machinery_.records.exhausted()) end(Errc::dtls_sequence_exhausted, std::nullopt);
  if (closed_to_report_) {
    const Closed closed = *closed_to_report_;
    closed_to_report_.reset();
    return closed;
  }
  return Wait{timers_.next()};
}

std::optional<ApplicationData> Connection::take_application_data() {
  if (connected_to_report_) return std::nullopt;
  const auto packet = inbox_.pop();
  if (!packet) return std::nullopt;
  return ApplicationData{packet->bytes};
}

MutableBytes Connection::write_alert(MutableBytes buffer) {
  // Before our ChangeCipherSpec the peer cannot read epoch 1.
  const std::uint16_t epoch = machinery_.records.can_write_epoch_1() ? 1 : 0;
  if (buffer.size() < machinery_.records.overhead(epoch) + Alert::kSize) return {};
  Writer writer(buffer.subspan(machinery_.records.headroom(epoch)));
  alert_to_send_->write(writer);
  alert_to_send_.reset();
  return machinery_.records.write(ContentType::alert, epoch, buffer, Alert::kSize);
}

MutableBytes Connection::seal(MutableBytes record, std::size_t size) {
  if (phase_ != Phase::established) return {};
  return machinery_.records.write(ContentType::application_data, 1, record, size);
}

bool Connection::export_keying_material(std::string_view label, std::optional<Bytes> context, MutableBytes out) const {
  if (phase_ != Phase::established) return false;
  const Session& s = machinery_.session;
  dtls::export_keying_material(machinery_.provider, s.suite->hash, s.master, s.client_random, s.server_random, label,
                               context, out);
  return true;
}

static_assert(Machine<Connection>);

}  // namespace redan::dtls
