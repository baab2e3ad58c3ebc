#include "rtc/dtls/v12/server.hpp"

#include "rtc/dtls/hello/server_hello.hpp"
#include "rtc/dtls/v12/certificate.hpp"
#include "rtc/dtls/v12/certificate_request.hpp"
#include "rtc/dtls/v12/certificate_verify.hpp"
#include "rtc/dtls/v12/client_key_exchange.hpp"
#include "rtc/dtls/v12/server_key_exchange.hpp"

namespace redan::dtls::v12 {
namespace {

// The largest known, with three post-quantum key shares, has less than half of this.
constexpr std::size_t kMaxClientHello = 8 * 1024;

// supported_versions, where present, replaces client_version (RFC 8446 section 4.2.1); versions count down.
bool speaks_dtls_12(const ClientHello& hello) {
  if (hello.extensions.supported_versions) return hello.extensions.supported_versions->contains(kDtls12);
  return hello.version >> 8U == 0xFE && hello.version <= kDtls12;
}

const CipherSuite* choose_suite(const ClientHello& hello, CertificateKind kind) {
  for (const CipherSuite& suite : kCipherSuites) {
    if (suite.certificate == kind && hello.cipher_suites.contains(suite.id)) return &suite;
  }
  return nullptr;
}

std::optional<Group> choose_group(const Machinery& m, const ClientHello& hello) {
  if (!hello.extensions.supported_groups) return std::nullopt;
  for (const Group group : m.groups()) {
    if (hello.extensions.supported_groups->contains(static_cast<std::uint16_t>(group))) return group;
  }
  return std::nullopt;
}

std::optional<std::uint16_t> choose_srtp_profile(const Machinery& m, const ClientHello& hello) {
  if (!hello.extensions.use_srtp) return std::nullopt;
  for (const std::uint16_t profile : m.config.srtp_profiles) {
    if (hello.extensions.use_srtp->profiles.contains(profile)) return profile;
  }
  return std::nullopt;
}

// A client without a certificate sends no CertificateVerify (RFC 5246 section 7.4.6): nothing more comes of it.
bool is_empty_certificate(const FragmentAssembler& flight) {
  const auto first = flight.message(0);
  if (!first) return false;
  const auto certificate = Certificate::parse(first->body);
  return certificate && certificate->leaf.empty();
}

}  // namespace

Step Server::start(Machinery&) {
  hello_.expect(0, kClientHelloFlight);
  flight_.expect(1, kClientFlight);
  return Waiting{};
}

Step Server::on_fragment(Machinery& m, const HandshakeHeader& header, Bytes body) {
  const bool hello = header.message_seq == 0;
  if (proven_ || (!hello && m.candidates.empty())) {
    m.count(FragmentAssembler::Verdict::unexpected);
    return Waiting{};
  }
  FragmentAssembler& assembler = hello ? hello_ : flight_;
  m.count(assembler.add(header, 0, body));
  Step step = Waiting{};
  if (hello) {
    const auto message = hello_.message(0);
    if (!message) return step;
    step = on_client_hello(m, *message);
  } else {
    if (!flight_.whole(kClientFlight.size()) && !is_empty_certificate(flight_)) return step;
    step = on_client_flight(m);
  }
  assembler.forget();
  return step;
}

Step Server::on_client_hello(Machinery& m, const HandshakeMessage& message) {
  Candidate candidate;
  candidate.transcript.add(message);
  if (m.candidates.heard(candidate.transcript.bytes())) return Repetition{};
  if (m.beginnings-- <= 0) return Doubt{kMalformed};  // no client puts two into a datagram
  const auto hello = ClientHello::parse(message.body);
  if (!hello || message.body.size() > kMaxClientHello) return Doubt{kMalformed};
  if (const Check problem = negotiate(m, *hello, candidate)) return Doubt{*problem};
  candidate.session.client_random = hello->random;
  candidate.since = m.arrival;
  candidate.repeated = m.dropped.contains(candidate.transcript.bytes());
  const Claim claim = candidate.repeated ? Claim::promising : Claim::stranger;
  if (!m.candidates.has_room(m.arrival, candidate.repeated) || !m.work.take(m.arrival, claim, 1)) {
    return m.put_off(candidate.transcript.bytes());
  }
  if (!share_flight_4(m, candidate)) write_flight_4(m, candidate);
  m.candidates.add(std::move(candidate));
  return Progress{};
}

Check Server::negotiate(Machinery& m, const ClientHello& hello, Candidate& candidate) {
  Session& session = candidate.session;
  const Extensions& extensions = hello.extensions;
  if (!speaks_dtls_12(hello)) return Verdict{Errc::dtls_version, AlertDescription::protocol_version};
  const Bytes compression = hello.compression_methods;
  if (std::find(compression.begin(), compression.end(), 0) == compression.end()) {
    return kIllegal;
  }
  // RFC 5746 section 3.6: an initial handshake has nothing to renegotiate.
  if (extensions.renegotiated_connection && !extensions.renegotiated_connection->empty()) {
    return Verdict{Errc::dtls_illegal_parameter, AlertDescription::handshake_failure};
  }
  if (!extensions.extended_master_secret) {
    return Verdict{Errc::dtls_no_extended_master_secret, AlertDescription::handshake_failure};
  }
  session.suite = choose_suite(hello, kind_of(m.identity.key->type()));
  if (session.suite == nullptr) return Verdict{Errc::dtls_no_common_suite, AlertDescription::handshake_failure};
  const auto group = choose_group(m, hello);
  if (!group) return Verdict{Errc::dtls_no_common_group, AlertDescription::handshake_failure};
  session.group = *group;
  const auto scheme =
      extensions.signature_algorithms ? m.choose_scheme(*extensions.signature_algorithms) : std::nullopt;
  if (!scheme) return Verdict{Errc::dtls_no_common_signature, AlertDescription::handshake_failure};
  session.srtp_profile = choose_srtp_profile(m, hello);
  if (m.config.require_srtp && !session.srtp_profile) {
    return Verdict{Errc::dtls_no_srtp_profile, AlertDescription::handshake_failure};
  }
  candidate.choice = {*scheme, {hello.offers_renegotiation_info(), extensions.ec_point_formats}};
  return std::nullopt;
}

// An altered copy of a ClientHello may come before the genuine one. Where both get the same answer, they get the very
// same one: so that to the client it is one flight that comes twice.
bool Server::share_flight_4(Machinery& m, Candidate& candidate) {
  Session& session = candidate.session;
  for (const Candidate& other : m.candidates) {
    const bool same = other.session.client_random == session.client_random && other.session.suite == session.suite &&
                      other.session.group == session.group && other.session.srtp_profile == session.srtp_profile &&
                      other.choice == candidate.choice;
    if (!same) continue;
    session.server_random = other.session.server_random;
    candidate.outgoing = other.outgoing;
    candidate.transcript.add_all_but_first(other.transcript);
    return true;
  }
  return false;
}

void Server::write_flight_4(Machinery& m, Candidate& candidate) {
  m.provider.random(candidate.session.server_random);
  OutgoingFlight& flight = candidate.outgoing;
  Transcript& transcript = candidate.transcript;
  const Session& session = candidate.session;
  flight.begin();
  transcript.add(flight.add(HandshakeType::server_hello, Epoch::plaintext, [&](Writer& w) {
    std::array<std::uint16_t, 1> profile{session.srtp_profile.value_or(0)};
    ServerHello::write(w, session.server_random, *session.suite, candidate.choice.extensions,
                       std::span(profile).first(session.srtp_profile ? 1 : 0));
  }));
  transcript.add(flight.add(HandshakeType::certificate, Epoch::plaintext,
                            [&](Writer& w) { Certificate{m.identity.certificate_der}.write(w); }));
  transcript.add(flight.add(HandshakeType::server_key_exchange, Epoch::plaintext, [&](Writer& w) {
    std::array<std::uint8_t, 64 + 4 + kMaxPublicKeySize> content{};
    Writer signed_content(content);
    signed_content.bytes(session.client_random);
    signed_content.bytes(session.server_random);
    ServerKeyExchange::write_params(signed_content, static_cast<std::uint16_t>(session.group),
                                    exchange(m, session.group).public_key());
    w.bytes(signed_content.written().subspan(64));
    m.write_signature(w, candidate.choice.scheme, signed_content.written());
  }));
  transcript.add(flight.add(HandshakeType::certificate_request, Epoch::plaintext,
                            [](Writer& w) { CertificateRequest::write(w); }));
  transcript.add(flight.add(HandshakeType::server_hello_done, Epoch::plaintext, [](Writer&) {}));
  flight.end();
}

KeyExchange& Server::exchange(Machinery& m, Group group) {
  for (const auto& [its_group, exchange] : exchanges_) {
    if (its_group == group) return *exchange;
  }
  return *exchanges_.emplace_back(group, m.provider.key_exchange(group)).second;
}

Step Server::on_client_flight(Machinery& m) {
  if (is_empty_certificate(flight_)) return Doubt{{Errc::dtls_no_certificate, AlertDescription::handshake_failure}};
  const std::array<HandshakeMessage, 3> flight{*flight_.message(0), *flight_.message(1), *flight_.message(2)};
  const auto certificate = Certificate::parse(flight[0].body);
  if (!certificate) return Doubt{kMalformed};
  Transcript all;
  for (const HandshakeMessage& message : flight) all.add(message);
  if (!m.may_check(certificate->leaf, all.bytes(), m.candidates.size())) return m.put_off(all.bytes());
  std::size_t index = 0;
  if (const Check problem = prove(m, flight, index)) return Doubt{*problem};
  const auto public_key = ClientKeyExchange::parse(flight[1].body)->public_key;
  Candidate& candidate = m.candidates[index];
  if (!install_keys(m, candidate, public_key, static_cast<std::uint16_t>(flight[2].message_seq + 1))) {
    return Doubt{kIllegal};
  }
  candidate.transcript.add(flight[2]);
  m.candidates.keep_only(index);
  exchanges_.clear();
  proven_ = true;
  return Progress{};
}

// The CertificateVerify signs all messages before it, our random among them: it fits one candidate only, and nobody but
// the owner of the certificate can make it.
Check Server::prove(Machinery& m, std::span<const HandshakeMessage, 3> flight, std::size_t& index) {
  const auto certificate = Certificate::parse(flight[0].body);
  const auto verify = CertificateVerify::parse(flight[2].body);
  if (!certificate || !ClientKeyExchange::parse(flight[1].body) || !verify) return kMalformed;
  Check problem;
  const auto key = m.load_key(certificate->leaf, problem);
  if (problem) return problem;
  const auto fingerprint = m.accepted_fingerprint(certificate->leaf);
  const bool promised = fingerprint.has_value();
  for (index = promised ? 0 : m.candidates.size() - 1; index < m.candidates.size(); ++index) {
    Candidate& candidate = m.candidates[index];
    const std::size_t before = candidate.transcript.size();
    candidate.transcript.add(flight[0]);
    candidate.transcript.add(flight[1]);
    problem = m.check_signature(*key, verify->scheme, candidate.transcript.bytes(), verify->signature);
    if (!problem) {
      if (!promised) problem = Verdict{Errc::dtls_fingerprint_mismatch, AlertDescription::bad_certificate, true};
      candidate.session.peer_fingerprint = fingerprint.value_or(Fingerprint{});
      candidate.session.peer_signature_scheme = static_cast<SignatureScheme>(verify->scheme);
    }
    if (!problem) return std::nullopt;
    candidate.transcript.truncate(before);
    // With a certificate that nobody promised no candidate can be proven: one look tells whether it is the peer's.
    if (problem->proven || !promised) return problem;
  }
  return problem;
}

bool Server::install_keys(Machinery& m, Candidate& candidate, Bytes public_key, std::uint16_t next_message) {
  SharedSecret premaster;
  if (!exchange(m, candidate.session.group).agree(public_key, premaster)) return false;
  m.derive_master(candidate, premaster);
  candidate.read = m.derive_record_keys(candidate).read;
  candidate.finished.expect(next_message, kFinishedFlight);
  return true;
}

void Server::finish(Machinery& m, Candidate& candidate) {
  candidate.write = m.derive_record_keys(candidate).write;
  candidate.outgoing.begin();
  candidate.outgoing.add_change_cipher_spec();
  candidate.outgoing.add(HandshakeType::finished, kProtectedEpoch,
                         [&](Writer& w) { w.bytes(m.verify_data_of(candidate, Role::server)); });
  candidate.outgoing.end();
}

std::size_t Server::rewind(Machinery& m) {
  if (m.candidates.empty()) return 0;
  m.candidates.back().outgoing.rewind();
  return m.candidates.back().outgoing.wire_size();
}

}  // namespace redan::dtls::v12
