#include "rtc/dtls/v12/client.hpp"

#include "rtc/dtls/hello/client_hello.hpp"
#include "rtc/dtls/hello/hello_verify_request.hpp"
#include "rtc/dtls/hello/server_hello.hpp"
#include "rtc/dtls/v12/certificate.hpp"
#include "rtc/dtls/v12/certificate_request.hpp"
#include "rtc/dtls/v12/certificate_verify.hpp"
#include "rtc/dtls/v12/client_key_exchange.hpp"
#include "rtc/dtls/v12/flights.hpp"
#include "rtc/dtls/v12/server_key_exchange.hpp"

namespace redan::dtls::v12 {
namespace {

// The first hello, and three with a cookie: a server may change its cookie key, but not without end.
constexpr std::size_t kMaxAttempts = 4;

// What a server flight costs: its signature, a key pair of ours, the secret they share, our signature.
constexpr std::size_t kOperations = 4;

// The slots of kServerFlight.
enum Slot : std::size_t { kServerHello, kCertificate, kServerKeyExchange, kCertificateRequest, kServerHelloDone };

bool asks_for_no_certificate(const FragmentAssembler& flight) {
  const auto last = flight.message(kCertificateRequest);
  return last && last->type == HandshakeType::server_hello_done && flight.whole(kCertificateRequest);
}

// RFC 5246 section 7.4.1.4: a server may answer only the extensions that we offered.
bool unsolicited(const ConnectionConfig& config, const Extensions& extensions) {
  return extensions.unknown || extensions.selected_version || extensions.key_share || extensions.cookie ||
         (extensions.use_srtp && config.srtp_profiles.empty());
}

// What a server must not send (RFC 5246 section 7.4.1.4.1, RFC 8422 section 5.2), and a renegotiation (RFC 5746 section
// 3.4).
bool illegal(const Extensions& extensions) {
  const bool renegotiating = extensions.renegotiated_connection && !extensions.renegotiated_connection->empty();
  return extensions.signature_algorithms || extensions.supported_groups || renegotiating;
}

// RFC 5764 section 4.1.1: exactly one profile, one of ours, and our (empty) MKI.
Check check_use_srtp(const ConnectionConfig& config, const UseSrtp& use_srtp, Session& session) {
  Reader reader(use_srtp.profiles.bytes);
  const std::uint16_t profile = reader.u16();
  const auto& ours = config.srtp_profiles;
  if (!reader.done() || !use_srtp.mki.empty() || std::find(ours.begin(), ours.end(), profile) == ours.end()) {
    return kIllegal;
  }
  session.srtp_profile = profile;
  return std::nullopt;
}

Check check_server_hello(const ConnectionConfig& config, const ServerHello& hello, Session& session) {
  const Extensions& extensions = hello.extensions;
  if (hello.version != kDtls12) return Failure{Errc::dtls_version, AlertDescription::protocol_version};
  session.suite = find_suite(hello.cipher_suite);
  if (session.suite == nullptr) return Failure{Errc::dtls_no_common_suite, AlertDescription::illegal_parameter};
  if (!extensions.extended_master_secret) {
    return Failure{Errc::dtls_no_extended_master_secret, AlertDescription::handshake_failure};
  }
  if (unsolicited(config, extensions)) {
    return Failure{Errc::dtls_illegal_parameter, AlertDescription::unsupported_extension};
  }
  if (illegal(extensions) || hello.compression_method != 0) return kIllegal;
  // RFC 8446 section 4.1.3: a server that supports DTLS 1.3 would have chosen it, so our hello was changed.
  if (config.allows_dtls13() && marks_downgrade(hello.random)) return kIllegal;
  session.server_random = hello.random;
  if (extensions.use_srtp) {
    if (const Check failure = check_use_srtp(config, *extensions.use_srtp, session)) return failure;
  }
  if (config.require_srtp && !session.srtp_profile) {
    return Failure{Errc::dtls_no_srtp_profile, AlertDescription::handshake_failure};
  }
  return std::nullopt;
}

// The signature first: only with one over our random is an unexpected certificate the peer's own and no forgery.
Check check_server_key(const Authentication& authentication, Bytes leaf, const ServerKeyExchange& params,
                       Session& session) {
  Check failure;
  const auto key = authentication.load_key(leaf, failure);
  if (failure) return failure;
  if (kind_of(key->type()) != session.suite->certificate) return kIllegal;
  std::array<std::uint8_t, 64 + 4 + 255> content{};
  Writer signed_content(content);
  signed_content.bytes(session.client_random);
  signed_content.bytes(session.server_random);
  signed_content.bytes(params.params);
  failure = authentication.check_signature(*key, params.scheme, signed_content.written(), params.signature);
  if (failure) return failure;
  session.peer_signature_scheme = static_cast<SignatureScheme>(params.scheme);
  const auto fingerprint = authentication.accepted_fingerprint(leaf);
  if (!fingerprint) return Failure{Errc::dtls_fingerprint_mismatch, AlertDescription::bad_certificate, true};
  session.peer_fingerprint = *fingerprint;
  return std::nullopt;
}

Check check_server_flight(const HandshakeContext& context, const FragmentAssembler& flight, Session& session,
                          std::optional<KeyExchangeResponse>& response) {
  const auto hello = ServerHello::parse(flight.message(kServerHello)->body);
  const auto certificate = Certificate::parse(flight.message(kCertificate)->body);
  const auto params = ServerKeyExchange::parse(flight.message(kServerKeyExchange)->body);
  const auto done = flight.message(kServerHelloDone);
  if (!hello || !certificate || !params || (done && !done->body.empty())) return kMalformed;
  if (const Check failure = check_server_hello(context.config, *hello, session)) return failure;
  const auto groups = context.config.groups_with_certificate_curves();
  session.group = static_cast<Group>(params->group);
  if (!serves_dtls12(session.group) || std::find(groups.begin(), groups.end(), session.group) == groups.end()) {
    return Failure{Errc::dtls_no_common_group, AlertDescription::illegal_parameter};
  }
  if (const Check failure = check_server_key(context.authentication, certificate->leaf, *params, session)) {
    return failure;
  }
  response = context.provider.respond_key_exchange(session.group, params->public_key);
  return response ? Check() : kIllegal;
}

// The scheme of our CertificateVerify. A server that signed over our random has to ask for our certificate, too.
Check choose_scheme(const HandshakeContext& context, const FragmentAssembler& flight, SignatureScheme& scheme) {
  if (asks_for_no_certificate(flight)) {
    return Failure{Errc::dtls_no_certificate_request, AlertDescription::handshake_failure};
  }
  const auto request = CertificateRequest::parse(flight.message(kCertificateRequest)->body);
  if (!request) return kMalformed;
  const auto chosen = context.authentication.choose_scheme(request->signature_algorithms);
  if (!chosen) return Failure{Errc::dtls_no_common_signature, AlertDescription::handshake_failure};
  scheme = *chosen;
  return std::nullopt;
}

void write_flight_5(HandshakeContext& context, const KeyExchangeResponse& response, SignatureScheme scheme,
                    HandshakeCandidate& candidate) {
  const Authentication& authentication = context.authentication;
  OutgoingFlight& flight = candidate.outgoing;
  Transcript& transcript = candidate.transcript;
  flight.begin();
  transcript.add(flight.add(HandshakeType::certificate, Epoch::plaintext,
                            [&](Writer& w) { Certificate{authentication.certificate()}.write(w); }));
  transcript.add(flight.add(HandshakeType::client_key_exchange, Epoch::plaintext,
                            [&](Writer& w) { ClientKeyExchange{response.share}.write(w); }));
  candidate.derive_master(context.provider, response.secret);
  RecordKeys keys = candidate.derive_record_keys(context.provider, context.config);
  candidate.write = std::move(keys.write);
  candidate.read = std::move(keys.read);
  transcript.add(flight.add(HandshakeType::certificate_verify, Epoch::plaintext, [&](Writer& w) {
    CertificateVerify::write(w, authentication.sign(scheme, transcript.bytes()));
  }));
  flight.add_change_cipher_spec();
  transcript.add(flight.add(HandshakeType::finished, kProtectedEpoch,
                            [&](Writer& w) { w.bytes(candidate.verify_data_of(Role::client, context.provider)); }));
  flight.end();
}

}  // namespace

Outcome Client::start(HandshakeContext& context) {
  if (context.offer != nullptr) {
    random_ = context.offer->random();
  } else {
    context.provider.random(random_);
  }
  add_attempt(context, {});
  // The handshake in DTLS 1.3 sends the first hello for both.
  if (context.offer != nullptr) attempts_.front().hello.clear();
  return NewFlight{};
}

void Client::add_attempt(HandshakeContext& context, Bytes cookie) {
  const auto number = static_cast<std::uint16_t>(attempts_.size());
  Attempt attempt;
  attempt.cookie.assign(cookie.begin(), cookie.end());
  attempt.hello = OutgoingFlight(number);
  attempt.hello.begin();
  attempt.transcript.add(attempt.hello.add(HandshakeType::client_hello, Epoch::plaintext, [&](Writer& w) {
    if (context.offer != nullptr) return context.offer->write(w, cookie);
    ClientHello::write(w, random_, cookie, context.config.groups_with_certificate_curves(),
                       context.config.srtp_profiles);
  }));
  attempt.hello.end();
  attempt.answer.expect(number, kServerFlight);
  attempts_.push_back(std::move(attempt));
  retransmissions_ = 0;
}

std::size_t Client::rewind(HandshakeContext& context) {
  // A forged HelloVerifyRequest must not silence the hello that the server would have answered: the hellos take turns,
  // the latest first.
  const std::size_t elsewhere = context.offer != nullptr && attempts_.size() > 1 ? 1 : 0;
  const std::size_t ours = attempts_.size() - elsewhere;
  const auto turn = [&] { return attempts_.size() - 1 - retransmissions_++ % ours; };
  OutgoingFlight& flight = context.candidates.empty() ? attempts_[turn()].hello : context.candidates.back().outgoing;
  flight.rewind();
  return flight.wire_size();
}

MutableBytes Client::write_hello(RecordLayer& records, MutableBytes datagram) {
  for (Attempt& attempt : attempts_) {
    if (attempt.hello.pending()) return attempt.hello.write(records, nullptr, datagram);
  }
  return {};
}

void Client::finish(HandshakeContext& context) {
  attempts_.clear();
  context.candidates.back().outgoing.clear();
}

Outcome Client::on_fragment(HandshakeContext& context, const HandshakeHeader& header, Bytes body) {
  if (header.type == HandshakeType::hello_verify_request) {
    // It is too short for any server to cut it.
    if (body.size() == header.length) return on_hello_verify_request(context, body);
    context.count(FragmentAssembler::Verdict::unexpected);
    return Incomplete{};
  }
  // Number and type of a message show which hello it answers; only a ServerHelloDone may fit two.
  Outcome outcome = Incomplete{};
  auto verdict = FragmentAssembler::Verdict::unexpected;
  for (Attempt& attempt : attempts_) {
    const auto here = attempt.answer.add(header, Epoch::plaintext, body);
    if (here == FragmentAssembler::Verdict::repeated || here == FragmentAssembler::Verdict::unexpected) continue;
    verdict = here;
    if (!attempt.answer.whole(kServerFlight.size()) && !asks_for_no_certificate(attempt.answer)) continue;
    outcome = on_server_flight(context, attempt);
    attempt.answer.forget();
  }
  context.count(verdict);
  return outcome;
}

// If this request is forged, the server's own flight may be on its way already: the earlier hellos stay.
Outcome Client::on_hello_verify_request(HandshakeContext& context, Bytes body) {
  const auto request = HelloVerifyRequest::parse(body);
  if (!request) return Rejected{kMalformed};
  const auto known = [&](const Attempt& attempt) {
    return std::equal(attempt.cookie.begin(), attempt.cookie.end(), request->cookie.begin(), request->cookie.end());
  };
  const bool repeated = std::any_of(attempts_.begin() + 1, attempts_.end(), known);
  if (!context.candidates.empty() || attempts_.size() == kMaxAttempts || repeated || !context.candidates.may_start()) {
    context.count(FragmentAssembler::Verdict::unexpected);
    return Incomplete{};
  }
  add_attempt(context, request->cookie);
  return NewFlight{};
}

Outcome Client::on_server_flight(HandshakeContext& context, Attempt& attempt) {
  const FragmentAssembler& answer = attempt.answer;
  HandshakeCandidate candidate;
  candidate.session.client_random = random_;
  candidate.outgoing = OutgoingFlight(static_cast<std::uint16_t>(answer.first() + 1));
  candidate.transcript = attempt.transcript;
  for (std::size_t i = 0; i < kServerFlight.size(); ++i) {
    if (const auto message = answer.message(i)) candidate.transcript.add(*message);
  }
  const Bytes flight = candidate.transcript.bytes();
  if (context.candidates.move_to_back(flight)) return RepeatedFlight{};
  const auto certificate = Certificate::parse(answer.message(kCertificate)->body);
  if (!certificate) return Rejected{kMalformed};
  candidate.repeated = context.candidates.was_dropped(flight);
  if (!context.candidates.has_room(candidate.repeated) || !context.may_verify(certificate->leaf, flight, kOperations)) {
    return context.drop_over_budget(flight);
  }
  std::optional<KeyExchangeResponse> response;
  if (const Check failure = check_server_flight(context, answer, candidate.session, response)) {
    return Rejected{*failure};
  }
  // The signature leaves out most of the ServerHello, and the CertificateRequest. The server would end the handshake
  // after an answer to the wrong version; the right one is repeated.
  if (answer.contested(kServerHello) || answer.contested(kCertificateRequest)) {
    if (attempt.waits_left-- > 0) return Incomplete{};
  }
  SignatureScheme scheme{};
  if (const Check failure = choose_scheme(context, answer, scheme)) return Rejected{*failure};
  write_flight_5(context, *response, scheme, candidate);
  candidate.finished.expect(static_cast<std::uint16_t>(answer.first() + kServerFlight.size()), kFinishedFlight);
  context.candidates.add(std::move(candidate));
  return NewFlight{};
}

}  // namespace redan::dtls::v12
