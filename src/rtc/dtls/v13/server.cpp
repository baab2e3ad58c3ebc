#include "rtc/dtls/v13/server.hpp"

#include "rtc/dtls/hello/server_hello.hpp"
#include "rtc/dtls/v13/certificate.hpp"
#include "rtc/dtls/v13/certificate_request.hpp"
#include "rtc/dtls/v13/flights.hpp"

namespace redan::dtls::v13 {
namespace {

// The largest known, with three post-quantum key shares, has less than half of this.
constexpr std::size_t kMaxClientHello = 8 * 1024;

// What a hello costs: our key pair, the secret, our signature.
constexpr std::size_t kOperations = 3;

enum Slot : std::size_t { kCertificate, kCertificateVerify, kFinished };

// RFC 8446 section 4.1.2 and RFC 9147 section 5.3: the fields that TLS 1.3 does not use.
bool well_formed(const ClientHello& hello) {
  const Bytes compression = hello.compression_methods;
  return hello.version == kDtls12 && hello.cookie.empty() && compression.size() == 1 && compression.front() == 0;
}

const CipherSuite* choose_suite(const ClientHello& hello) {
  for (const CipherSuite& suite : kCipherSuites13) {
    if (hello.cipher_suites.contains(suite.id)) return &suite;
  }
  return nullptr;
}

// A group of which there is a share saves a round trip.
std::optional<Group> choose_group(const ConnectionConfig& config, const Extensions& extensions) {
  const std::span<const Group> groups = config.groups;
  const auto offered = [&](Group group) {
    return extensions.supported_groups->contains(static_cast<std::uint16_t>(group));
  };
  for (const Group group : groups) {
    if (offered(group) && extensions.key_shares->find(static_cast<std::uint16_t>(group))) return group;
  }
  const auto first = std::find_if(groups.begin(), groups.end(), offered);
  return first == groups.end() ? std::nullopt : std::optional(*first);
}

std::optional<std::uint16_t> choose_srtp_profile(const ConnectionConfig& config, const Extensions& extensions) {
  if (!extensions.use_srtp) return std::nullopt;
  for (const std::uint16_t profile : config.srtp_profiles) {
    if (extensions.use_srtp->profiles.contains(profile)) return profile;
  }
  return std::nullopt;
}

/// The HelloRetryRequest; the same each time, so that it need not be remembered.
std::vector<std::uint8_t> retry_request(const CipherSuite& suite, std::uint16_t group, Bytes cookie) {
  std::vector<std::uint8_t> body(256);
  Writer writer(body);
  ServerHello::write_13(writer, kRetryRequest, suite, {group, {}}, cookie);
  body.resize(writer.size());
  return body;
}

void write_encrypted_extensions(Writer& writer, std::optional<std::uint16_t> srtp_profile) {
  writer.prefixed16([&](Writer& w) {
    const std::array<std::uint16_t, 1> profile{srtp_profile.value_or(0)};
    write_use_srtp(w, std::span(profile).first(srtp_profile ? 1 : 0));
  });
}

}  // namespace

Outcome Server::start(HandshakeContext& context) {
  context.provider.random(cookie_key_.fill(32));
  return Incomplete{};
}

Check Server::choose(const HandshakeContext& context, const ClientHello& hello, Choice& choice) {
  const Extensions& extensions = hello.extensions;
  if (!well_formed(hello)) return kIllegal;
  // RFC 8446 section 9.2.
  if (!extensions.signature_algorithms || !extensions.supported_groups || !extensions.key_shares) {
    return Failure{Errc::dtls_illegal_parameter, AlertDescription::missing_extension};
  }
  choice.suite = choose_suite(hello);
  if (choice.suite == nullptr) return Failure{Errc::dtls_no_common_suite, AlertDescription::handshake_failure};
  const auto group = choose_group(context.config, extensions);
  if (!group) return Failure{Errc::dtls_no_common_group, AlertDescription::handshake_failure};
  choice.group = *group;
  choice.share = extensions.key_shares->find(static_cast<std::uint16_t>(*group)).value_or(Bytes{});
  const auto scheme = choose_scheme(context.authentication, *extensions.signature_algorithms);
  if (!scheme) return Failure{Errc::dtls_no_common_signature, AlertDescription::handshake_failure};
  choice.scheme = *scheme;
  choice.srtp_profile = choose_srtp_profile(context.config, extensions);
  if (context.config.require_srtp && !choice.srtp_profile) {
    return Failure{Errc::dtls_no_srtp_profile, AlertDescription::handshake_failure};
  }
  return std::nullopt;
}

Outcome Server::on_hello(HandshakeContext& context, const HandshakeMessage& message) {
  const Digest origin = context.provider.hash(HashAlgorithm::sha256, message.body);
  if (context.candidates.move_to_back(origin.bytes())) return RepeatedFlight{};
  if (!context.candidates.may_start()) return Rejected{kMalformed};  // no client puts two into a datagram
  const auto hello = ClientHello::parse(message.body);
  if (!hello || message.body.size() > kMaxClientHello) return Rejected{kMalformed};
  Choice choice;
  if (const Check failure = choose(context, *hello, choice)) return Rejected{*failure};
  const bool second = message.message_seq != 0;
  if (second != hello->extensions.cookie.has_value()) return Rejected{kIllegal};
  if (!second && (choice.share.empty() || context.config.require_cookie)) {
    return ask_again(context, choice, message.body);
  }
  Transcript transcript(context.provider, choice.suite->hash);
  if (second) {
    if (const Check failure = open_cookie(context, *hello, choice, transcript)) return Rejected{*failure};
  }
  const bool repeated = context.candidates.was_dropped(origin.bytes());
  if (!context.candidates.has_room(repeated) ||
      !context.candidates.spend(repeated ? Priority::medium : Priority::low, kOperations)) {
    return context.drop_over_budget(origin);
  }
  const auto response = context.provider.respond_key_exchange(choice.group, choice.share);
  if (!response) return Rejected{kIllegal};
  Session session;
  session.version = kDtls13;
  session.suite = choice.suite;
  session.group = choice.group;
  session.srtp_profile = choice.srtp_profile;
  session.client_random = hello->random;
  HandshakeCandidate candidate(origin, session, std::move(transcript));
  candidate.repeated = repeated;
  candidate.scheme = choice.scheme;
  candidate.transcript.add(message);
  write_flight(context, candidate, *response, message.message_seq);
  candidate.incoming.expect(static_cast<std::uint16_t>(message.message_seq + 1), kClientFlight);
  context.candidates.add(std::move(candidate));
  return NewFlight{};
}

Outcome Server::ask_again(HandshakeContext& context, const Choice& choice, Bytes hello) {
  const Digest hash = Transcript::of_hello(context.provider, choice.suite->hash, hello);
  const std::uint16_t group = choice.share.empty() ? static_cast<std::uint16_t>(choice.group) : 0;
  std::array<std::uint8_t, RetryCookie::kMaxSize> bytes{};
  Writer cookie(bytes);
  RetryCookie{choice.suite->id, group, hash.bytes()}.write(context.provider, cookie_key_, cookie);
  const auto body = retry_request(*choice.suite, group, cookie.written());
  request_ = OutgoingMessages(0);
  request_.add(HandshakeType::server_hello, 0, [&](Writer& w) { w.bytes(body); });
  request_due_ = true;
  return RetryRequest{};
}

// Checks the second hello against the cookie, and starts its transcript with what stands for the first one.
Check Server::open_cookie(HandshakeContext& context, const ClientHello& hello, const Choice& choice,
                          Transcript& transcript) const {
  const Bytes cookie = *hello.extensions.cookie;
  const auto opened = RetryCookie::open(context.provider, cookie_key_, cookie);
  if (!opened || opened->suite != choice.suite->id || opened->hello_hash.size() != hash_size(choice.suite->hash)) {
    return kIllegal;
  }
  // RFC 8446 section 4.2.8: the second hello has a share of the group that was asked for.
  const bool asked = opened->group != 0;
  if (choice.share.empty() || (asked && opened->group != static_cast<std::uint16_t>(choice.group))) return kIllegal;
  transcript.add(HandshakeType::message_hash, opened->hello_hash);
  transcript.add(HandshakeType::server_hello, retry_request(*choice.suite, opened->group, cookie));
  return std::nullopt;
}

void Server::write_flight(HandshakeContext& context, HandshakeCandidate& candidate, const KeyExchangeResponse& response,
                          std::uint16_t message_seq) {
  Session& session = candidate.session;
  OutgoingMessages& flight = candidate.outgoing;
  Transcript& transcript = candidate.transcript;
  context.provider.random(session.server_random);
  flight = OutgoingMessages(message_seq);
  transcript.add(flight.add(HandshakeType::server_hello, 0, [&](Writer& w) {
    const KeyShare share{static_cast<std::uint16_t>(session.group), response.share};
    ServerHello::write_13(w, session.server_random, *session.suite, share, {});
  }));
  candidate.derive_handshake_keys(context.provider, Role::server, response.secret);
  transcript.add(flight.add(HandshakeType::encrypted_extensions, kHandshakeEpoch,
                            [&](Writer& w) { write_encrypted_extensions(w, session.srtp_profile); }));
  transcript.add(
      flight.add(HandshakeType::certificate_request, kHandshakeEpoch, [](Writer& w) { CertificateRequest::write(w); }));
  write_proof(context, candidate, {});
  candidate.derive_application_secrets(context.provider);
}

Outcome Server::on_protected(HandshakeContext& context, HandshakeCandidate& candidate) {
  const FragmentAssembler& flight = candidate.incoming;
  const auto second = flight.message(kCertificateVerify);
  if (second && second->type == HandshakeType::finished) {
    return Rejected{{Errc::dtls_no_certificate, AlertDescription::certificate_required}};
  }
  if (!flight.whole(kClientFlight.size())) return Incomplete{};
  const auto certificate = Certificate::parse(flight.message(kCertificate)->body);
  if (!certificate) return Rejected{kMalformed};
  if (certificate->leaf.empty()) return Rejected{{Errc::dtls_no_certificate, AlertDescription::certificate_required}};
  if (!context.may_verify(certificate->leaf, candidate, 1)) return context.drop_over_budget(candidate.origin);
  if (const Check failure =
          check_proof(context, candidate, {*flight.message(kCertificate), *second, *flight.message(kFinished)})) {
    return Rejected{*failure};
  }
  return Proven{};
}

std::size_t Server::rewind(HandshakeContext& context) {
  if (std::exchange(request_due_, false)) {
    request_.rewind();
    return request_.wire_size();
  }
  if (context.candidates.empty()) return 0;
  OutgoingMessages& flight = context.candidates.back().outgoing;
  flight.rewind();
  return flight.wire_size();
}

}  // namespace redan::dtls::v13
