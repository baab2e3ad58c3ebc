#include "rtc/dtls/client.hpp"

#include "rtc/dtls/messages/certificate.hpp"
#include "rtc/dtls/messages/certificate_request.hpp"
#include "rtc/dtls/messages/client_key_exchange.hpp"
#include "rtc/dtls/messages/hello_verify_request.hpp"

namespace redan::dtls {
namespace {

constexpr Verdict kMalformed{Errc::dtls_illegal_parameter, AlertDescription::decode_error};
constexpr Verdict kIllegal{Errc::dtls_illegal_parameter, AlertDescription::illegal_parameter};

// A server may change its cookie key once or twice, not for ever.
constexpr int kMaxCookies = 3;

// The slots of kServerFlight.
enum Slot : std::size_t { kServerHello, kCertificate, kServerKeyExchange, kCertificateRequest, kServerHelloDone };

}  // namespace

Client::Client() : state_(AwaitServerFlight{kMaxCookies}) {}

Step Client::start(Machinery& m) {
  m.provider.random(m.session.client_random);
  write_client_hello(m, {});
  m.incoming.expect(0, kServerFlight);
  return FlightReady{};
}

void Client::write_client_hello(Machinery& m, Bytes cookie) {
  m.outgoing.begin();
  m.transcript.clear();
  m.transcript.add(m.outgoing.add(HandshakeType::client_hello, 0, [&](Writer& w) {
    ClientHello::write(w, m.session.client_random, cookie, m.config.groups, m.config.srtp_profiles);
  }));
  m.outgoing.end();
}

Step Client::on_messages(Machinery& m) {
  if (auto* state = std::get_if<AwaitServerFlight>(&state_)) {
    const auto first = m.incoming.message(kServerHello);
    if (first && first->type == HandshakeType::hello_verify_request) return on_hello_verify_request(m, *state, *first);
    if (!m.incoming.whole(kServerFlight.size())) return Waiting{};
    return on_server_flight(m);
  }
  if (!std::holds_alternative<AwaitServerFinished>(state_) || !m.incoming.message(0)) return Waiting{};
  const Step step = on_finished(m);
  if (std::holds_alternative<Established>(step)) state_ = Established{};
  return step;
}

Step Client::on_hello_verify_request(Machinery& m, AwaitServerFlight& state, const HandshakeMessage& message) {
  const auto request = HelloVerifyRequest::parse(message.body);
  if (!request || state.cookies_left == 0) {
    m.incoming.forget(kServerHello, kServerHello + 1);
    return Doubt{kMalformed};
  }
  --state.cookies_left;
  const std::uint16_t next = static_cast<std::uint16_t>(message.message_seq + 1);
  write_client_hello(m, request->cookie);
  m.incoming.expect(next, kServerFlight);
  return FlightReady{};
}

Step Client::on_server_flight(Machinery& m) {
  const std::size_t before = m.transcript.size();
  SharedSecret premaster;
  std::unique_ptr<KeyExchange> exchange;
  std::optional<SignatureScheme> scheme;
  if (const Check problem = check_server_flight(m, premaster, exchange, scheme)) {
    m.transcript.truncate(before);
    m.incoming.forget(0, kServerFlight.size());
    return judge(*problem);
  }
  for (std::size_t i = 0; i < kServerFlight.size(); ++i) m.transcript.add(*m.incoming.message(i));
  const std::uint16_t next = static_cast<std::uint16_t>(m.incoming.first() + kServerFlight.size());
  write_flight_5(m, premaster, *exchange, *scheme);
  m.incoming.expect(next, kServerFinishedFlight);
  state_ = AwaitServerFinished{};
  return FlightReady{};
}

Check Client::check_server_hello(Machinery& m, const ServerHello& hello) {
  const Extensions& extensions = hello.extensions;
  if (hello.version != kDtls12) return Verdict{Errc::dtls_version, AlertDescription::protocol_version};
  m.session.suite = find_suite(hello.cipher_suite);
  if (m.session.suite == nullptr) return Verdict{Errc::dtls_no_common_suite, AlertDescription::illegal_parameter};
  if (!extensions.extended_master_secret) {
    return Verdict{Errc::dtls_no_extended_master_secret, AlertDescription::handshake_failure};
  }
  // Only what we offered may be answered (RFC 5246 section 7.4.1.4); renegotiation_info must be empty (RFC 5746
  // section 3.4).
  const bool unasked = extensions.unknown || extensions.signature_algorithms || extensions.supported_versions ||
                       extensions.supported_groups || (extensions.use_srtp && m.config.srtp_profiles.empty());
  const bool renegotiating = extensions.renegotiated_connection && !extensions.renegotiated_connection->empty();
  if (unasked || renegotiating || hello.compression_method != 0) return kIllegal;
  m.session.server_random = hello.random;
  m.session.srtp_profile = std::nullopt;
  if (extensions.use_srtp) {
    // RFC 5764 section 4.1.1: exactly one profile, one of ours, and our (empty) MKI.
    Reader reader(extensions.use_srtp->profiles.bytes);
    const std::uint16_t profile = reader.u16();
    const auto& ours = m.config.srtp_profiles;
    if (!reader.done() || !extensions.use_srtp->mki.empty() ||
        std::find(ours.begin(), ours.end(), profile) == ours.end()) {
      return kIllegal;
    }
    m.session.srtp_profile = profile;
  }
  if (m.config.require_srtp && !m.session.srtp_profile) {
    return Verdict{Errc::dtls_no_srtp_profile, AlertDescription::handshake_failure};
  }
  return std::nullopt;
}

Check Client::check_server_flight(Machinery& m, SharedSecret& premaster, std::unique_ptr<KeyExchange>& exchange,
                                  std::optional<SignatureScheme>& scheme) {
  const auto hello = ServerHello::parse(m.incoming.message(kServerHello)->body);
  const auto certificate = Certificate::parse(m.incoming.message(kCertificate)->body);
  const auto params = ServerKeyExchange::parse(m.incoming.message(kServerKeyExchange)->body);
  const auto request = CertificateRequest::parse(m.incoming.message(kCertificateRequest)->body);
  if (!hello || !certificate || !params || !request || !m.incoming.message(kServerHelloDone)->body.empty()) {
    return kMalformed;
  }
  Check problem = check_server_hello(m, *hello);
  if (problem) return problem;
  const auto key = m.check_certificate(certificate->leaf, problem);
  if (problem) return problem;
  if (kind_of(key->type()) != m.session.suite->certificate) return kIllegal;
  if ((problem = check_key_exchange(m, *params))) return problem;

  std::array<std::uint8_t, 64 + 4 + 255> content{};
  Writer signed_content(content);
  signed_content.bytes(m.session.client_random);
  signed_content.bytes(m.session.server_random);
  signed_content.bytes(params->params);
  problem = m.check_signature(*key, params->scheme, signed_content.written(), params->signature);
  if (problem) return problem;
  exchange = m.provider.key_exchange(m.session.group);
  if (!exchange->agree(params->public_key, premaster)) return kIllegal;
  scheme = m.choose_scheme(request->signature_algorithms);
  if (!scheme) return Verdict{Errc::dtls_no_common_signature, AlertDescription::handshake_failure};
  return std::nullopt;
}

Check Client::check_key_exchange(Machinery& m, const ServerKeyExchange& params) {
  for (const Group group : m.config.groups) {
    if (static_cast<std::uint16_t>(group) != params.group) continue;
    m.session.group = group;
    return std::nullopt;
  }
  return Verdict{Errc::dtls_no_common_group, AlertDescription::illegal_parameter};
}

void Client::write_flight_5(Machinery& m, const SharedSecret& premaster, KeyExchange& exchange,
                            SignatureScheme scheme) {
  OutgoingFlight& flight = m.outgoing;
  flight.begin();
  m.transcript.add(
      flight.add(HandshakeType::certificate, 0, [&](Writer& w) { Certificate{m.identity.certificate_der}.write(w); }));
  m.transcript.add(flight.add(HandshakeType::client_key_exchange, 0,
                              [&](Writer& w) { ClientKeyExchange{exchange.public_key()}.write(w); }));
  m.derive_master(premaster);
  RecordKeys keys = m.derive_record_keys();
  m.records.install(std::move(keys.write));
  m.records.install(std::move(keys.read));
  m.transcript.add(flight.add(HandshakeType::certificate_verify, 0,
                              [&](Writer& w) { m.write_signature(w, scheme, m.transcript.bytes()); }));
  flight.add_change_cipher_spec();
  m.transcript.add(flight.add(HandshakeType::finished, 1, [&](Writer& w) { w.bytes(m.verify_data_of(Role::client)); }));
  flight.end();
}

Step Client::on_finished(Machinery& m) {
  const HandshakeMessage finished = *m.incoming.message(0);
  if (!equal_in_constant_time(finished.body, m.verify_data_of(Role::server))) {
    return Fatal{{Errc::dtls_bad_finished, AlertDescription::decrypt_error}};
  }
  m.incoming.expect(static_cast<std::uint16_t>(finished.message_seq + 1), {});
  return Established{false};
}

}  // namespace redan::dtls
