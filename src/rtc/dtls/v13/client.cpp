#include "rtc/dtls/v13/client.hpp"

#include "rtc/dtls/v13/certificate.hpp"
#include "rtc/dtls/v13/certificate_request.hpp"
#include "rtc/dtls/v13/flights.hpp"

namespace redan::dtls::v13 {
namespace {

// The first hello, and three that answer a HelloRetryRequest: of these at most one is genuine.
constexpr std::size_t kMaxAttempts = 4;

// So many timeouts a flight that is being read silences our hellos.
constexpr int kMaxPauses = 2;

// What a server flight costs: its signature and ours.
constexpr std::size_t kOperations = 2;

enum Slot : std::size_t { kEncryptedExtensions, kCertificateRequest, kCertificate, kCertificateVerify, kFinished };

// RFC 8446 section 4.1.3 and RFC 9147 section 5: the fields that TLS 1.3 does not use are fixed, and our session id was
// empty. Of the extensions only these two belong into a ServerHello (section 4.2).
bool well_formed(const ServerHello& hello) {
  const Extensions& e = hello.extensions;
  return hello.version == kDtls12 && hello.session_id.empty() && hello.compression_method == 0 && !e.unknown &&
         !e.extended_master_secret && !e.ec_point_formats && !e.renegotiated_connection && !e.supported_groups &&
         !e.signature_algorithms && !e.use_srtp;
}

Check check_encrypted_extensions(const ConnectionConfig& config, Bytes body, Session& session) {
  Reader reader(body);
  if (reader.empty()) return kMalformed;
  const auto parsed = Extensions::parse(reader, HelloSender::server);
  if (!parsed) return kMalformed;
  if (parsed->unknown || (parsed->use_srtp && config.srtp_profiles.empty())) {
    return Failure{Errc::dtls_illegal_parameter, AlertDescription::unsupported_extension};
  }
  // RFC 8446 section 4.2: extensions of other messages. supported_groups may be here.
  if (parsed->extended_master_secret || parsed->ec_point_formats || parsed->renegotiated_connection ||
      parsed->signature_algorithms || parsed->selected_version || parsed->key_share || parsed->cookie) {
    return kIllegal;
  }
  if (parsed->use_srtp) {
    // RFC 5764 section 4.1.1: exactly one profile, one of ours, and our (empty) MKI.
    Reader profiles(parsed->use_srtp->profiles.bytes);
    const std::uint16_t profile = profiles.u16();
    const auto& ours = config.srtp_profiles;
    const bool known = std::find(ours.begin(), ours.end(), profile) != ours.end();
    if (!profiles.done() || !parsed->use_srtp->mki.empty() || !known) return kIllegal;
    session.srtp_profile = profile;
  }
  if (config.require_srtp && !session.srtp_profile) {
    return Failure{Errc::dtls_no_srtp_profile, AlertDescription::handshake_failure};
  }
  return std::nullopt;
}

bool asks_for_no_certificate(const FragmentAssembler& flight) {
  const auto second = flight.message(kCertificateRequest);
  return second && second->type == HandshakeType::certificate;
}

Check check_request(const Authentication& authentication, Bytes body, SignatureScheme& scheme) {
  const auto request = CertificateRequest::parse(body);
  if (!request) return kMalformed;
  if (!request->context.empty()) return kIllegal;
  const auto chosen = choose_scheme(authentication, request->signature_algorithms);
  if (!chosen) return Failure{Errc::dtls_no_common_signature, AlertDescription::handshake_failure};
  scheme = *chosen;
  return std::nullopt;
}

Check check_server_flight(HandshakeContext& context, HandshakeCandidate& candidate) {
  const FragmentAssembler& flight = candidate.incoming;
  if (asks_for_no_certificate(flight)) {
    return Failure{Errc::dtls_no_certificate_request, AlertDescription::handshake_failure};
  }
  if (flight.message(kCertificate)->type != HandshakeType::certificate ||
      flight.message(kCertificateVerify)->type != HandshakeType::certificate_verify) {
    return kUnexpected;
  }
  const HandshakeMessage extensions = *flight.message(kEncryptedExtensions);
  const HandshakeMessage request = *flight.message(kCertificateRequest);
  if (const Check failure = check_encrypted_extensions(context.config, extensions.body, candidate.session)) {
    return failure;
  }
  if (const Check failure = check_request(context.authentication, request.body, candidate.scheme)) return failure;
  candidate.transcript.add(extensions);
  candidate.transcript.add(request);
  return check_proof(context, candidate,
                     {*flight.message(kCertificate), *flight.message(kCertificateVerify), *flight.message(kFinished)});
}

}  // namespace

Outcome Client::start(HandshakeContext&) {
  std::vector<std::uint8_t> hello(8 * 1024);
  Writer writer(hello);
  offer_.write(writer, {});
  add_attempt({.messages = OutgoingMessages(0), .hello = {}}, writer.written());
  return NewFlight{};
}

void Client::add_attempt(Attempt attempt, std::span<const std::uint8_t> hello) {
  attempt.number = next_attempt_++;
  attempt.hello.assign(hello.begin(), hello.end());
  attempt.messages.add(HandshakeType::client_hello, 0, [&](Writer& w) { w.bytes(hello); });
  attempts_.push_back(std::move(attempt));
  retransmissions_ = 0;
}

std::size_t Client::rewind(HandshakeContext& context) {
  // Once a server flight is being read, its sender has the hello, unless that ServerHello is forged. With several
  // candidates it is unknown whose flight is genuine.
  const auto reading = [](const HandshakeCandidate& each) { return each.read->used() && !each.refused; };
  if (context.candidates.size() == 1 && reading(context.candidates.back()) && pauses_++ < kMaxPauses) return 0;
  if (attempts_.empty()) return 0;
  // A forged HelloRetryRequest must not silence the hello that the server would have answered: the hellos take turns,
  // the latest first.
  Attempt& turn = attempts_[attempts_.size() - 1 - retransmissions_++ % attempts_.size()];
  turn.messages.rewind();
  return turn.messages.wire_size();
}

MutableBytes Client::write_hello(RecordLayer& records, MutableBytes datagram) {
  for (Attempt& attempt : attempts_) {
    if (attempt.messages.pending()) return attempt.messages.write(records, nullptr, datagram);
  }
  return {};
}

Outcome Client::on_hello(HandshakeContext& context, const HandshakeMessage& message) {
  const auto hello = ServerHello::parse(message.body);
  if (!hello) return Rejected{kMalformed};
  if (!well_formed(*hello)) return Rejected{kIllegal};
  if (!context.candidates.may_start()) return Rejected{kMalformed};  // no server puts two into a datagram
  if (hello->is_retry_request()) {
    // RFC 8446 section 4.1.4: one request at most, and it answers the first hello.
    if (message.message_seq != 0) return Rejected{kUnexpected};
    return on_retry_request(context, *hello, message.body);
  }
  // The hellos that answer forged requests have the same number: each may be the one that is answered.
  Outcome best = Rejected{kIllegal};
  for (Attempt& attempt : attempts_) {
    const std::uint16_t number = attempt.request.empty() ? 0 : 1;
    if (number != message.message_seq) continue;
    const Outcome outcome = on_server_hello(context, attempt, *hello, message);
    const bool better = !std::holds_alternative<Rejected>(outcome) || std::holds_alternative<Rejected>(best);
    if (better && !std::holds_alternative<NewKeys>(best)) best = outcome;
  }
  return best;
}

// As in the table of candidates, the oldest answer to a request makes room once it had the time to be answered.
bool Client::make_room(TimePoint now) {
  if (attempts_.size() < kMaxAttempts) return true;
  const auto oldest = attempts_.begin() + 1;  // the first hello stays
  if (now - oldest->created < CandidateTable::kMinAge) return false;
  attempts_.erase(oldest);
  return true;
}

// If this request is forged, the server's own flight may be on its way already: the earlier hellos stay.
Outcome Client::on_retry_request(HandshakeContext& context, const ServerHello& hello, Bytes body) {
  const auto known = [&](const Attempt& attempt) {
    return std::equal(attempt.request.begin(), attempt.request.end(), body.begin(), body.end());
  };
  const bool repeated = std::any_of(attempts_.begin(), attempts_.end(), known);
  if (repeated || !make_room(context.candidates.now())) {
    context.records.drop(Drop::unexpected_message);
    return Incomplete{};
  }
  const Extensions& extensions = hello.extensions;
  const auto groups = offer_.groups();
  Attempt attempt{.messages = OutgoingMessages(1), .hello = {}, .created = context.candidates.now()};
  attempt.request.assign(body.begin(), body.end());
  attempt.suite = hello.cipher_suite;
  attempt.group = groups.front();
  if (find_suite(kCipherSuites13, attempt.suite) == nullptr) return Rejected{kIllegal};
  if (extensions.key_share) {
    // A group that we offered, and of which we sent no share.
    attempt.group = static_cast<Group>(extensions.key_share->group);
    const bool offered = std::find(groups.begin(), groups.end(), attempt.group) != groups.end();
    if (!extensions.key_share->key.empty() || !offered || offer_.exchange(attempt.group) != nullptr) {
      return Rejected{kIllegal};
    }
    if (!context.candidates.spend(Priority::low, 1)) return context.drop_over_budget({});
    attempt.exchange = context.provider.start_key_exchange(attempt.group);
  } else if (!extensions.cookie) {
    return Rejected{kIllegal};  // it would change nothing
  }
  std::vector<std::uint8_t> second(8 * 1024);
  Writer writer(second);
  if (attempt.exchange) {
    offer_.write_retry(writer, attempt.group, attempt.exchange->share(), extensions.cookie.value_or(Bytes{}));
  } else {
    offer_.write_with_cookie(writer, *extensions.cookie);
  }
  if (!writer.ok()) return Rejected{kIllegal};
  add_attempt(std::move(attempt), writer.written());
  return NewFlight{};
}

KeyExchange* Client::exchange(const Attempt& attempt, Group group) const {
  if (!attempt.exchange) return offer_.exchange(group);
  return attempt.group == group ? attempt.exchange.get() : nullptr;
}

// RFC 8446 section 4.4.1: after a HelloRetryRequest a hash takes the place of the first hello.
Transcript Client::transcript_of(Provider& provider, const Attempt& attempt, HashAlgorithm hash) const {
  Transcript transcript(provider, hash);
  if (!attempt.request.empty()) {
    const Digest first = Transcript::of_hello(provider, hash, attempts_.front().hello);
    transcript.add(HandshakeType::message_hash, first.bytes());
    transcript.add(HandshakeType::server_hello, attempt.request);
  }
  transcript.add(HandshakeType::client_hello, attempt.hello);
  return transcript;
}

// Our share is the same in all candidates. A ServerHello whose candidate was replaced and that comes again gives the
// same keys again: their record numbers must go on.
std::uint64_t Client::next_record(const CandidateTable& candidates) {
  for (const HandshakeCandidate& each : candidates) next_record_ = std::max(next_record_, each.write->next().sequence);
  return next_record_;
}

Outcome Client::on_server_hello(HandshakeContext& context, Attempt& attempt, const ServerHello& hello,
                                const HandshakeMessage& message) {
  // One message may answer several attempts: each is a candidate of its own.
  std::array<std::uint8_t, 8> number{};
  Writer(number).u64(attempt.number);
  const auto hash = context.provider.start_hash(HashAlgorithm::sha256);
  hash->update(number);
  hash->update(message.body);
  const Digest origin = hash->digest();
  if (context.candidates.move_to_back(origin.bytes())) return Incomplete{};
  Session session;
  session.version = kDtls13;
  session.suite = find_suite(kCipherSuites13, hello.cipher_suite);
  if (session.suite == nullptr) return Rejected{{Errc::dtls_no_common_suite, AlertDescription::illegal_parameter}};
  const auto& share = hello.extensions.key_share;
  if (hello.extensions.cookie || !share || share->key.empty()) return Rejected{kIllegal};
  if (!attempt.request.empty() && attempt.suite != hello.cipher_suite) return Rejected{kIllegal};
  session.group = static_cast<Group>(share->group);
  KeyExchange* ours = exchange(attempt, session.group);
  if (ours == nullptr) return Rejected{{Errc::dtls_no_common_group, AlertDescription::illegal_parameter}};
  const bool repeated = context.candidates.was_dropped(origin.bytes());
  if (!context.candidates.has_room(repeated) ||
      !context.candidates.spend(repeated ? Priority::medium : Priority::low, 1)) {
    return context.drop_over_budget(origin);
  }
  SharedSecret secret;
  if (!ours->finish(share->key, secret)) return Rejected{kIllegal};
  session.client_random = offer_.random();
  session.server_random = hello.random;
  HandshakeCandidate candidate(origin, session, transcript_of(context.provider, attempt, session.suite->hash));
  candidate.repeated = repeated;
  candidate.transcript.add(message);
  candidate.derive_handshake_keys(context.provider, Role::client, secret, next_record(context.candidates));
  candidate.outgoing = OutgoingMessages(static_cast<std::uint16_t>(message.message_seq + 1));
  candidate.incoming.expect(static_cast<std::uint16_t>(message.message_seq + 1), kServerFlight);
  context.candidates.add(std::move(candidate));
  return NewKeys{};
}

Outcome Client::on_protected(HandshakeContext& context, HandshakeCandidate& candidate) {
  const FragmentAssembler& flight = candidate.incoming;
  const std::size_t size = kServerFlight.size() - (asks_for_no_certificate(flight) ? 1 : 0);
  if (!flight.whole(size)) return Incomplete{};
  const auto certificate =
      Certificate::parse(flight.message(asks_for_no_certificate(flight) ? kCertificateRequest : kCertificate)->body);
  if (!certificate) return Rejected{kMalformed};
  if (!context.may_verify(certificate->leaf, candidate, kOperations)) return context.drop_over_budget(candidate.origin);
  if (const Check failure = check_server_flight(context, candidate)) return Rejected{*failure};
  candidate.derive_application_secrets(context.provider);
  write_proof(context, candidate, {});
  attempts_.clear();
  return Proven{};
}

}  // namespace redan::dtls::v13
