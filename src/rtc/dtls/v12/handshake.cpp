#include "rtc/dtls/v12/handshake.hpp"

#include "rtc/dtls/v12/flights.hpp"

namespace redan::dtls::v12 {
namespace {

using namespace std::chrono_literals;

// The grace period after a plaintext reason to give up: so many retransmissions that a genuine handshake makes progress
// meanwhile over a bad link.
constexpr int kGraceTimeouts = 8;
constexpr Duration kMinGrace = 4s;

std::variant<Client, Server> make_side(Role role) {
  if (role == Role::client) return Client();
  return Server();
}

constexpr Role other(Role role) { return role == Role::client ? Role::server : Role::client; }

}  // namespace

Handshake::Handshake(ConnectionConfig config, const Identity& identity, Provider& provider, RecordLayer& records,
                     UnprovenBudget& budget, const ClientOffer* offer)
    : context_{Authentication(identity, std::exchange(config.peer_fingerprints, {}), provider),
               std::move(config),
               provider,
               records,
               CandidateTable(provider, budget.work),
               offer},
      side_(make_side(context_.config.role)),
      budget_(budget) {}

void Handshake::start(TimePoint now) {
  deadline_ = now + context_.config.timeout;
  const Outcome outcome = std::visit([&](auto& side) { return side.start(context_); }, side_);
  if (!std::holds_alternative<NewFlight>(outcome)) return;
  rewind();
  timer_.flight_sent(now);
  timer_.restart(now);
}

bool Handshake::on_fragment(TimePoint now, const HandshakeHeader& header, Bytes body) {
  const Outcome outcome = std::visit([&](auto& side) { return side.on_fragment(context_, header, body); }, side_);
  if (std::holds_alternative<NewFlight>(outcome)) return on_progress(now);
  if (std::holds_alternative<RepeatedFlight>(outcome) && timer_.may_answer(now)) answer(now);
  if (const auto* rejected = std::get_if<Rejected>(&outcome)) reject(now, rejected->failure);
  return false;
}

// Whatever seemed to be wrong before, the handshake goes on.
bool Handshake::on_progress(TimePoint now) {
  failure_.clear();
  timer_.restart(now);
  // A server whose client is proven waits for its Finished and has nothing new to send.
  const bool keys = has_keys();
  if (!keys || context_.config.role == Role::client) answer(now);
  return keys;
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
  fail_later(now, {failure.reason, Alert{AlertLevel::fatal, failure.alert}}, failure.proven);
}

void Handshake::on_alert(TimePoint now, const Alert& alert) {
  if (alert.level == AlertLevel::fatal) {
    fail_later(now, {Errc::dtls_peer_alert, std::nullopt, alert.description}, false);
  }
}

// Our alert waits until the grace period ends, because a plaintext alert would end a genuine handshake at its side.
void Handshake::fail_later(TimePoint now, const Ending& ending, bool proven) {
  failure_.add(now, std::max(kGraceTimeouts * timer_.timeout(), kMinGrace), ending, proven);
}

bool Handshake::has_keys() const {
  return std::any_of(context_.candidates.begin(), context_.candidates.end(),
                     [](const HandshakeCandidate& candidate) { return candidate.read.has_value(); });
}

std::optional<OpenedRecord> Handshake::open(const Record& record) {
  std::array<OpenProtection*, 2 * CandidateTable::kPlaces> keys{};
  const std::size_t count = context_.candidates.size();
  for (std::size_t i = 0; i < count; ++i) keys[i] = context_.candidates[i].read_protection();
  return context_.records.open(record, std::span(keys).first(count));
}

bool Handshake::read_key_exhausted() const {
  return std::any_of(context_.candidates.begin(), context_.candidates.end(),
                     [](const HandshakeCandidate& each) { return each.read && each.read->exhausted(); });
}

Check Handshake::on_protected_fragment(std::size_t index, const HandshakeHeader& header, Bytes body) {
  HandshakeCandidate& candidate = context_.candidates[index];
  if (header.type != HandshakeType::finished) return kUnexpected;
  switch (candidate.finished.add(header, kProtectedEpoch, body)) {
    case FragmentAssembler::Verdict::repeated:
      context_.records.drop(Drop::unexpected_message);
      return std::nullopt;
    case FragmentAssembler::Verdict::unexpected:
      return kUnexpected;
    case FragmentAssembler::Verdict::displacing:
    case FragmentAssembler::Verdict::too_large:
      return kIllegal;
    case FragmentAssembler::Verdict::stored:
      break;
  }
  const auto finished = candidate.finished.message(0);
  if (!finished) return std::nullopt;
  if (const Check failure = verify_finished(candidate, *finished)) return failure;
  context_.candidates.keep_only(index);
  finished_ = true;
  return std::nullopt;
}

Check Handshake::verify_finished(HandshakeCandidate& candidate, const HandshakeMessage& finished) const {
  const auto expected = candidate.verify_data_of(other(context_.config.role), context_.provider);
  if (finished.body.size() != expected.size()) return Failure{Errc::dtls_bad_finished, AlertDescription::decode_error};
  if (!equal_in_constant_time(finished.body, expected)) {
    return Failure{Errc::dtls_bad_finished, AlertDescription::decrypt_error};
  }
  candidate.transcript.add(finished);
  return std::nullopt;
}

HandshakeCandidate Handshake::take_proven() {
  std::visit([&](auto& side) { side.finish(context_); }, side_);
  return std::move(context_.candidates.back());
}

std::optional<Ending> Handshake::run_timers(TimePoint now) {
  if (std::min(deadline_, failure_.deadline()) <= now) {
    return failure_.ending().value_or(Ending{Errc::dtls_timeout});
  }
  if (timer_.expired(now)) rewind();
  return std::nullopt;
}

TimePoint Handshake::deadline() const { return std::min({deadline_, failure_.deadline(), timer_.deadline()}); }

MutableBytes Handshake::write(MutableBytes datagram) {
  if (auto* client = std::get_if<Client>(&side_)) {
    if (const MutableBytes hello = client->write_hello(context_.records, datagram); !hello.empty()) return hello;
  }
  for (HandshakeCandidate& candidate : context_.candidates) {
    if (!candidate.outgoing.pending()) continue;
    const MutableBytes written = candidate.outgoing.write(context_.records, candidate.write_protection(), datagram);
    if (!written.empty()) return written;
    candidate.outgoing.clear();
  }
  return {};
}

void Handshake::stop() {
  if (auto* client = std::get_if<Client>(&side_)) client->stop();
  for (HandshakeCandidate& candidate : context_.candidates) candidate.outgoing.clear();
}

const Session& Handshake::session() const {
  static const Session none;
  return context_.candidates.empty() ? none : context_.candidates.back().session;
}

// Before our ChangeCipherSpec the peer cannot read protected records.
SealProtection* Handshake::write_protection() {
  return context_.candidates.empty() ? nullptr : context_.candidates.back().write_protection();
}

}  // namespace redan::dtls::v12
