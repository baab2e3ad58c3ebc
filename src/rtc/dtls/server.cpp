#include "rtc/dtls/server.hpp"

#include "rtc/dtls/messages/certificate.hpp"
#include "rtc/dtls/messages/certificate_request.hpp"
#include "rtc/dtls/messages/certificate_verify.hpp"
#include "rtc/dtls/messages/client_key_exchange.hpp"
#include "rtc/dtls/messages/server_hello.hpp"
#include "rtc/dtls/messages/server_key_exchange.hpp"

namespace redan::dtls {
namespace {

constexpr Verdict kMalformed{Errc::dtls_illegal_parameter, AlertDescription::decode_error};

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
  for (const Group group : m.config.groups) {
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

}  // namespace

Step Server::start(Machinery& m) {
  m.incoming.expect(0, kClientHelloFlight);
  return Waiting{};
}

Step Server::on_messages(Machinery& m) {
  if (std::holds_alternative<AwaitClientHello>(state_)) return on_client_hello(m);
  auto* state = std::get_if<AwaitClientFlight>(&state_);
  if (state == nullptr) return Waiting{};
  if (!state->keys_ready) {
    const Step step = on_client_keys(m, *state);
    if (!state->keys_ready) return step;
  }
  if (!m.incoming.message(3)) return Waiting{};
  const Step step = on_finished(m);
  if (std::holds_alternative<Established>(step)) state_ = Established{};
  return step;
}

Step Server::on_client_hello(Machinery& m) {
  const auto message = m.incoming.message(0);
  if (!message) return Waiting{};
  const auto hello = ClientHello::parse(message->body);
  Choice choice;
  const Check problem = hello ? negotiate(m, *hello, choice) : Check(kMalformed);
  if (problem) {
    m.incoming.forget(0, 1);
    return Doubt{*problem};
  }
  m.session.client_random = hello->random;
  m.provider.random(m.session.server_random);
  m.transcript.add(*message);
  AwaitClientFlight next{m.provider.key_exchange(m.session.group)};
  write_flight_4(m, choice, *next.exchange);
  m.incoming.expect(static_cast<std::uint16_t>(message->message_seq + 1), kClientFlight);
  state_ = std::move(next);
  return FlightReady{};
}

Check Server::negotiate(Machinery& m, const ClientHello& hello, Choice& choice) {
  const Extensions& extensions = hello.extensions;
  if (!speaks_dtls_12(hello)) return Verdict{Errc::dtls_version, AlertDescription::protocol_version};
  const Bytes compression = hello.compression_methods;
  if (std::find(compression.begin(), compression.end(), 0) == compression.end()) {
    return Verdict{Errc::dtls_illegal_parameter, AlertDescription::illegal_parameter};
  }
  // RFC 5746 section 3.6: an initial handshake has nothing to renegotiate.
  if (extensions.renegotiated_connection && !extensions.renegotiated_connection->empty()) {
    return Verdict{Errc::dtls_illegal_parameter, AlertDescription::handshake_failure};
  }
  if (!extensions.extended_master_secret) {
    return Verdict{Errc::dtls_no_extended_master_secret, AlertDescription::handshake_failure};
  }
  m.session.suite = choose_suite(hello, kind_of(m.identity.key->type()));
  if (m.session.suite == nullptr) return Verdict{Errc::dtls_no_common_suite, AlertDescription::handshake_failure};
  const auto group = choose_group(m, hello);
  if (!group) return Verdict{Errc::dtls_no_common_group, AlertDescription::handshake_failure};
  m.session.group = *group;
  const auto scheme =
      extensions.signature_algorithms ? m.choose_scheme(*extensions.signature_algorithms) : std::nullopt;
  if (!scheme) return Verdict{Errc::dtls_no_common_signature, AlertDescription::handshake_failure};
  m.session.srtp_profile = choose_srtp_profile(m, hello);
  if (m.config.require_srtp && !m.session.srtp_profile) {
    return Verdict{Errc::dtls_no_srtp_profile, AlertDescription::handshake_failure};
  }
  choice = {*scheme, extensions.ec_point_formats};
  return std::nullopt;
}

void Server::write_flight_4(Machinery& m, const Choice& choice, KeyExchange& exchange) {
  OutgoingFlight& flight = m.outgoing;
  flight.begin();
  m.transcript.add(flight.add(HandshakeType::server_hello, 0, [&](Writer& w) {
    std::array<std::uint16_t, 1> profile{m.session.srtp_profile.value_or(0)};
    ServerHello::write(w, m.session.server_random, *m.session.suite, choice.ec_point_formats,
                       std::span(profile).first(m.session.srtp_profile ? 1 : 0));
  }));
  m.transcript.add(
      flight.add(HandshakeType::certificate, 0, [&](Writer& w) { Certificate{m.identity.certificate_der}.write(w); }));
  m.transcript.add(flight.add(HandshakeType::server_key_exchange, 0, [&](Writer& w) {
    std::array<std::uint8_t, 64 + 4 + kMaxPublicKeySize> content{};
    Writer signed_content(content);
    signed_content.bytes(m.session.client_random);
    signed_content.bytes(m.session.server_random);
    ServerKeyExchange::write_params(signed_content, static_cast<std::uint16_t>(m.session.group), exchange.public_key());
    w.bytes(signed_content.written().subspan(64));
    m.write_signature(w, choice.scheme, signed_content.written());
  }));
  m.transcript.add(flight.add(HandshakeType::certificate_request, 0, [](Writer& w) { CertificateRequest::write(w); }));
  m.transcript.add(flight.add(HandshakeType::server_hello_done, 0, [](Writer&) {}));
  flight.end();
}

Step Server::on_client_keys(Machinery& m, AwaitClientFlight& state) {
  // A client without a certificate sends no CertificateVerify (RFC 5246 section 7.4.6): say so instead of waiting for
  // it.
  if (const auto first = m.incoming.message(0)) {
    const auto certificate = Certificate::parse(first->body);
    if (!certificate || certificate->leaf.empty()) {
      m.incoming.forget(0, 1);
      return Doubt{certificate ? Verdict{Errc::dtls_no_certificate, AlertDescription::handshake_failure} : kMalformed};
    }
  }
  if (!m.incoming.whole(3)) return Waiting{};
  const std::size_t before = m.transcript.size();
  if (const Check problem = check_client_keys(m, state)) {
    m.transcript.truncate(before);
    m.incoming.forget(0, 3);
    return judge(*problem);
  }
  state.keys_ready = true;
  state.exchange.reset();
  m.records.install(m.derive_record_keys().read);
  return Waiting{};
}

Check Server::check_client_keys(Machinery& m, AwaitClientFlight& state) {
  const HandshakeMessage certificate = *m.incoming.message(0);
  const HandshakeMessage key_exchange = *m.incoming.message(1);
  const HandshakeMessage certificate_verify = *m.incoming.message(2);
  const auto exchange = ClientKeyExchange::parse(key_exchange.body);
  const auto verify = CertificateVerify::parse(certificate_verify.body);
  if (!exchange || !verify) return kMalformed;

  Check problem;
  const auto key = m.check_certificate(Certificate::parse(certificate.body)->leaf, problem);
  if (problem) return problem;
  m.transcript.add(certificate);
  m.transcript.add(key_exchange);
  problem = m.check_signature(*key, verify->scheme, m.transcript.bytes(), verify->signature);
  if (problem) return problem;
  SharedSecret premaster;
  if (!state.exchange->agree(exchange->public_key, premaster)) {
    return Verdict{Errc::dtls_illegal_parameter, AlertDescription::illegal_parameter};
  }
  m.derive_master(premaster);
  m.transcript.add(certificate_verify);
  return std::nullopt;
}

Step Server::on_finished(Machinery& m) {
  const HandshakeMessage finished = *m.incoming.message(3);
  if (!equal_in_constant_time(finished.body, m.verify_data_of(Role::client))) {
    return Fatal{{Errc::dtls_bad_finished, AlertDescription::decrypt_error}};
  }
  m.transcript.add(finished);
  m.records.install(m.derive_record_keys().write);
  m.outgoing.begin();
  m.outgoing.add_change_cipher_spec();
  m.outgoing.add(HandshakeType::finished, 1, [&](Writer& w) { w.bytes(m.verify_data_of(Role::server)); });
  m.outgoing.end();
  m.incoming.expect(static_cast<std::uint16_t>(finished.message_seq + 1), {});
  return Established{true};
}

}  // namespace redan::dtls
