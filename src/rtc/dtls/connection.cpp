#include "rtc/dtls/connection.hpp"

#include "rtc/dtls/v12/flights.hpp"
#include "rtc/dtls/v13/flights.hpp"

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
      state_(std::in_place_type<Negotiation>, std::move(config), identity, provider, records_),
      inbox_(kMaxInbox) {}

void Connection::start(TimePoint now) {
  if (phase_ != Phase::idle) return;
  phase_ = Phase::open;
  negotiation()->start(now);
}

void Connection::set_round_trip_time(Duration rtt) {
  if (negotiation() != nullptr) negotiation()->set_round_trip_time(rtt);
  if (v13() != nullptr) v13()->set_round_trip_time(rtt);
}

const Session& Connection::session() const {
  return std::visit([](const auto& state) -> const Session& { return state.session(); }, state_);
}

void Connection::handle_input(TimePoint now, MutableBytes datagram) {
  if (phase_ == Phase::idle) return;
  if (negotiation() != nullptr) negotiation()->datagram_arrived(now, datagram.size());
  take_records(now, datagram);
}

void Connection::take_records(TimePoint now, MutableBytes datagram) {
  while (phase_ != Phase::ended) {
    const std::optional<Record> record = records_.next(datagram);
    if (!record) return;
    if (record->unified) {
      on_ciphertext(now, *record);
    } else if (record->header.epoch == Epoch::plaintext) {
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
    case ContentType::ack:
      // It may be forged. Our hellos are answered instead (RFC 9147 section 7.1).
      return records_.drop(Drop::unexpected_message);
  }
}

void Connection::on_plaintext_handshake(TimePoint now, Bytes fragment) {
  const bool parsed = for_each_fragment(fragment, [&](const HandshakeHeader& header, Bytes body) {
    if (negotiation() == nullptr) {
      records_.drop(Drop::unexpected_message);
      return false;
    }
    if (negotiation()->on_fragment(now, header, body)) take_early_records(now);
    return phase_ != Phase::ended;
  });
  if (!parsed || fragment.empty()) records_.drop(Drop::malformed_message);
}

void Connection::on_plaintext_alert(TimePoint now, Bytes fragment) {
  const auto alert = Alert::parse(fragment);
  if (!alert) return records_.drop(Drop::malformed_message);
  records_.drop(Drop::plaintext_alert);
  if (negotiation() != nullptr) negotiation()->on_alert(now, *alert);
}

void Connection::on_protected(TimePoint now, const Record& record) {
  if (v13() != nullptr || (negotiation() != nullptr && handshake12() == nullptr)) {
    return records_.drop(Drop::wrong_epoch);
  }
  if (must_wait(record)) return keep_early(record);
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
    case ContentType::ack:
      return fail(kUnexpected);
  }
}

void Connection::keep_early(const Record& record) {
  for (std::size_t n = early_.keep(record.whole); n > 0; --n) records_.drop(Drop::early_data);
}

// A reordered record may come before its keys; application data waits until the Finished is verified.
bool Connection::must_wait(const Record& record) {
  const bool data = record.header.type == ContentType::application_data;
  return handshake12() != nullptr && (data || !handshake12()->has_keys());
}

std::optional<OpenedRecord> Connection::open(const Record& record) {
  const auto opened = handshake12() != nullptr ? handshake12()->open(record) : v12()->open(record);
  const bool exhausted = handshake12() != nullptr ? handshake12()->read_key_exhausted() : v12()->read_key_exhausted();
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
  const Check failure = handshake12() != nullptr ? handshake12()->on_protected_fragment(key, header, body)
                                                 : v12()->on_fragment(now, header);
  if (failure) return fail(*failure);
  establish_if_proven(now);
}

// Records of DTLS 1.3.

// Before the peer is proven its records are under keys that anyone can have: they end nothing.
void Connection::on_ciphertext(TimePoint now, const Record& record) {
  if (v12() != nullptr || (negotiation() != nullptr && handshake13() == nullptr)) {
    return records_.drop(Drop::wrong_epoch);
  }
  const bool application = (v13::kFirstApplicationEpoch & 3U) == record.unified->epoch_bits;
  if (negotiation() != nullptr && (application || !handshake13()->has_keys())) return keep_early(record);
  const auto opened = open_ciphertext(now, record);
  if (!opened) return;
  if (opened->text.size() > RecordHeader::kMaxPlaintext) {
    return refuse_ciphertext(now, *opened, {Errc::dtls_illegal_parameter, AlertDescription::record_overflow});
  }
  switch (opened->type) {
    case ContentType::handshake:
      return on_ciphertext_handshake(now, *opened);
    case ContentType::alert:
      return on_ciphertext_alert(now, *opened);
    case ContentType::ack:
      return on_ack(now, *opened);
    case ContentType::application_data:
      // RFC 9147 section 6.1: not in the epoch of the handshake.
      if (v13() == nullptr || opened->number.epoch == v13::kHandshakeEpoch) break;
      return on_application_data(opened->text);
    case ContentType::change_cipher_spec:
      break;
  }
  refuse_ciphertext(now, *opened, kUnexpected);
}

std::optional<OpenedCiphertext> Connection::open_ciphertext(TimePoint now, const Record& record) {
  const auto opened = handshake13() != nullptr ? handshake13()->open(record) : v13()->open(now, record);
  const bool exhausted = handshake13() != nullptr ? handshake13()->read_key_exhausted() : v13()->read_key_exhausted();
  if (opened || !exhausted) return opened;
  // RFC 9147 section 4.5.3.
  end({Errc::dtls_too_many_forgeries, Alert{AlertLevel::fatal, AlertDescription::bad_record_mac}});
  return std::nullopt;
}

void Connection::on_ciphertext_handshake(TimePoint now, const OpenedCiphertext& record) {
  const bool parsed = for_each_fragment(record.text, [&](const HandshakeHeader& header, Bytes body) {
    on_ciphertext_fragment(now, record, header, body);
    return phase_ != Phase::ended;
  });
  if (handshake13() != nullptr) {
    handshake13()->on_record(now, record.key);
    establish_if_proven(now);
  }
  // RFC 8446 section 5.1: no empty handshake records.
  if (phase_ != Phase::ended && (!parsed || record.text.empty())) refuse_ciphertext(now, record, kMalformed);
}

void Connection::on_ciphertext_fragment(TimePoint now, const OpenedCiphertext& record, const HandshakeHeader& header,
                                        Bytes body) {
  if (handshake13() != nullptr) return handshake13()->on_fragment(now, record, header, body);
  if (const Check failure = v13()->on_fragment(now, record, header, body)) fail(*failure);
}

void Connection::on_ciphertext_alert(TimePoint now, const OpenedCiphertext& record) {
  const auto alert = Alert::parse(record.text);
  if (!alert) return refuse_ciphertext(now, record, kMalformed);
  if (negotiation() != nullptr) return negotiation()->on_alert(now, *alert);
  if (alert->description == AlertDescription::close_notify) return end({Errc::dtls_peer_closed, kCloseNotify});
  // RFC 8446 section 6: every other alert is fatal, whatever its level says.
  end({Errc::dtls_peer_alert, std::nullopt, alert->description});
}

void Connection::on_ack(TimePoint now, const OpenedCiphertext& record) {
  if (handshake13() != nullptr) return handshake13()->on_ack(now, record);
  if (const Check failure = v13()->on_ack(now, record)) fail(*failure);
}

void Connection::refuse_ciphertext(TimePoint now, const OpenedCiphertext& record, const Failure& failure) {
  if (handshake13() != nullptr) return handshake13()->refuse(now, record.key, failure);
  // The fragments before this one may have established the connection.
  fail(failure);
}

void Connection::on_protected_alert(Bytes fragment) {
  const auto alert = Alert::parse(fragment);
  if (!alert) return fail(kMalformed);
  if (alert->description == AlertDescription::close_notify) return end({Errc::dtls_peer_closed, kCloseNotify});
  if (alert->level == AlertLevel::fatal) end({Errc::dtls_peer_alert, std::nullopt, alert->description});
}

void Connection::on_application_data(Bytes fragment) {
  if (v12() != nullptr) v12()->on_application_data();
  if (!inbox_.push(0, fragment)) records_.drop(Drop::inbox_full);
}

void Connection::establish_if_proven(TimePoint now) {
  const bool proven12 = handshake12() != nullptr && handshake12()->finished();
  const bool proven13 = handshake13() != nullptr && handshake13()->finished();
  if (proven12 || proven13) establish(now);
}

void Connection::establish(TimePoint now) {
  if (handshake13() != nullptr && handshake13()->finished()) {
    v13::Handshake& handshake = *handshake13();
    v13::Established established(now, handshake.take_proven(), handshake.config(), handshake.timer(), provider_,
                                 records_);
    state_.emplace<v13::Established>(std::move(established));
  } else {
    v12::Established established(now, handshake12()->take_proven(), provider_, records_);
    state_.emplace<v12::Established>(std::move(established));
  }
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
  if (phase_ != Phase::open || v12() != nullptr) return;
  const auto ending = negotiation() != nullptr ? negotiation()->run_timers(now) : v13()->run_timers(now);
  if (ending) return end(*ending);
  establish_if_proven(now);
}

Output Connection::poll_output(TimePoint now, MutableBytes buffer) {
  run_timers(now);
  const MutableBytes space = buffer.first(std::min(buffer.size(), mtu_));
  if (const MutableBytes datagram = write_flight(space); !datagram.empty()) return Transmit{datagram};
  if (std::exchange(connected_to_report_, false)) return Connected{};
  if (const auto data = take_application_data()) return *data;
  if (connected() && write_key_exhausted()) {
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
  if (connected() && v12() != nullptr && !alert_to_send_) alert_to_send_ = v12()->take_warning();
  if (!alert_to_send_ || datagram.size() < kMaxRecordOverhead + Alert::kSize) return {};
  const Alert alert = *std::exchange(alert_to_send_, std::nullopt);
  if (negotiation() != nullptr) return negotiation()->write_alert(alert, datagram);
  Writer writer(datagram.subspan(headroom()));
  alert.write(writer);
  return v13() != nullptr ? v13()->write_protection().seal(ContentType::alert, datagram, Alert::kSize)
                          : v12()->write_protection().seal(ContentType::alert, datagram, Alert::kSize);
}

bool Connection::write_key_exhausted() const {
  return v13() != nullptr ? v13()->write_protection().exhausted() : v12()->write_protection().exhausted();
}

MutableBytes Connection::seal(MutableBytes record, std::size_t size) {
  if (!connected()) return {};
  return v13() != nullptr ? v13()->write_protection().seal(ContentType::application_data, record, size)
                          : v12()->write_protection().seal(ContentType::application_data, record, size);
}

bool Connection::export_keying_material(std::string_view label, std::optional<Bytes> context, MutableBytes out) const {
  if (!connected() || label.size() > kMaxExporterLabel || out.size() > kMaxExported) return false;
  if (v13() != nullptr) {
    v13()->export_keying_material(label, context, out);
  } else {
    v12()->export_keying_material(label, context, out);
  }
  return true;
}

TimePoint Connection::deadline() const {
  if (phase_ != Phase::open || v12() != nullptr) return kNever;
  return negotiation() != nullptr ? negotiation()->deadline() : v13()->deadline();
}

static_assert(Machine<Connection>);

}  // namespace redan::dtls
