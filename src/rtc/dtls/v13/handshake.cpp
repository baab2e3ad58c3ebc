#include "rtc/dtls/v13/handshake.hpp"

#include "rtc/dtls/v13/flights.hpp"

namespace redan::dtls::v13 {
namespace {

using namespace std::chrono_literals;

// As in DTLS 1.2: so many retransmissions that a genuine handshake makes progress meanwhile over a bad link.
constexpr int kGraceTimeouts = 8;
constexpr Duration kMinGrace = 4s;

// RFC 9147 section 7.1 suggests to acknowledge a part of a flight after a quarter of the retransmission timer.
constexpr int kAckShare = 4;

}  // namespace

Handshake::Handshake(const ConnectionConfig& config, const Identity& identity, Provider& provider, RecordLayer& records,
                     UnprovenBudget& budget, const ClientOffer* offer)
    : context_{Authentication(identity, config.peer_fingerprints, provider), config, provider, records,
               CandidateTable(provider, budget.work)},
      budget_(budget) {
  context_.config.peer_fingerprints.clear();
  if (offer != nullptr) side_.emplace<Client>(*offer);
}

void Handshake::start(TimePoint now) {
  deadline_ = now + context_.config.timeout;
  const Outcome outcome = std::visit([&](auto& side) { return side.start(context_); }, side_);
  if (!std::holds_alternative<NewFlight>(outcome)) return;
  rewind();
  timer_.flight_sent(now);
  timer_.restart(now);
}

bool Handshake::on_hello(TimePoint now, const HandshakeMessage& message) {
  if (finished_) return false;
  return process(now, std::visit([&](auto& side) { return side.on_hello(context_, message); }, side_));
}

bool Handshake::process(TimePoint now, const Outcome& outcome) {
  if (std::holds_alternative<RepeatedFlight>(outcome) && timer_.may_answer(now)) answer(now);
  if (const auto* rejected = std::get_if<Rejected>(&outcome)) reject(now, rejected->failure);
  if (std::holds_alternative<RetryRequest>(outcome)) ask_again(now);
  const bool flight = std::holds_alternative<NewFlight>(outcome);
  const bool keys = std::holds_alternative<NewKeys>(outcome);
  if (!flight && !keys) return false;
  failure_.clear();
  if (flight) {
    timer_.restart(now);
    answer(now);
  }
  return has_keys();
}

// Apart from the timer and from the answers to those who have a candidate: it costs nothing to ask for a request.
void Handshake::ask_again(TimePoint now) {
  const bool too_soon = last_request_ && now - *last_request_ < RetransmissionTimer::kMinInterval;
  if (too_soon || !budget_.answers.allows()) {
    return context_.records.drop(Drop::over_budget);
  }
  last_request_ = now;
  budget_.answers.answered(rewind());
}

// What the budget forbids now, the timer sends.
void Handshake::answer(TimePoint now) {
  if (!budget_.answers.allows()) return context_.records.drop(Drop::over_budget);
  budget_.answers.answered(rewind());
  timer_.flight_sent(now);
}

std::size_t Handshake::rewind() {
  return std::visit([&](auto& side) { return side.rewind(context_); }, side_);
}

void Handshake::reject(TimePoint now, const Failure& failure) {
  // Messages that do not parse are no evidence about the peer: anyone can send them.
  if (failure.alert == AlertDescription::decode_error) return context_.records.drop(Drop::malformed_message);
  context_.records.drop(Drop::refused_message);
  failure_.add(now, std::max(kGraceTimeouts * timer_.timeout(), kMinGrace),
               {failure.reason, Alert{AlertLevel::fatal, failure.alert}}, failure.proven);
}

void Handshake::refuse(TimePoint now, std::size_t candidate, const Failure& failure) {
  context_.candidates[candidate].refused = true;
  context_.candidates[candidate].outgoing.clear();
  context_.candidates[candidate].incoming.forget();
  reject(now, failure);
}

void Handshake::on_alert(TimePoint now, const Alert& alert) {
  if (alert.level != AlertLevel::fatal && alert.description != AlertDescription::close_notify) return;
  failure_.add(now, std::max(kGraceTimeouts * timer_.timeout(), kMinGrace),
               {Errc::dtls_peer_alert, std::nullopt, alert.description}, false);
}

std::optional<OpenedCiphertext> Handshake::open(const Record& record) {
  std::array<CiphertextOpen*, 2 * CandidateTable::kPlaces> keys{};
  const std::size_t count = context_.candidates.size();
  for (std::size_t i = 0; i < count; ++i) {
    HandshakeCandidate& candidate = context_.candidates[i];
    keys[i] = candidate.refused ? nullptr : &*candidate.read;
  }
  return context_.records.open(record, std::span(keys).first(count));
}

bool Handshake::read_key_exhausted() const {
  return std::any_of(context_.candidates.begin(), context_.candidates.end(),
                     [](const HandshakeCandidate& each) { return each.read->exhausted(); });
}

void Handshake::on_fragment(TimePoint now, const OpenedCiphertext& record, const HandshakeHeader& header, Bytes body) {
  HandshakeCandidate& candidate = context_.candidates[record.key];
  if (candidate.refused || finished_) return;
  switch (candidate.incoming.add(header, kAnyEpoch, body)) {
    case FragmentAssembler::Verdict::repeated:
      return context_.records.drop(Drop::unexpected_message);
    case FragmentAssembler::Verdict::unexpected:
      return refuse(now, record.key, kUnexpected);
    case FragmentAssembler::Verdict::displacing:
    case FragmentAssembler::Verdict::too_large:
      return refuse(now, record.key, kIllegal);
    case FragmentAssembler::Verdict::stored:
      break;
  }
  candidate.received.add(record.number);
}

void Handshake::on_record(TimePoint now, std::size_t index) {
  const HandshakeCandidate& candidate = context_.candidates[index];
  if (!candidate.refused && !finished_ && !candidate.received.empty()) on_flight(now, index);
}

void Handshake::on_flight(TimePoint now, std::size_t index) {
  HandshakeCandidate& candidate = context_.candidates[index];
  const Outcome outcome = std::visit([&](auto& side) { return side.on_protected(context_, candidate); }, side_);
  if (const auto* rejected = std::get_if<Rejected>(&outcome)) return refuse(now, index, rejected->failure);
  if (std::holds_alternative<Proven>(outcome)) {
    context_.candidates.keep_only(index);
    finished_ = true;
    return;
  }
  if (ack_deadline_ == kNever) ack_deadline_ = now + timer_.timeout() / kAckShare;
}

void Handshake::on_ack(TimePoint now, const OpenedCiphertext& record) {
  HandshakeCandidate& candidate = context_.candidates[record.key];
  bool news = false;
  const bool parsed = for_each_acknowledged(
      record.text, [&](RecordNumber number) { news = candidate.outgoing.acknowledge(number) || news; });
  if (!parsed) return refuse(now, record.key, kMalformed);
  // RFC 9147 section 7.2: what is missing is sent again at once.
  if (news && timer_.may_answer(now)) {
    candidate.outgoing.rewind();
    timer_.flight_sent(now);
  }
}

std::optional<Ending> Handshake::run_timers(TimePoint now) {
  if (std::min(deadline_, failure_.deadline()) <= now) {
    return failure_.ending().value_or(Ending{Errc::dtls_timeout});
  }
  if (ack_deadline_ <= now) {
    ack_deadline_ = kNever;
    for (HandshakeCandidate& each : context_.candidates) each.ack_due = !each.received.empty() && !each.refused;
  }
  if (!finished_ && timer_.expired(now)) on_timeout(now);
  return std::nullopt;
}

// A HelloRetryRequest is not among what is sent again: its client repeats the hello.
void Handshake::on_timeout(TimePoint now) {
  rewind();
  for (std::size_t i = 0; i < context_.candidates.size() && !finished_; ++i) {
    HandshakeCandidate& candidate = context_.candidates[i];
    // This peer has our ServerHello, so it does not repeat its hello; another hello may have come after it.
    if (candidate.read->used() && !candidate.refused) candidate.outgoing.rewind();
    candidate.ack_due = !candidate.received.empty() && !candidate.refused;
    // There may have been no budget for a flight that is whole.
    if (candidate.ack_due) on_flight(now, i);
  }
}

TimePoint Handshake::deadline() const {
  return std::min({deadline_, failure_.deadline(), timer_.deadline(), ack_deadline_});
}

MutableBytes Handshake::write(MutableBytes datagram) {
  const MutableBytes hello =
      std::visit([&](auto& side) { return side.write_hello(context_.records, datagram); }, side_);
  if (!hello.empty()) return hello;
  for (HandshakeCandidate& candidate : context_.candidates) {
    if (std::exchange(candidate.ack_due, false)) return write_ack(candidate, datagram);
    if (!candidate.outgoing.pending()) continue;
    const MutableBytes written = candidate.outgoing.write(context_.records, &*candidate.write, datagram);
    if (!written.empty()) return written;
  }
  return {};
}

MutableBytes Handshake::write_ack(HandshakeCandidate& candidate, MutableBytes datagram) {
  Writer writer(datagram.subspan(CiphertextSeal::kHeadroom, datagram.size() - CiphertextSeal::kOverhead));
  candidate.received.write(writer);
  return candidate.write->seal(ContentType::ack, datagram, writer.size());
}

void Handshake::stop() {
  std::visit([](auto& side) { side.stop(); }, side_);
  for (HandshakeCandidate& candidate : context_.candidates) {
    candidate.outgoing.clear();
    candidate.outgoing.rewind();
    candidate.ack_due = false;
  }
}

const Session& Handshake::session() const {
  static const Session none;
  return context_.candidates.empty() ? none : context_.candidates.back().session;
}

CiphertextSeal* Handshake::write_protection() {
  return context_.candidates.empty() ? nullptr : &*context_.candidates.back().write;
}

}  // namespace redan::dtls::v13
