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
// How long a handshake goes on after something in the clear said that it cannot succeed: so many retransmissions that a
// genuine one gets on meanwhile over a bad link.
constexpr int kGraceTimeouts = 8;
constexpr Duration kMinGrace = 4s;
constexpr std::size_t kMaxInbox = 64 * 1024;

std::variant<v12::Client, v12::Server> make_side(Role role) {
  if (role == Role::client) return v12::Client();
  return v12::Server();
}

constexpr Role other(Role role) { return role == Role::client ? Role::server : Role::client; }

/// Cuts a record's content into fragments. False if it does not parse; `visit(header, body)` says whether to go on.
template <class Visit>
bool for_each_fragment(Bytes content, Visit&& visit) {
  Reader reader(content);
  while (!reader.empty()) {
    const auto header = HandshakeHeader::parse(reader);
    if (!header || header->fragment_length > reader.remaining()) return false;
    if (!visit(*header, reader.bytes(header->fragment_length))) return true;
  }
  return true;
}

}  // namespace

Connection::Connection(ConnectionConfig config, const Identity& identity, Provider& provider)
    : machinery_(std::move(config), identity, provider), side_(make_side(machinery_.config.role)), inbox_(kMaxInbox) {}

void Connection::start(TimePoint now) {
  if (phase_ != Phase::idle) return;
  phase_ = Phase::handshaking;
  timers_.set(Timer::handshake, now + machinery_.config.timeout);
  const Step step = std::visit([&](auto& side) { return side.start(machinery_); }, side_);
  if (!std::holds_alternative<Progress>(step)) return;
  rewind_flight();
  last_sent_ = now;
  timers_.set(Timer::retransmit, now + timeout());
}

void Connection::set_round_trip_time(Duration rtt) {
  rtt_ = rtt;
  if (timers_.running(Timer::retransmit)) timers_.set(Timer::retransmit, last_sent_ + timeout());
}

Duration Connection::initial_timeout() const { return rtt_ ? std::max(2 * *rtt_, kMinTimeout) : kDefaultTimeout; }

Duration Connection::timeout() const {
  const Duration initial = initial_timeout();
  const Duration limit = std::max(initial, kMaxTimeout);
  Duration value = initial;
  for (int i = 0; i < backoffs_ && value < limit; ++i) value *= 2;
  return std::min(value, limit);
}

Duration Connection::grace() const { return std::max(kGraceTimeouts * timeout(), kMinGrace); }

const Session& Connection::session() const {
  static const Session none;
  return machinery_.candidates.empty() ? none : machinery_.candidates.back().session;
}

// ---- input ----------------------------------------------------------------------------------------------------------

void Connection::handle_input(TimePoint now, MutableBytes datagram) {
  if (phase_ == Phase::idle) return;
  if (phase_ == Phase::handshaking) machinery_.budget.received(datagram.size());
  machinery_.beginnings = 1;
  machinery_.arrival = now;
  take_records(now, datagram);
}

void Connection::take_records(TimePoint now, MutableBytes datagram) {
  while (phase_ != Phase::ended) {
    const std::optional<Record> record = machinery_.records.next(datagram);
    if (!record) return;
    if (record->header.epoch == Epoch::plaintext) {
      on_plain(now, *record);
    } else if (record->header.epoch == v12::kProtectedEpoch) {
      on_protected(now, *record);
    } else {
      machinery_.records.drop(Drop::wrong_epoch);
    }
  }
}

void Connection::take_early(TimePoint now) {
  for (auto& record : early_.take()) take_records(now, record);
}

// Epoch 0 has no replay window: remembering its sequence numbers would let a forger shut out genuine records.
void Connection::on_plain(TimePoint now, const Record& record) {
  switch (record.header.type) {
    case ContentType::handshake:
      return on_plain_handshake(now, record.fragment());
    case ContentType::alert:
      return on_plain_alert(now, record.fragment());
    case ContentType::application_data:
      return machinery_.records.drop(Drop::early_data);
    case ContentType::change_cipher_spec:
      return;  // the epoch in the record header says it all
  }
}

void Connection::on_plain_handshake(TimePoint now, Bytes fragment) {
  const bool parsed = for_each_fragment(fragment, [&](const HandshakeHeader& header, Bytes body) {
    if (phase_ != Phase::handshaking) {
      machinery_.records.drop(Drop::unexpected_message);
      return false;
    }
    apply(now, std::visit([&](auto& side) { return side.on_fragment(machinery_, header, body); }, side_));
    return phase_ != Phase::ended;
  });
  if (!parsed || fragment.empty()) machinery_.records.drop(Drop::malformed_message);
}

void Connection::on_plain_alert(TimePoint now, Bytes fragment) {
  const auto alert = Alert::parse(fragment);
  if (!alert) return machinery_.records.drop(Drop::malformed_message);
  machinery_.records.drop(Drop::plaintext_alert);
  if (alert->level == AlertLevel::fatal) suspect(now, {Closed{Errc::dtls_peer_alert, alert->description}});
}

bool Connection::can_open() const {
  return std::any_of(machinery_.candidates.begin(), machinery_.candidates.end(),
                     [](const v12::Candidate& candidate) { return candidate.read.has_value(); });
}

void Connection::on_protected(TimePoint now, const Record& record) {
  // Reordered, it may come before its keys; application data waits for the Finished that lets it in.
  const bool data = record.header.type == ContentType::application_data;
  if (phase_ == Phase::handshaking && (data || !can_open())) {
    for (std::size_t n = early_.keep(record.whole); n > 0; --n) machinery_.records.drop(Drop::early_data);
    return;
  }
  std::size_t index = 0;
  const auto text = open(record, index);
  if (!text) return;
  if (text->size() > RecordHeader::kMaxPlaintext) return end_illegal(AlertDescription::record_overflow);
  switch (record.header.type) {
    case ContentType::handshake:
      return on_protected_handshake(now, index, *text);
    case ContentType::alert:
      return on_protected_alert(*text);
    case ContentType::application_data:
      return on_application_data(*text);
    case ContentType::change_cipher_spec:
      return end_illegal(AlertDescription::unexpected_message);
  }
}

// By the candidate whose key it is. Opening in place spoils what does not open: the next candidate gets a copy.
std::optional<MutableBytes> Connection::open(const Record& record, std::size_t& index) {
  v12::Candidates& candidates = machinery_.candidates;
  const MutableBytes fragment = record.fragment();
  std::vector<std::uint8_t> copy;
  if (candidates.size() > 1) copy.assign(fragment.begin(), fragment.end());
  bool replayed = false;
  for (index = 0; index < candidates.size(); ++index) {
    v12::Candidate& candidate = candidates[index];
    if (!candidate.read) continue;
    if (candidate.read->replayed(record.header)) {
      replayed = true;
      continue;
    }
    std::copy(copy.begin(), copy.end(), fragment.begin());
    if (auto text = candidate.read->open(record.header, fragment)) return text;
    if (candidate.read->forgeries() < machinery_.limits(candidate).forgeries) continue;
    // RFC 9147 section 4.5.3.
    end(Errc::dtls_too_many_forgeries, Alert{AlertLevel::fatal, AlertDescription::bad_record_mac});
    return std::nullopt;
  }
  machinery_.records.drop(replayed ? Drop::replayed : Drop::bad_tag);
  return std::nullopt;
}

void Connection::on_protected_handshake(TimePoint now, std::size_t index, Bytes fragment) {
  const bool parsed = for_each_fragment(fragment, [&](const HandshakeHeader& header, Bytes body) {
    on_protected_fragment(now, phase_ == Phase::established ? 0 : index, header, body);
    return phase_ != Phase::ended;
  });
  // RFC 5246 section 6.2.1: no empty handshake records.
  if (phase_ != Phase::ended && (!parsed || fragment.empty())) end_illegal(AlertDescription::decode_error);
}

void Connection::on_protected_fragment(TimePoint now, std::size_t index, const HandshakeHeader& header, Bytes body) {
  const bool renegotiation = header.type == HandshakeType::hello_request || header.type == HandshakeType::client_hello;
  if (phase_ == Phase::established && renegotiation) return refuse_renegotiation();
  if (header.type != HandshakeType::finished) return end_illegal(AlertDescription::unexpected_message);
  v12::Candidate& candidate = machinery_.candidates[index];
  switch (candidate.finished.add(header, v12::kProtectedEpoch, body)) {
    case FragmentAssembler::Verdict::repeated:
      return on_old_finished(now);
    case FragmentAssembler::Verdict::unexpected:
      return end_illegal(AlertDescription::unexpected_message);
    case FragmentAssembler::Verdict::displacing:
    case FragmentAssembler::Verdict::too_large:
      return end_illegal(AlertDescription::illegal_parameter);
    case FragmentAssembler::Verdict::stored:
      if (candidate.finished.whole(1)) on_finished(now, index);
  }
}

// RFC 5246 section 7.4.1.1; renegotiation is refused (RFC 8827 section 6.5), once and politely.
void Connection::refuse_renegotiation() {
  if (!refused_renegotiation_) alert_to_send_ = Alert{AlertLevel::warning, AlertDescription::no_renegotiation};
  refused_renegotiation_ = true;
  machinery_.records.drop(Drop::unexpected_message);
}

void Connection::on_protected_alert(Bytes fragment) {
  const auto alert = Alert::parse(fragment);
  if (!alert) return end_illegal(AlertDescription::decode_error);
  if (alert->description == AlertDescription::close_notify) {
    end(Errc::dtls_peer_closed, Alert{AlertLevel::warning, AlertDescription::close_notify});
  } else if (alert->level == AlertLevel::fatal) {
    end(Errc::dtls_peer_alert, std::nullopt);
    closed_to_report_->alert = alert->description;
  }
}

void Connection::on_application_data(Bytes fragment) {
  // The peer has our last flight: it writes in the new epoch and has stopped repeating itself.
  OutgoingFlight& outgoing = machinery_.candidates.back().outgoing;
  if (!outgoing.empty() && !outgoing.pending()) outgoing.clear();
  if (!inbox_.push(0, fragment)) machinery_.records.drop(Drop::inbox_full);
}

void Connection::on_old_finished(TimePoint now) {
  if (now - last_sent_ < kRepeatGuard) return;
  machinery_.candidates.back().outgoing.rewind();
  last_sent_ = now;
}

// ---- progress -------------------------------------------------------------------------------------------------------

void Connection::apply(TimePoint now, const Step& step) {
  if (std::holds_alternative<Progress>(step)) {
    advance(now);
  } else if (std::holds_alternative<Repetition>(step)) {
    if (now - last_sent_ >= kRepeatGuard) answer(now);
  } else if (const auto* doubtful = std::get_if<Doubt>(&step)) {
    doubt(now, doubtful->verdict);
  }
}

// It is genuine, or at least it goes on: no doubt counts that was there before.
void Connection::advance(TimePoint now) {
  suspicion_.reset();
  timers_.stop(Timer::grace);
  backoffs_ = 0;
  timers_.set(Timer::retransmit, now + timeout());
  // A server whose client is proven waits for its Finished and has nothing new to say.
  const bool keys = can_open();
  if (!keys || machinery_.config.role == Role::client) answer(now);
  if (keys) take_early(now);
}

// What the budget forbids now, the timer sends.
void Connection::answer(TimePoint now) {
  if (!machinery_.budget.allows()) return machinery_.records.drop(Drop::over_budget);
  machinery_.budget.answered(rewind_flight());
  last_sent_ = now;
}

std::size_t Connection::rewind_flight() {
  return std::visit([&](auto& side) { return side.rewind(machinery_); }, side_);
}

void Connection::doubt(TimePoint now, const Verdict& verdict) {
  // What does not even parse says nothing about the peer: anybody can send it.
  if (verdict.alert == AlertDescription::decode_error) return machinery_.records.drop(Drop::malformed_message);
  machinery_.records.drop(Drop::refused_message);
  suspect(now, {Closed{verdict.reason}, Alert{AlertLevel::fatal, verdict.alert}, verdict.proven});
}

void Connection::suspect(TimePoint now, const Suspicion& suspicion) {
  if (phase_ != Phase::handshaking) return;
  if (!suspicion_) timers_.set(Timer::grace, now + grace());
  if (!suspicion_ || (suspicion.proven && !suspicion_->proven)) suspicion_ = suspicion;
}

void Connection::on_finished(TimePoint now, std::size_t index) {
  v12::Candidate& candidate = machinery_.candidates[index];
  const HandshakeMessage finished = *candidate.finished.message(0);
  const auto expected = machinery_.verify_data_of(candidate, other(machinery_.config.role));
  if (!equal_in_constant_time(finished.body, expected)) {
    const bool malformed = finished.body.size() != expected.size();
    return end(Errc::dtls_bad_finished,
               Alert{AlertLevel::fatal, malformed ? AlertDescription::decode_error : AlertDescription::decrypt_error});
  }
  candidate.transcript.add(finished);
  candidate.finished.expect(static_cast<std::uint16_t>(finished.message_seq + 1), {});
  machinery_.candidates.keep_only(index);
  establish(now);
}

void Connection::establish(TimePoint now) {
  v12::Candidate& candidate = machinery_.candidates.back();
  if (auto* client = std::get_if<v12::Client>(&side_)) {
    client->finish();
    candidate.outgoing.clear();
  } else {
    v12::Server::finish(machinery_, candidate);
    candidate.outgoing.rewind();
  }
  phase_ = Phase::established;
  last_sent_ = now;
  suspicion_.reset();
  timers_.stop_all();
  connected_to_report_ = true;
  candidate.transcript.clear();
  machinery_.dropped.clear();
  take_early(now);
}

void Connection::end(Errc reason, std::optional<Alert> farewell) {
  phase_ = Phase::ended;
  timers_.stop_all();
  for (v12::Candidate& candidate : machinery_.candidates) candidate.outgoing.clear();
  if (auto* client = std::get_if<v12::Client>(&side_)) client->finish();
  alert_to_send_ = farewell;
  closed_to_report_ = Closed{reason};
}

void Connection::end_illegal(AlertDescription alert) {
  machinery_.records.drop(Drop::malformed_message);
  end(Errc::dtls_illegal_parameter, Alert{AlertLevel::fatal, alert});
}

// Only now is the peer told why: an alert in the clear would end a genuine handshake at its side.
void Connection::give_up() {
  const Suspicion suspicion = suspicion_.value_or(Suspicion{Closed{Errc::dtls_timeout}});
  end(suspicion.closed.reason, suspicion.farewell);
  closed_to_report_ = suspicion.closed;
}

void Connection::close() {
  if (phase_ == Phase::ended) return;
  if (phase_ == Phase::established)
    return end(Errc::closed_locally, Alert{AlertLevel::warning, AlertDescription::close_notify});
  end(Errc::closed_locally, std::nullopt);
}

void Connection::run_timers(TimePoint now) {
  if (timers_.expired(Timer::handshake, now) || timers_.expired(Timer::grace, now)) return give_up();
  if (timers_.expired(Timer::retransmit, now)) {
    ++backoffs_;
    rewind_flight();
    last_sent_ = now;
    timers_.set(Timer::retransmit, now + timeout());
  }
}

// ---- output ---------------------------------------------------------------------------------------------------------

Output Connection::poll_output(TimePoint now, MutableBytes buffer) {
  run_timers(now);
  const MutableBytes space = buffer.first(std::min(buffer.size(), machinery_.config.mtu));
  if (const MutableBytes datagram = write_flights(space); !datagram.empty()) return Transmit{datagram};
  if (connected_to_report_) {
    connected_to_report_ = false;
    return Connected{};
  }
  if (const auto data = take_application_data()) return *data;
  if (phase_ == Phase::established && machinery_.candidates.back().write->exhausted()) {
    end(Errc::dtls_sequence_exhausted, Alert{AlertLevel::warning, AlertDescription::close_notify});
  }
  if (alert_to_send_) {
    const MutableBytes datagram = write_alert(space);
    if (!datagram.empty()) return Transmit{datagram};
  }
  if (closed_to_report_) {
    const Closed closed = *closed_to_report_;
    closed_to_report_.reset();
    return closed;
  }
  return Wait{timers_.next()};
}

MutableBytes Connection::write_flights(MutableBytes buffer) {
  if (auto* client = std::get_if<v12::Client>(&side_)) {
    if (const MutableBytes datagram = client->write_hello(machinery_.records, buffer); !datagram.empty())
      return datagram;
  }
  for (v12::Candidate& candidate : machinery_.candidates) {
    if (!candidate.outgoing.pending()) continue;
    const MutableBytes datagram = candidate.write_flight(machinery_.records, buffer);
    if (!datagram.empty()) return datagram;
    candidate.outgoing.clear();
  }
  return {};
}

std::optional<ApplicationData> Connection::take_application_data() {
  if (connected_to_report_) return std::nullopt;
  const auto packet = inbox_.pop();
  if (!packet) return std::nullopt;
  return ApplicationData{packet->bytes};
}

MutableBytes Connection::write_alert(MutableBytes buffer) {
  // Before our ChangeCipherSpec the peer cannot read epoch 1.
  v12::Candidates& candidates = machinery_.candidates;
  SealProtection* protection = !candidates.empty() && candidates.back().write ? &*candidates.back().write : nullptr;
  if (buffer.size() < kMaxRecordOverhead + Alert::kSize) return {};
  Writer writer(buffer.subspan(protection != nullptr ? protection->headroom() : RecordHeader::kSize));
  alert_to_send_->write(writer);
  alert_to_send_.reset();
  return protection != nullptr ? protection->seal(ContentType::alert, buffer, Alert::kSize)
                               : machinery_.records.write_plain(ContentType::alert, buffer, Alert::kSize);
}

MutableBytes Connection::seal(MutableBytes record, std::size_t size) {
  if (phase_ != Phase::established) return {};
  return machinery_.candidates.back().write->seal(ContentType::application_data, record, size);
}

bool Connection::export_keying_material(std::string_view label, std::optional<Bytes> context, MutableBytes out) const {
  if (phase_ != Phase::established) return false;
  const Session& s = session();
  v12::export_keying_material(machinery_.provider, s.suite->hash, machinery_.candidates.back().master, s.client_random,
                              s.server_random, label, context, out);
  return true;
}

static_assert(Machine<Connection>);

}  // namespace redan::dtls
