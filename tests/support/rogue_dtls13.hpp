// A DTLS 1.3 client and a server that have the session's keys and break the rule that a test chooses. They are made of
// the parts of src/rtc/dtls and keep all other rules. They use x25519 and TLS_AES_128_GCM_SHA256.
#pragma once

#include "rtc/dtls/hello/server_hello.hpp"
#include "rtc/dtls/v13/certificate.hpp"
#include "rtc/dtls/v13/certificate_request.hpp"
#include "rtc/dtls/v13/certificate_verify.hpp"
#include "rtc/dtls/v13/flights.hpp"
#include "rtc/dtls/v13/handshake_candidate.hpp"
#include "tests/support/forgeries.hpp"

namespace redan::test {

class Rogue13 {
 public:
  using Type = dtls::HandshakeType;

  /// What is wrong. The letters of `order` are the messages: E, R, C, V, F for EncryptedExtensions, CertificateRequest,
  /// Certificate, CertificateVerify, Finished. Each is made for those before it.
  struct Plan {
    std::string order;
    Datagram extensions{0, 0};                           ///< the body of EncryptedExtensions
    Datagram request{0, 0, 8, 0, 13, 0, 4, 0, 2, 4, 3};  ///< that of CertificateRequest
    Datagram context{};                                  ///< of Certificate
    bool certificate = true;
    std::uint16_t scheme_label = 0x0403;
    dtls::Role signs_as{};  ///< the sender that the signature names
    bool alter_signature = false;
    bool alter_finished = false;
    std::size_t finished_size = 32;
  };

  Rogue13(Provider& provider, dtls::Role role) : identity(test_identity(provider)), provider_(provider), role_(role) {}

  Identity identity;

  Plan plan(std::string order) const {
    Plan made;
    made.order = std::move(order);
    made.signs_as = role_;
    return made;
  }

  /// The server's hello and its flight, for the client's first hello.
  std::vector<Datagram> answer(const std::vector<Datagram>& hello, const Plan& plan, std::uint16_t suite = 0x1301) {
    const Datagram body = assembled(hello);
    const auto parsed = dtls::ClientHello::parse(body);
    start(dtls::find_suite(dtls::kCipherSuites13, suite), body);
    const auto response = provider_.respond_key_exchange(Group::x25519, *parsed->extensions.key_shares->find(29));
    dtls::Random random{};
    provider_.random(random);
    Datagram server_hello(512);
    Writer writer(server_hello);
    dtls::ServerHello::write_13(writer, random, *candidate_->session.suite, {29, response->share}, {});
    server_hello.resize(writer.size());
    candidate_->transcript.add(Type::server_hello, server_hello);
    candidate_->derive_handshake_keys(provider_, role_, response->secret);
    next_message_ = 1;
    std::vector<Datagram> all{Message{2, 0, server_hello}.datagram(0)};
    for (auto& each : flight(plan)) all.push_back(std::move(each));
    return all;
  }
  /// The client's first hello.
  Datagram hello() {
    exchange_ = provider_.start_key_exchange(Group::x25519);
    dtls::Random random{};
    provider_.random(random);
    const std::array shares{dtls::KeyShare{29, exchange_->share()}};
    const dtls::ClientHello::Offer13 offer{false, shares, {}};
    Datagram body(512);
    Writer writer(body);
    const std::array groups{Group::x25519};
    const std::array<std::uint16_t, 1> profiles{7};
    dtls::ClientHello::write(writer, random, {}, groups, profiles, &offer);
    body.resize(writer.size());
    hello_ = body;
    return Message{1, 0, body}.datagram(0);
  }
  /// The client's flight, for the server's.
  std::vector<Datagram> answer_server(const std::vector<Datagram>& flight_2, const Plan& plan) {
    dtls::RecordLayer records;
    std::vector<Message> messages;
    for (Datagram datagram : flight_2) {
      MutableBytes rest = datagram;
      while (const auto record = records.next(rest)) {
        if (!record->unified) {
          read_server_hello(Bytes(record->fragment()).subspan(12));
          continue;
        }
        const auto opened = records.open(*record, std::array{&*candidate_->read});
        const Bytes body = Bytes(opened->text).subspan(12);
        candidate_->transcript.add(static_cast<Type>(opened->text[0]), body);
      }
    }
    application_ = true;
    candidate_->derive_application_secrets(provider_);
    next_message_ = 1;
    return flight(plan);
  }
  /// A record of any type under the keys of the handshake.
  Datagram sealed(dtls::ContentType type, const Datagram& content) { return sealed(*candidate_->write, type, content); }
  /// The same under our first keys for application data, once the handshake is complete.
  Datagram sealed_later(dtls::ContentType type, const Datagram& content) {
    if (!later_) {
      if (!application_) candidate_->derive_application_secrets(provider_);
      const auto& traffic = candidate_->application.traffic;
      const auto& secret = role_ == dtls::Role::client ? traffic.client : traffic.server;
      later_.emplace(provider_, dtls::v13::traffic_keys(provider_, *candidate_->session.suite, secret), 3);
    }
    return sealed(*later_, type, content);
  }
  Datagram later_message(std::uint8_t type, const Datagram& body) {
    return sealed_later(dtls::ContentType::handshake,
                        fragment_of(type, static_cast<std::uint32_t>(body.size()), next_message_++, 0, body));
  }

 private:
  static Datagram sealed(dtls::CiphertextSeal& seal, dtls::ContentType type, const Datagram& content) {
    Datagram record(content.size() + dtls::CiphertextSeal::kOverhead);
    std::copy(content.begin(), content.end(), record.begin() + dtls::CiphertextSeal::kHeadroom);
    record.resize(seal.seal(type, record, content.size()).size());
    return record;
  }
  static Datagram assembled(const std::vector<Datagram>& datagrams) {
    static constexpr std::array kHello{dtls::ExpectedMessage{Type::client_hello, dtls::Epoch::plaintext}};
    dtls::FragmentAssembler assembler;
    assembler.expect(0, kHello);
    for (const Datagram& datagram : datagrams) {
      Reader reader(Bytes(datagram).subspan(13));
      const auto header = dtls::HandshakeHeader::parse(reader);
      assembler.add(*header, dtls::Epoch::plaintext, reader.rest());
    }
    const Bytes body = assembler.message(0)->body;
    return {body.begin(), body.end()};
  }
  void start(const dtls::CipherSuite* suite, const Datagram& client_hello) {
    dtls::Session session;
    session.suite = suite;
    dtls::v13::Transcript transcript(provider_, session.suite->hash);
    transcript.add(Type::client_hello, client_hello);
    candidate_.emplace(Digest{}, session, std::move(transcript));
    application_ = false;
    later_.reset();
  }
  void read_server_hello(Bytes body) {
    const auto parsed = dtls::ServerHello::parse(body);
    start(dtls::find_suite(dtls::kCipherSuites13, parsed->cipher_suite), hello_);
    candidate_->transcript.add(Type::server_hello, body);
    SharedSecret secret;
    static_cast<void>(exchange_->finish(parsed->extensions.key_share->key, secret));
    candidate_->derive_handshake_keys(provider_, role_, secret);
  }
  std::vector<Datagram> flight(const Plan& plan) {
    std::vector<Datagram> all;
    for (const char letter : plan.order) {
      const auto [type, body] = message(letter, plan);
      candidate_->transcript.add(type, body);
      all.push_back(sealed(dtls::ContentType::handshake,
                           fragment_of(static_cast<std::uint8_t>(type), static_cast<std::uint32_t>(body.size()),
                                       next_message_++, 0, body)));
    }
    return all;
  }
  std::pair<Type, Datagram> message(char letter, const Plan& plan) {
    Datagram body(2048);
    Writer writer(body);
    Type type{};
    switch (letter) {
      case 'E':
        type = Type::encrypted_extensions;
        writer.bytes(plan.extensions);
        break;
      case 'R':
        type = Type::certificate_request;
        writer.bytes(plan.request);
        break;
      case 'C':
        type = Type::certificate;
        dtls::v13::Certificate{plan.context, plan.certificate ? Bytes(identity.certificate_der) : Bytes{}}.write(
            writer);
        break;
      case 'V': {
        type = Type::certificate_verify;
        const dtls::v13::SignedContent content(plan.signs_as, candidate_->transcript.hash());
        const auto scheme = SignatureScheme::ecdsa_secp256r1_sha256;
        std::array<std::uint8_t, kMaxSignatureSize> bytes{};
        const Digest digest = provider_.hash(hash_of(scheme), content.bytes());
        const auto size = identity.key->sign(scheme, digest.bytes(), bytes);
        if (plan.alter_signature) bytes[*size - 1] ^= 1U;
        dtls::v13::CertificateVerify{plan.scheme_label, Bytes(bytes).first(*size)}.write(writer);
        break;
      }
      default:
        type = Type::finished;
        Digest verify = candidate_->verify_data_of(role_, provider_);
        if (plan.alter_finished) verify.storage[0] ^= 1U;
        writer.bytes(Bytes(verify.storage).first(plan.finished_size));
    }
    body.resize(writer.size());
    return {type, body};
  }

  Provider& provider_;
  dtls::Role role_;
  std::optional<dtls::v13::HandshakeCandidate> candidate_;
  std::unique_ptr<KeyExchange> exchange_;
  std::optional<dtls::CiphertextSeal> later_;
  Datagram hello_;
  std::uint16_t next_message_ = 0;
  bool application_ = false;
};

}  // namespace redan::test
