// A DTLS client and a server that have the session's keys and break the rule that a test chooses. They are made of the
// parts of src/rtc/dtls and keep all other rules.
#pragma once

#include "rtc/dtls/hello/server_hello.hpp"
#include "rtc/dtls/v12/certificate.hpp"
#include "rtc/dtls/v12/certificate_request.hpp"
#include "rtc/dtls/v12/certificate_verify.hpp"
#include "rtc/dtls/v12/client_key_exchange.hpp"
#include "rtc/dtls/v12/flights.hpp"
#include "rtc/dtls/v12/server_key_exchange.hpp"
#include "tests/support/forgeries.hpp"

namespace redan::test {

class RogueDtls {
 public:
  RogueDtls(Provider& provider, dtls::Role role, KeyType type = KeyType::ecdsa_p256)
      : identity(test_identity(provider, type)), provider_(provider), role_(role) {
    session_.suite = dtls::find_suite(dtls::kind_of(type) == dtls::CertificateKind::ecdsa ? 0xC02B : 0xC02F);
    session_.group = Group::x25519;
  }

  Identity identity;

  /// A protected record with the next number and any content.
  Datagram sealed(dtls::ContentType type, const Datagram& content) {
    Datagram bytes(content.size() + dtls::kMaxRecordOverhead);
    std::copy(content.begin(), content.end(), bytes.begin() + static_cast<std::ptrdiff_t>(keys_->write.headroom()));
    bytes.resize(keys_->write.seal(type, bytes, content.size()).size());
    return bytes;
  }
  Datagram sealed_message(std::uint8_t type, std::uint16_t seq, const Datagram& body) {
    return sealed(dtls::ContentType::handshake,
                  fragment_of(type, static_cast<std::uint32_t>(body.size()), seq, 0, body));
  }
  Datagram sealed_text(std::string_view text) {
    return sealed(dtls::ContentType::application_data, Datagram(text.begin(), text.end()));
  }
  /// The content of a protected record of the other side; empty if it does not open.
  Datagram opened(Datagram bytes) {
    Reader reader(bytes);
    const auto header = dtls::RecordHeader::parse(reader);
    if (!header || header->epoch != dtls::v12::kProtectedEpoch) return {};
    const auto text = keys_->read.open(*header, MutableBytes(bytes).subspan(dtls::RecordHeader::kSize));
    return text ? Datagram(text->begin(), text->end()) : Datagram();
  }
  Datagram verify_data() {
    const auto data = dtls::v12::verify_data(provider_, session_.suite->hash, master_, role_, transcript_hash());
    return {data.begin(), data.end()};
  }

 protected:
  /// Adds the plaintext handshake messages in `datagram` to the transcript and returns them; then the protected ones.
  std::vector<Message> read(Datagram datagram) {
    std::vector<Message> messages;
    dtls::RecordLayer records;
    MutableBytes rest = datagram;
    while (const auto record = records.next(rest)) {
      if (record->header.type != dtls::ContentType::handshake) continue;
      const Datagram whole(record->whole.begin(), record->whole.end());
      const Datagram text = record->header.epoch == dtls::Epoch::plaintext
                                ? Datagram(record->fragment().begin(), record->fragment().end())
                                : Datagram();
      if (text.empty()) {
        protected_.push_back(whole);
        continue;
      }
      Reader reader(text);
      const auto header = dtls::HandshakeHeader::parse(reader);
      const Bytes body = reader.rest();
      messages.push_back(
          {static_cast<std::uint8_t>(header->type), header->message_seq, Datagram(body.begin(), body.end())});
    }
    return messages;
  }
  Datagram add(dtls::HandshakeType type, std::uint16_t seq, const Datagram& body) {
    transcript_.add({type, seq, body});
    return Message{static_cast<std::uint8_t>(type), seq, body}.datagram(next_plain_++);
  }
  void add(const Message& message) {
    transcript_.add({static_cast<dtls::HandshakeType>(message.type), message.seq, message.body});
  }
  template <class Write>
  static Datagram body_of(Write&& write) {
    Datagram body(8192);
    Writer writer(body);
    write(writer);
    body.resize(writer.size());
    return body;
  }
  Datagram signature(std::uint16_t label, SignatureScheme scheme, Bytes content) {
    std::array<std::uint8_t, kMaxSignatureSize> bytes{};
    const auto size = identity.key->sign(scheme, provider_.hash(hash_of(scheme), content).bytes(), bytes);
    return body_of([&](Writer& w) { dtls::v12::CertificateVerify{label, Bytes(bytes).first(*size)}.write(w); });
  }
  void derive(const SharedSecret& premaster) {
    master_ = dtls::v12::extended_master_secret(provider_, session_.suite->hash, premaster.expose(), transcript_hash());
    keys_.emplace(dtls::v12::record_keys(provider_, *session_.suite, master_, session_.client_random,
                                         session_.server_random, role_));
  }
  Bytes transcript_hash() {
    hash_ = provider_.hash(session_.suite->hash, transcript_.bytes());
    return hash_.bytes();
  }

  Provider& provider_;
  dtls::Role role_;
  dtls::Session session_;
  dtls::v12::MasterSecret master_;
  dtls::Transcript transcript_;
  std::unique_ptr<KeyExchange> exchange_;
  std::optional<dtls::v12::RecordKeys> keys_;
  std::vector<Datagram> protected_;
  std::uint64_t next_plain_ = 0;
  Digest hash_;
};

class RogueServer : public RogueDtls {
 public:
  struct Plan {
    std::uint16_t version = dtls::kDtls12;
    std::uint16_t suite = 0;  ///< 0: the suite that fits the key
    std::uint16_t group = static_cast<std::uint16_t>(Group::x25519);
    std::uint8_t compression = 0;
    bool extended_master_secret = true;
    Datagram extensions{};  ///< raw, appended
    std::uint16_t scheme_label = 0;
    bool asks = true;
  };
  explicit RogueServer(Provider& provider, KeyType type = KeyType::ecdsa_p256)
      : RogueDtls(provider, dtls::Role::server, type) {}

  Datagram flight_4(const Datagram& client_hello, const Plan& plan) {
    using dtls::HandshakeType;
    const auto messages = read(client_hello);
    add(messages.front());
    const auto hello = dtls::ClientHello::parse(messages.front().body);
    session_.client_random = hello->random;
    provider_.random(session_.server_random);
    exchange_ = provider_.start_key_exchange(static_cast<Group>(plan.group));
    Datagram flight = add(HandshakeType::server_hello, 0, body_of([&](Writer& w) {
                            w.u16(plan.version);
                            w.bytes(session_.server_random);
                            w.u8(0);
                            w.u16(plan.suite != 0 ? plan.suite : session_.suite->id);
                            w.u8(plan.compression);
                            w.prefixed16([&](Writer& e) {
                              if (plan.extended_master_secret) {
                                dtls::write_extension(e, dtls::ExtensionType::extended_master_secret, [](Writer&) {});
                              }
                              e.bytes(plan.extensions);
                            });
                          }));
    flight = flight + add(HandshakeType::certificate, 1,
                          body_of([&](Writer& w) { dtls::v12::Certificate{identity.certificate_der}.write(w); }));
    flight = flight + add(HandshakeType::server_key_exchange, 2, key_exchange(plan));
    if (plan.asks) {
      flight = flight + add(HandshakeType::certificate_request, 3,
                            body_of([](Writer& w) { dtls::v12::CertificateRequest::write(w); }));
    }
    return flight + add(HandshakeType::server_hello_done, plan.asks ? 4 : 3, {});
  }
  void read_flight_5(const Datagram& datagram) {
    const auto messages = read(datagram);
    add(messages.at(0));
    add(messages.at(1));
    SharedSecret premaster;
    static_cast<void>(
        exchange_->finish(dtls::v12::ClientKeyExchange::parse(messages.at(1).body)->public_key, premaster));
    derive(premaster);
    add(messages.at(2));
    const Datagram finished = opened(protected_.at(0));
    Reader reader(finished);
    const auto header = dtls::HandshakeHeader::parse(reader);
    const Bytes body = reader.rest();
    add(Message{20, header->message_seq, Datagram(body.begin(), body.end())});
  }
  /// Its ChangeCipherSpec and Finished.
  Datagram flight_6(const Datagram& verify) {
    return record(20, 0, next_plain_++, {1}) + sealed_message(20, 5, verify);
  }

 private:
  Datagram key_exchange(const Plan& plan) {
    const Datagram params =
        body_of([&](Writer& w) { dtls::v12::ServerKeyExchange::write_params(w, plan.group, exchange_->share()); });
    Datagram content(session_.client_random.begin(), session_.client_random.end());
    content.insert(content.end(), session_.server_random.begin(), session_.server_random.end());
    const bool ecdsa = dtls::kind_of(identity.key->type()) == dtls::CertificateKind::ecdsa;
    const auto scheme = ecdsa ? SignatureScheme::ecdsa_secp256r1_sha256 : SignatureScheme::rsa_pkcs1_sha256;
    const std::uint16_t label = plan.scheme_label != 0 ? plan.scheme_label : static_cast<std::uint16_t>(scheme);
    return params + signature(label, scheme, content + params);
  }
};

class RogueClient : public RogueDtls {
 public:
  explicit RogueClient(Provider& provider, KeyType type = KeyType::ecdsa_p256)
      : RogueDtls(provider, dtls::Role::client, type) {}

  Datagram hello(const HelloParts& parts = {}) {
    const Datagram body = hello_body(parts);
    std::copy_n(body.begin() + 2, session_.client_random.size(), session_.client_random.begin());
    return add(dtls::HandshakeType::client_hello, 0, body);
  }
  /// Its Certificate, ClientKeyExchange and CertificateVerify; afterwards the keys are available.
  Datagram flight_5(const Datagram& flight_4, std::uint16_t scheme_label = 0) {
    using dtls::HandshakeType;
    const auto messages = read(flight_4);
    for (const Message& message : messages) add(message);
    const auto hello = dtls::ServerHello::parse(messages.at(0).body);
    session_.server_random = hello->random;
    session_.suite = dtls::find_suite(hello->cipher_suite);
    const auto params = dtls::v12::ServerKeyExchange::parse(messages.at(2).body);
    const auto response = provider_.respond_key_exchange(static_cast<Group>(params->group), params->public_key);
    Datagram flight = add(HandshakeType::certificate, 1,
                          body_of([&](Writer& w) { dtls::v12::Certificate{identity.certificate_der}.write(w); }));
    flight = flight + add(HandshakeType::client_key_exchange, 2,
                          body_of([&](Writer& w) { dtls::v12::ClientKeyExchange{response->share}.write(w); }));
    derive(response->secret);
    const auto scheme = SignatureScheme::ecdsa_secp256r1_sha256;
    const std::uint16_t label = scheme_label != 0 ? scheme_label : static_cast<std::uint16_t>(scheme);
    const Datagram verify = signature(label, scheme, transcript_.bytes());
    return flight + add(HandshakeType::certificate_verify, 3, verify);
  }
  Datagram finished(const Datagram& verify) {
    return record(20, 0, next_plain_++, {1}) + sealed_message(20, 4, verify);
  }
};

}  // namespace redan::test
