#include "rtc/dtls/v12/client.hpp"

#include "rtc/dtls/hello/client_hello.hpp"
#include "rtc/dtls/hello/hello_verify_request.hpp"
#include "rtc/dtls/v12/certificate.hpp"
#include "rtc/dtls/v12/certificate_request.hpp"
#include "rtc/dtls/v12/client_key_exchange.hpp"

namespace redan::dtls::v12 {
namespace {

// The first hello, and three with a cookie: a server may change its cookie key, not for ever.
constexpr std::size_t kMaxAttempts = 4;

// What a server flight costs: its signature, a key pair of ours, the secret they share, our signature.
constexpr std::size_t kOperations = 4;

// The slots of kServerFlight.
enum Slot : std::size_t { kServerHello, kCertificate, kServerKeyExchange, kCertificateRequest, kServerHelloDone };

bool asks_for_no_certificate(const FragmentAssembler& flight) {
  const auto last = flight.message(kCertificateRequest);
  return last && last->type == HandshakeType::server_hello_done && flight.whole(kCertificateRequest);
}

// RFC 5246 section 7.4.1.4: only what we offered may be answered.
bool unsolicited(const Machinery& m, const Extensions& extensions) {
  return extensions.unknown || extensions.supported_versions || (extensions.use_srtp && m.config.srtp_profiles.empty());
}

// What a server may not say (RFC 5246 section 7.4.1.4.1, RFC 8422 section 5.2), and a renegotiation (RFC 5746 section
// 3.4).
bool illegal(const Extensions& extensions) {
  const bool renegotiating = extensions.renegotiated_connection && !extensions.renegotiated_connection->empty();
  return extensions.signature_algorithms || extensions.supported_groups || renegotiating;
}

}  // namespace

Step Client::start(Machinery& m) {
  m.provider.random(random_);
  add_attempt(m, {});
  return Progress{};
}

void Client::add_attempt(Machinery& m, Bytes cookie) {
  const auto number = static_cast<std::uint16_t>(attempts_.size());
  Attempt attempt;
  attempt.cookie.assign(cookie.begin(), cookie.end());
  attempt.hello = OutgoingFlight(number);
  attempt.hello.begin();
  attempt.transcript.add(attempt.hello.add(HandshakeType::client_hello, Epoch::plaintext, [&](Writer& w) {
    ClientHello::write(w, random_, cookie, m.groups(), m.config.srtp_profiles);
  }));
  attempt.hello.end();
  attempt.answer.expect(number, kServerFlight);
  attempts_.push_back(std::move(attempt));
  turns_ = 0;
}

std::size_t Client::rewind(Machinery& m) {
  // A forged HelloVerifyRequest must not silence the hello that the server would have answered: they take turns, the
  // latest first.
  OutgoingFlight& flight = m.candidates.empty() ? attempts_[attempts_.size() - 1 - turns_++ % attempts_.size()].hello
                                                : m.candidates.back().outgoing;
  flight.rewind();
  return flight.wire_size();
}

MutableBytes Client::write_hello(RecordLayer& records, MutableBytes datagram) {
  for (Attempt& attempt : attempts_) {
    if (attempt.hello.pending()) return attempt.hello.write(records, nullptr, datagram);
  }
  return {};
}

Step Client::on_fragment(Machinery& m, const HandshakeHeader& header, Bytes body) {
  if (header.type == HandshakeType::hello_verify_request) {
    // It is short: nobody cuts it.
    if (body.size() == header.length) return on_hello_verify_request(m, body);
    m.count(FragmentAssembler::Verdict::unexpected);
    return Waiting{};
  }
  // Which hello it answers, its number and type say; only a ServerHelloDone may fit two.
  Step step = Waiting{};
  auto verdict = FragmentAssembler::Verdict::unexpected;
  for (Attempt& attempt : attempts_) {
    const auto here = attempt.answer.add(header, 0, body);
    if (here == FragmentAssembler::Verdict::repeated || here == FragmentAssembler::Verdict::unexpected) continue;
    verdict = here;
    if (!attempt.answer.whole(kServerFlight.size()) && !asks_for_no_certificate(attempt.answer)) continue;
    step = on_server_flight(m, attempt, random_);
    attempt.answer.forget();
  }
  m.count(verdict);
  return step;
}

// The server's own flight may be on its way already, if this request is forged: the earlier hellos stay.
Step Client::on_hello_verify_request(Machinery& m, Bytes body) {
  const auto request = HelloVerifyRequest::parse(body);
  if (!request) return Doubt{kMalformed};
  const auto known = [&](const Attempt& attempt) {
    return std::equal(attempt.cookie.begin(), attempt.cookie.end(), request->cookie.begin(), request->cookie.end());
  };
  const bool repeated = std::any_of(attempts_.begin() + 1, attempts_.end(), known);
  if (!m.candidates.empty() || attempts_.size() == kMaxAttempts || repeated || m.beginnings-- <= 0) {
    m.count(FragmentAssembler::Verdict::unexpected);
    return Waiting{};
  }
  add_attempt(m, request->cookie);
  return Progress{};
}

Step Client::on_server_flight(Machinery& m, Attempt& attempt, const Random& random) {
  Candidate candidate;
  candidate.session.client_random = random;
  candidate.outgoing = OutgoingFlight(static_cast<std::uint16_t>(attempt.answer.first() + 1));
  candidate.transcript = attempt.transcript;
  for (std::size_t i = 0; i < kServerFlight.size(); ++i) {
    if (const auto message = attempt.answer.message(i)) candidate.transcript.add(*message);
  }
  if (m.candidates.heard(candidate.transcript.bytes())) return Repetition{};
  const Bytes flight = candidate.transcript.bytes();
  const auto certificate = Certificate::parse(attempt.answer.message(kCertificate)->body);
  if (!certificate) return Doubt{kMalformed};
  candidate.since = m.arrival;
  candidate.repeated = m.dropped.contains(flight);
  if (!m.candidates.has_room(m.arrival, candidate.repeated) || !m.may_check(certificate->leaf, flight, kOperations)) {
    return m.put_off(flight);
  }
  std::unique_ptr<KeyExchange> exchange;
  SharedSecret premaster;
  if (const Check problem = check_server_flight(m, attempt.answer, candidate, exchange, premaster)) {
    return Doubt{*problem};
  }
  // Its signature leaves out most of the ServerHello, and the CertificateRequest. An answer to the wrong version would
  // end the handshake at the server's side; the right one is repeated.
  if (attempt.answer.contested(kServerHello) || attempt.answer.contested(kCertificateRequest)) {
    if (attempt.second_thoughts-- > 0) return Waiting{};
  }
  // The server signed over our random. It has to ask for our certificate, too.
  if (asks_for_no_certificate(attempt.answer)) {
    return Doubt{{Errc::dtls_no_certificate_request, AlertDescription::handshake_failure}};
  }
  const auto request = CertificateRequest::parse(attempt.answer.message(kCertificateRequest)->body);
  if (!request) return Doubt{kMalformed};
  const auto scheme = m.choose_scheme(request->signature_algorithms);
  if (!scheme) return Doubt{{Errc::dtls_no_common_signature, AlertDescription::handshake_failure}};
  write_flight_5(m, *exchange, premaster, *scheme, candidate);
  candidate.finished.expect(static_cast<std::uint16_t>(attempt.answer.first() + kServerFlight.size()), kFinishedFlight);
  m.candidates.add(std::move(candidate));
  return Progress{};
}

Check Client::check_server_hello(Machinery& m, const ServerHello& hello, Session& session) {
  const Extensions& extensions = hello.extensions;
  if (hello.version != kDtls12) return Verdict{Errc::dtls_version, AlertDescription::protocol_version};
  session.suite = find_suite(hello.cipher_suite);
  if (session.suite == nullptr) return Verdict{Errc::dtls_no_common_suite, AlertDescription::illegal_parameter};
  if (!extensions.extended_master_secret) {
    return Verdict{Errc::dtls_no_extended_master_secret, AlertDescription::handshake_failure};
  }
  if (unsolicited(m, extensions)) {
    return Verdict{Errc::dtls_illegal_parameter, AlertDescription::unsupported_extension};
  }
  if (illegal(extensions) || hello.compression_method != 0) return kIllegal;
  session.server_random = hello.random;
  if (extensions.use_srtp) {
    // RFC 5764 section 4.1.1: exactly one profile, one of ours, and our (empty) MKI.
    Reader reader(extensions.use_srtp->profiles.bytes);
    const std::uint16_t profile = reader.u16();
    const auto& ours = m.config.srtp_profiles;
    if (!reader.done() || !extensions.use_srtp->mki.empty() ||
        std::find(ours.begin(), ours.end(), profile) == ours.end()) {
      return kIllegal;
    }
    session.srtp_profile = profile;
  }
  if (m.config.require_srtp && !session.srtp_profile) {
    return Verdict{Errc::dtls_no_srtp_profile, AlertDescription::handshake_failure};
  }
  return std::nullopt;
}

Check Client::check_server_flight(Machinery& m, const FragmentAssembler& flight, Candidate& candidate,
                                  std::unique_ptr<KeyExchange>& exchange, SharedSecret& premaster) {
  const auto hello = ServerHello::parse(flight.message(kServerHello)->body);
  const auto certificate = Certificate::parse(flight.message(kCertificate)->body);
  const auto params = ServerKeyExchange::parse(flight.message(kServerKeyExchange)->body);
  const auto done = flight.message(kServerHelloDone);
  if (!hello || !certificate || !params || (done && !done->body.empty())) return kMalformed;
  Session& session = candidate.session;
  if (const Check problem = check_server_hello(m, *hello, session)) return problem;
  const auto groups = m.groups();
  session.group = static_cast<Group>(params->group);
  if (std::find(groups.begin(), groups.end(), session.group) == groups.end()) {
    return Verdict{Errc::dtls_no_common_group, AlertDescription::illegal_parameter};
  }
  if (const Check problem = check_key(m, certificate->leaf, *params, session)) return problem;
  exchange = m.provider.key_exchange(session.group);
  if (!exchange->agree(params->public_key, premaster)) return kIllegal;
  return std::nullopt;
}

// The signature first: with one over our random, a certificate that nobody promised is a fact and no forgery.
Check Client::check_key(Machinery& m, const Bytes leaf, const ServerKeyExchange& params, Session& session) {
  Check problem;
  const auto key = m.load_key(leaf, problem);
  if (problem) return problem;
  if (kind_of(key->type()) != session.suite->certificate) return kIllegal;
  std::array<std::uint8_t, 64 + 4 + 255> content{};
  Writer signed_content(content);
  signed_content.bytes(session.client_random);
  signed_content.bytes(session.server_random);
  signed_content.bytes(params.params);
  problem = m.check_signature(*key, params.scheme, signed_content.written(), params.signature);
  if (problem) return problem;
  session.peer_signature_scheme = static_cast<SignatureScheme>(params.scheme);
  const auto fingerprint = m.accepted_fingerprint(leaf);
  if (!fingerprint) return Verdict{Errc::dtls_fingerprint_mismatch, AlertDescription::bad_certificate, true};
  session.peer_fingerprint = *fingerprint;
  return std::nullopt;
}

void Client::write_flight_5(Machinery& m, const KeyExchange& exchange, const SharedSecret& premaster,
                            SignatureScheme scheme, Candidate& candidate) {
  OutgoingFlight& flight = candidate.outgoing;
  Transcript& transcript = candidate.transcript;
  flight.begin();
  transcript.add(flight.add(HandshakeType::certificate, Epoch::plaintext,
                            [&](Writer& w) { Certificate{m.identity.certificate_der}.write(w); }));
  transcript.add(flight.add(HandshakeType::client_key_exchange, Epoch::plaintext,
                            [&](Writer& w) { ClientKeyExchange{exchange.public_key()}.write(w); }));
  m.derive_master(candidate, premaster);
  RecordKeys keys = m.derive_record_keys(candidate);
  candidate.write = std::move(keys.write);
  candidate.read = std::move(keys.read);
  transcript.add(flight.add(HandshakeType::certificate_verify, Epoch::plaintext,
                            [&](Writer& w) { m.write_signature(w, scheme, transcript.bytes()); }));
  flight.add_change_cipher_spec();
  transcript.add(flight.add(HandshakeType::finished, kProtectedEpoch,
                            [&](Writer& w) { w.bytes(m.verify_data_of(candidate, Role::client)); }));
  flight.end();
}

}  // namespace redan::dtls::v12
