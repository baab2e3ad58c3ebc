#include "rtc/dtls/v12/server.hpp"

#include "rtc/dtls/hello/client_hello.hpp"
#include "rtc/dtls/hello/server_hello.hpp"
#include "rtc/dtls/v12/certificate.hpp"
#include "rtc/dtls/v12/certificate_request.hpp"
#include "rtc/dtls/v12/certificate_verify.hpp"
#include "rtc/dtls/v12/client_key_exchange.hpp"
#include "rtc/dtls/v12/flights.hpp"
#include "rtc/dtls/v12/server_key_exchange.hpp"

namespace redan::dtls::v12 {
namespace {

// The largest known, with three post-quantum key shares, has less than half of this.
constexpr std::size_t kMaxClientHello = 8 * 1024;

// supported_versions, where present, replaces client_version (RFC 8446 section 4.2.1); versions count down.
bool supports_dtls_12(const ClientHello& hello) {
  if (hello.extensions.supported_versions) return hello.extensions.supported_versions->contains(kDtls12);
  return hello.version >> 8U == 0xFE && hello.version <= kDtls12;
}

const CipherSuite* choose_suite(const ClientHello& hello, CertificateKind kind) {
  for (const CipherSuite& suite : kCipherSuites) {
    if (suite.certificate == kind && hello.cipher_suites.contains(suite.id)) return &suite;
  }
  return nullptr;
}

std::optional<Group> choose_group(const ConnectionConfig& config, const ClientHello& hello) {
  if (!hello.extensions.supported_groups) return std::nullopt;
  for (const Group group : config.groups_with_certificate_curves()) {
    const bool offered = hello.extensions.supported_groups->contains(static_cast<std::uint16_t>(group));
    if (offered && serves_dtls12(group)) return group;
  }
  return std::nullopt;
}

std::optional<std::uint16_t> choose_srtp_profile(const ConnectionConfig& config, const ClientHello& hello) {
  if (!hello.extensions.use_srtp) return std::nullopt;
  for (const std::uint16_t profile : config.srtp_profiles) {
    if (hello.extensions.use_srtp->profiles.contains(profile)) return profile;
  }
  return std::nullopt;
}

Check negotiate(const HandshakeContext& context, const ClientHello& hello, HandshakeCandidate& candidate) {
  Session& session = candidate.session;
  const Extensions& extensions = hello.extensions;
  if (!supports_dtls_12(hello)) return Failure{Errc::dtls_version, AlertDescription::protocol_version};
  const Bytes compression = hello.compression_methods;
  if (std::find(compression.begin(), compression.end(), 0) == compression.end()) return kIllegal;
  // RFC 5746 section 3.6: an initial handshake has nothing to renegotiate.
  if (extensions.renegotiated_connection && !extensions.renegotiated_connection->empty()) {
    return Failure{Errc::dtls_illegal_parameter, AlertDescription::handshake_failure};
  }
  if (!extensions.extended_master_secret) {
    return Failure{Errc::dtls_no_extended_master_secret, AlertDescription::handshake_failure};
  }
  session.suite = choose_suite(hello, kind_of(context.authentication.key_type()));
  if (session.suite == nullptr) return Failure{Errc::dtls_no_common_suite, AlertDescription::handshake_failure};
  const auto group = choose_group(context.config, hello);
  if (!group) return Failure{Errc::dtls_no_common_group, AlertDescription::handshake_failure};
  session.group = *group;
  const auto scheme = extensions.signature_algorithms
                          ? context.authentication.choose_scheme(*extensions.signature_algorithms)
                          : std::nullopt;
  if (!scheme) return Failure{Errc::dtls_no_common_signature, AlertDescription::handshake_failure};
  session.srtp_profile = choose_srtp_profile(context.config, hello);
  if (context.config.require_srtp && !session.srtp_profile) {
    return Failure{Errc::dtls_no_srtp_profile, AlertDescription::handshake_failure};
  }
  session.client_random = hello.random;
  candidate.choice = {*scheme, {hello.offers_renegotiation_info(), extensions.ec_point_formats}};
  return std::nullopt;
}

// An altered copy of a ClientHello may come before the genuine one. Where both get the same answer, they get it to the
// byte, so that the client receives one flight twice.
bool copy_flight_4(const CandidateTable& candidates, HandshakeCandidate& candidate) {
  Session& session = candidate.session;
  for (const HandshakeCandidate& other : candidates) {
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

// A client without a certificate sends no CertificateVerify (RFC 5246 section 7.4.6), so its flight is never complete.
bool is_empty_certificate(const FragmentAssembler& flight) {
  const auto first = flight.message(0);
  if (!first) return false;
  const auto certificate = Certificate::parse(first->body);
  return certificate && certificate->leaf.empty();
}

using ClientFlight = std::array<HandshakeMessage, kClientFlight.size()>;

// Checks the client's signature over the candidate's messages and the client's own up to ClientKeyExchange, which are
// added to the transcript.
Check check_client_verify(const Authentication& authentication, const PublicKey& key, const ClientFlight& flight,
                          Transcript& transcript) {
  const CertificateVerify verify = *CertificateVerify::parse(flight[2].body);
  transcript.add(flight[0]);
  transcript.add(flight[1]);
  return authentication.check_signature(key, verify.scheme, transcript.bytes(), verify.signature);
}

// Finds the candidate that the flight proves. The CertificateVerify signs all messages before it, our random among
// them: it fits one candidate only, and only the owner of the certificate can make it.
Check find_proven(HandshakeContext& context, const ClientFlight& flight, std::size_t& index) {
  const auto certificate = Certificate::parse(flight[0].body);
  const auto verify = CertificateVerify::parse(flight[2].body);
  if (!certificate || !ClientKeyExchange::parse(flight[1].body) || !verify) return kMalformed;
  const Authentication& authentication = context.authentication;
  Check failure;
  const auto key = authentication.load_key(certificate->leaf, failure);
  if (failure) return failure;
  const auto fingerprint = authentication.accepted_fingerprint(certificate->leaf);
  // An unexpected certificate proves no candidate: one signature shows whether it is the peer's.
  for (index = fingerprint ? 0 : context.candidates.size() - 1; index < context.candidates.size(); ++index) {
    HandshakeCandidate& candidate = context.candidates[index];
    const std::size_t before = candidate.transcript.size();
    failure = check_client_verify(authentication, *key, flight, candidate.transcript);
    if (!failure && fingerprint) {
      candidate.session.peer_fingerprint = *fingerprint;
      candidate.session.peer_signature_scheme = static_cast<SignatureScheme>(verify->scheme);
      return std::nullopt;
    }
    candidate.transcript.truncate(before);
    if (!failure) return Failure{Errc::dtls_fingerprint_mismatch, AlertDescription::bad_certificate, true};
  }
  return failure;
}

}  // namespace

Outcome Server::start(HandshakeContext&) {
  hello_.expect(0, kClientHelloFlight);
  flight_.expect(1, kClientFlight);
  return Incomplete{};
}

Outcome Server::on_fragment(HandshakeContext& context, const HandshakeHeader& header, Bytes body) {
  const bool hello = header.message_seq == 0;
  if (proven_ || (!hello && context.candidates.empty())) {
    context.count(FragmentAssembler::Verdict::unexpected);
    return Incomplete{};
  }
  FragmentAssembler& assembler = hello ? hello_ : flight_;
  context.count(assembler.add(header, Epoch::plaintext, body));
  Outcome outcome = Incomplete{};
  if (hello) {
    const auto message = hello_.message(0);
    if (!message) return outcome;
    outcome = on_client_hello(context, *message);
  } else {
    if (!flight_.whole(kClientFlight.size()) && !is_empty_certificate(flight_)) return outcome;
    outcome = on_client_flight(context);
  }
  assembler.forget();
  return outcome;
}

Outcome Server::on_client_hello(HandshakeContext& context, const HandshakeMessage& message) {
  HandshakeCandidate candidate;
  candidate.transcript.add(message);
  const Bytes hello_bytes = candidate.transcript.bytes();
  if (context.candidates.move_to_back(hello_bytes)) return RepeatedFlight{};
  if (!context.candidates.may_start()) return Rejected{kMalformed};  // no client puts two into a datagram
  const auto hello = ClientHello::parse(message.body);
  if (!hello || message.body.size() > kMaxClientHello) return Rejected{kMalformed};
  if (const Check failure = negotiate(context, *hello, candidate)) return Rejected{*failure};
  candidate.repeated = context.candidates.was_dropped(hello_bytes);
  const Priority priority = candidate.repeated ? Priority::medium : Priority::low;
  if (!context.candidates.has_room(candidate.repeated) || !context.candidates.spend(priority, 1)) {
    return context.drop_over_budget(hello_bytes);
  }
  if (!copy_flight_4(context.candidates, candidate)) write_flight_4(context, candidate);
  context.candidates.add(std::move(candidate));
  return NewFlight{};
}

void Server::write_flight_4(HandshakeContext& context, HandshakeCandidate& candidate) {
  context.provider.random(candidate.session.server_random);
  if (context.config.allows_dtls13()) mark_downgrade(candidate.session.server_random);
  const Authentication& authentication = context.authentication;
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
                            [&](Writer& w) { Certificate{authentication.certificate()}.write(w); }));
  transcript.add(flight.add(HandshakeType::server_key_exchange, Epoch::plaintext, [&](Writer& w) {
    std::array<std::uint8_t, 64 + 4 + kMaxKeyShareSize> content{};
    Writer signed_content(content);
    signed_content.bytes(session.client_random);
    signed_content.bytes(session.server_random);
    ServerKeyExchange::write_params(signed_content, static_cast<std::uint16_t>(session.group),
                                    exchange(context.provider, session.group).share());
    w.bytes(signed_content.written().subspan(64));
    CertificateVerify::write(w, authentication.sign(candidate.choice.scheme, signed_content.written()));
  }));
  transcript.add(flight.add(HandshakeType::certificate_request, Epoch::plaintext,
                            [](Writer& w) { CertificateRequest::write(w); }));
  transcript.add(flight.add(HandshakeType::server_hello_done, Epoch::plaintext, [](Writer&) {}));
  flight.end();
}

KeyExchange& Server::exchange(Provider& provider, Group group) {
  for (const auto& [its_group, exchange] : exchanges_) {
    if (its_group == group) return *exchange;
  }
  return *exchanges_.emplace_back(group, provider.start_key_exchange(group)).second;
}

Outcome Server::on_client_flight(HandshakeContext& context) {
  if (is_empty_certificate(flight_)) {
    return Rejected{{Errc::dtls_no_certificate, AlertDescription::handshake_failure}};
  }
  const ClientFlight flight{*flight_.message(0), *flight_.message(1), *flight_.message(2)};
  const auto certificate = Certificate::parse(flight[0].body);
  if (!certificate) return Rejected{kMalformed};
  Transcript all;
  for (const HandshakeMessage& message : flight) all.add(message);
  if (!context.may_verify(certificate->leaf, all.bytes(), context.candidates.size())) {
    return context.drop_over_budget(all.bytes());
  }
  std::size_t index = 0;
  if (const Check failure = find_proven(context, flight, index)) return Rejected{*failure};
  HandshakeCandidate& candidate = context.candidates[index];
  if (!install_keys(context, candidate, ClientKeyExchange::parse(flight[1].body)->public_key)) {
    return Rejected{kIllegal};
  }
  candidate.transcript.add(flight[2]);
  candidate.finished.expect(static_cast<std::uint16_t>(flight[2].message_seq + 1), kFinishedFlight);
  context.candidates.keep_only(index);
  exchanges_.clear();
  proven_ = true;
  return NewFlight{};
}

bool Server::install_keys(HandshakeContext& context, HandshakeCandidate& candidate, Bytes public_key) {
  SharedSecret premaster;
  if (!exchange(context.provider, candidate.session.group).finish(public_key, premaster)) return false;
  candidate.derive_master(context.provider, premaster);
  candidate.read = candidate.derive_record_keys(context.provider, context.config).read;
  return true;
}

void Server::finish(HandshakeContext& context) {
  HandshakeCandidate& candidate = context.candidates.back();
  candidate.write = candidate.derive_record_keys(context.provider, context.config).write;
  candidate.outgoing.begin();
  candidate.outgoing.add_change_cipher_spec();
  candidate.outgoing.add(HandshakeType::finished, kProtectedEpoch,
                         [&](Writer& w) { w.bytes(candidate.verify_data_of(Role::server, context.provider)); });
  candidate.outgoing.end();
  candidate.outgoing.rewind();
}

std::size_t Server::rewind(HandshakeContext& context) {
  if (context.candidates.empty()) return 0;
  context.candidates.back().outgoing.rewind();
  return context.candidates.back().outgoing.wire_size();
}

}  // namespace redan::dtls::v12
