#include "rtc/dtls/connection.hpp"

#include "rtc/dtls/v12/flights.hpp"

namespace redan::dtls {
namespace {

constexpr std::size_t kMaxInbox = 64 * 1024;

constexpr Alert kCloseNotify{AlertLevel::warning, AlertDescription::close_notify};

/// Cuts a record's content into fragments. False if it does not parse; `handle(header, body)` returns whether to go on.
template <class Handler>
bool for_each_fragment(Bytes content, Handler&& handle) {
  Reader reader(content);
  while (!reader.empty()) {
    const auto header = HandshakeHeader::parse(reader);
    if (!header || header->fragment_length > reader.remaining()) return false;
    if (!handle(*header, reader.bytes(header->fragment_length))) return true;
  }
  return true;
}

}  // namespace

Connection::Connection(ConnectionConfig config, const Identity& identity, Provider& provider)
    : provider_(provider),
      mtu_(std::max(config.mtu, ConnectionConfig::kMinMtu)),
      state_(std::in_place_type<v12::Handshake>, std::move(config), identity, provider, records_),
      inbox_(kMaxInbox) {}

void Connection::start(TimePoint now) {
  if (phase_ != Phase::idle) return;
  phase_ = Phase::open;
  handshake()->start(now);
}

void Connection::set_round_trip_time(Duration rtt) {
  if (handshake() != nullptr) handshake()->set_round_trip_time(rtt);
}

const Session& Connection::session() const {
  return std::visit([](const auto& state) -> const Session& { return state.session(); }, state_);
}

void Connection::handle_input(TimePoint now, MutableBytes datagram) {
  if (phase_ == Phase::idle) return;
  if (handshake() != nullptr) handshake()->datagram_arrived(now, datagram.size());
  take_records(now, datagram);
}

void Connection::take_records(TimePoint now, MutableBytes datagram) {
  while (phase_ != Phase::ended) {
    const std::optional<Record> record = records_.next(datagram);
    if (!record) return;
    if (record->header.epoch == Epoch::plaintext) {
      on_plaintext(now, *record);
    } else if (record->header.epoch == v12::kProtectedEpoch) {
      on_protected(now, *record);
    } else {
      records_.drop(Drop::wrong_epoch);
    }
  }
}

void Connection::take_early_records(TimePoint now) {
  for (auto& record : early_.take()) take_records(now, record);
}

// The plaintext epoch has no replay window: remembering its sequence numbers would let a forger shut out genuine
// records.
void Connection::on_plaintext(TimePoint now, const Record& record) {
  switch (record.header.type) {
    case ContentType::handshake:
      return on_plaintext_handshake(now, record.fragment());
    case ContentType::alert:
      return on_plaintext_alert(now, record.fragment());
    case ContentType::application_data:
      return records_.drop(Drop::early_data);
    case ContentType::change_cipher_spec:
      return;  // the epoch in the record header is enough
  }
}

void Connection::on_plaintext_handshake(TimePoint now, Bytes fragment) {
  const bool parsed = for_each_fragment(fragment, [&](const HandshakeHeader& header, Bytes body) {
    if (handshake() == nullptr) {
      records_.drop(Drop::unexpected_message);
      return false;
    }
    if (handshake()->on_fragment(now, header, body)) take_early_records(now);
    return phase_ != Phase::ended;
  });
  if (!parsed || fragment.empty()) records_.drop(Drop::malformed_message);
}

void Connection::on_plaintext_alert(TimePoint now, Bytes fragment) {
  const auto alert = Alert::parse(fragment);
  if (!alert) return records_.drop(Drop::malformed_message);
  records_.drop(Drop::plaintext_alert);
  if (handshake() != nullptr) handshake()->on_alert(now, *alert);
}

void Connection::on_protected(TimePoint now, const Record& record) {
  if (must_wait(record)) {
    for (std::size_t n = early_.keep(record.whole); n > 0; --n) records_.drop(Drop::early_data);
    return;
  }
  const auto opened = open(record);
  if (!opened) return;
  const Bytes text = opened->text;
  if (text.size() > RecordHeader::kMaxPlaintext) {
    return fail({Errc::dtls_illegal_parameter, AlertDescription::record_overflow});
  }
  switch (record.header.type) {
    case ContentType::handshake:
      return on_protected_handshake(now, opened->key, text);
    case ContentType::alert:
      return on_protected_alert(text);
    case ContentType::application_data:
      return on_application_data(text);
    case ContentType::change_cipher_spec:
      return fail(kUnexpected);
  }
}

// A reordered record may come before its keys; application data waits until the Finished is verified.
bool Connection::must_wait(const Record& record) {
  const bool data = record.header.type == ContentType::application_data;
  return handshake() != nullptr && (data || !handshake()->has_keys());
}

std::optional<OpenedRecord> Connection::open(const Record& record) {
  const auto opened = std::visit([&](auto& state) { return state.open(record); }, state_);
  const bool exhausted = std::visit([](const auto& state) { return state.read_key_exhausted(); }, state_);
  if (opened || !exhausted) return opened;
  // RFC 9147 section 4.5.3.
  end({Errc::dtls_too_many_forgeries, Alert{AlertLevel::fatal, AlertDescription::bad_record_mac}});
  return std::nullopt;
}

void Connection::on_protected_handshake(TimePoint now, std::size_t key, Bytes fragment) {
  const bool parsed = for_each_fragment(fragment, [&](const HandshakeHeader& header, Bytes body) {
    on_protected_fragment(now, key, header, body);
    return phase_ != Phase::ended;
  });
  // RFC 5246 section 6.2.1: no empty handshake records.
  if (phase_ != Phase::ended && (!parsed || fragment.empty())) fail(kMalformed);
}

void Connection::on_protected_fragment(TimePoint now, std::size_t key, const HandshakeHeader& header, Bytes body) {
  const Check failure = handshake() != nullptr ? handshake()->on_protected_fragment(key, header, body)
                                               : established()->on_fragment(now, header);
  if (failure) return fail(*failure);
  if (handshake() != nullptr && handshake()->finished()) establish(now);
}

void Connection::on_protected_alert(Bytes fragment) {
  const auto alert = Alert::parse(fragment);
  if (!alert) return fail(kMalformed);
  if (alert->description == AlertDescription::close_notify) return end({Errc::dtls_peer_closed, kCloseNotify});
  if (alert->level == AlertLevel::fatal) end({Errc::dtls_peer_alert, std::nullopt, alert->description});
}

void Connection::on_application_data(Bytes fragment) {
  established()->on_application_data();
  if (!inbox_.push(0, fragment)) records_.drop(Drop::inbox_full);
}

void Connection::establish(TimePoint now) {
  v12::Established established(now, handshake()->take_proven(), provider_, records_);
  state_.emplace<v12::Established>(std::move(established));
  connected_to_report_ = true;
  take_early_records(now);
}

void Connection::fail(const Failure& failure) {
  if (failure.reason == Errc::dtls_illegal_parameter) records_.drop(Drop::malformed_message);
  end({failure.reason, Alert{AlertLevel::fatal, failure.alert}});
}

void Connection::end(const Ending& ending) {
  phase_ = Phase::ended;
  std::visit([](auto& state) { state.stop(); }, state_);
  alert_to_send_ = ending.alert;
  closed_to_report_ = Closed{ending.reason, ending.peer_alert};
}

void Connection::close() {
  if (phase_ == Phase::ended) return;
  end({Errc::closed_locally, connected() ? std::optional(kCloseNotify) : std::nullopt});
}

void Connection::run_timers(TimePoint now) {
  if (phase_ != Phase::open || handshake() == nullptr) return;
  if (const auto ending = handshake()->run_timers(now)) end(*ending);
}

Output Connection::poll_output(TimePoint now, MutableBytes buffer) {
  run_timers(now);
  const MutableBytes space = buffer.first(std::min(buffer.size(), mtu_));
  if (const MutableBytes datagram = write_flight(space); !datagram.empty()) return Transmit{datagram};
  if (std::exchange(connected_to_report_, false)) return Connected{};
  if (const auto data = take_application_data()) return *data;
  if (connected() && established()->write_protection().exhausted()) {
    end({Errc::dtls_sequence_exhausted, kCloseNotify});
  }
  if (const MutableBytes datagram = write_alert(space); !datagram.empty()) return Transmit{datagram};
  if (const auto closed = std::exchange(closed_to_report_, std::nullopt)) return *closed;
  return Wait{deadline()};
}

MutableBytes Connection::write_flight(MutableBytes datagram) {
  return std::visit([&](auto& state) { return state.write(datagram); }, state_);
}

std::optional<ApplicationData> Connection::take_application_data() {
  if (connected_to_report_) return std::nullopt;
  const auto packet = inbox_.pop();
  if (!packet) return std::nullopt;
  return ApplicationData{packet->bytes};
}

MutableBytes Connection::write_alert(MutableBytes datagram) {
  if (connected() && !alert_to_send_) alert_to_send_ = established()->take_warning();
  if (!alert_to_send_ || datagram.size() < kMaxRecordOverhead + Alert::kSize) return {};
  SealProtection* protection =
      handshake() != nullptr ? handshake()->write_protection() : &established()->write_protection();
  Writer writer(datagram.subspan(protection != nullptr ? protection->headroom() : RecordHeader::kSize));
  alert_to_send_->write(writer);
  alert_to_send_.reset();
  return protection != nullptr ? protection->seal(ContentType::alert, datagram, Alert::kSize)
                               : records_.write_plain(ContentType::alert, datagram, Alert::kSize);
}

MutableBytes Connection::seal(MutableBytes record, std::size_t size) {
  if (!connected()) return {};
  return established()->write_protection().seal(ContentType::application_data, record, size);
}

bool Connection::export_keying_material(std::string_view label, std::optional<Bytes> context, MutableBytes out) const {
  if (!connected()) return false;
  established()->export_keying_material(label, context, out);
  return true;
}

TimePoint Connection::deadline() const {
  const auto* handshake = std::get_if<v12::Handshake>(&state_);
  return phase_ == Phase::open && handshake != nullptr ? handshake->deadline() : kNever;
}

static_assert(Machine<Connection>);

}  // namespace redan::dtls
