// Forged datagrams of 27 kinds, which an attacker who can forge the peer's address injects into a handshake.
#pragma once

#include <functional>

#include "tests/support/client_hello.hpp"
#include "tests/support/dtls_pair.hpp"

namespace redan::test {

using Datagram = std::vector<std::uint8_t>;

inline Datagram record(std::uint8_t type, std::uint16_t epoch, std::uint64_t sequence, const Datagram& fragment,
                       std::uint16_t version = dtls::kDtls12) {
  Datagram bytes(dtls::RecordHeader::kSize + fragment.size());
  Writer writer(bytes);
  dtls::RecordHeader{static_cast<dtls::ContentType>(type), version, dtls::Epoch{epoch}, sequence,
                     static_cast<std::uint16_t>(fragment.size())}
      .write(writer);
  writer.bytes(fragment);
  return bytes;
}

inline Datagram fragment_of(std::uint8_t type, std::uint32_t length, std::uint16_t seq, std::uint32_t offset,
                            const Datagram& body) {
  Datagram bytes(dtls::HandshakeHeader::kSize + body.size());
  Writer writer(bytes);
  dtls::HandshakeHeader{static_cast<dtls::HandshakeType>(type), length, seq, offset,
                        static_cast<std::uint32_t>(body.size())}
      .write(writer);
  writer.bytes(body);
  return bytes;
}

/// A whole message in its own plaintext record.
struct Message {
  std::uint8_t type = 0;
  std::uint16_t seq = 0;
  Datagram body;

  [[nodiscard]] Datagram datagram(std::uint64_t record_sequence = 9) const {
    return record(22, 0, record_sequence, fragment_of(type, static_cast<std::uint32_t>(body.size()), seq, 0, body));
  }
};

inline Datagram operator+(Datagram a, const Datagram& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

/// The messages between an attacker's own client and server: well-formed messages with other certificates, randoms and
/// keys.
class ForeignMessages {
 public:
  explicit ForeignMessages(Provider& provider) {
    DtlsPair pair(provider);
    pair.handshake();
    for (const auto* end : {&pair.client, &pair.server}) {
      for (Datagram datagram : end->sent) collect(datagram);
    }
  }
  [[nodiscard]] const Message& of(bool from_server, dtls::HandshakeType type) const {
    const auto found = std::find_if(all_.begin(), all_.end(), [&](const auto& each) {
      return each.first == from_server && each.second.type == static_cast<std::uint8_t>(type);
    });
    return found->second;
  }

 private:
  void collect(MutableBytes rest) {
    dtls::RecordLayer records;
    while (const auto record = records.next(rest)) {
      if (record->header.type != dtls::ContentType::handshake || record->header.epoch != dtls::Epoch::plaintext)
        continue;
      Reader reader(record->fragment());
      const auto header = dtls::HandshakeHeader::parse(reader);
      const Bytes body = reader.bytes(header->fragment_length);
      if (header->type == dtls::HandshakeType::server_hello) server_ = true;
      all_.push_back(
          {server_,
           {static_cast<std::uint8_t>(header->type), header->message_seq, Datagram(body.begin(), body.end())}});
    }
  }
  bool server_ = false;  // the client's datagrams come first
  std::vector<std::pair<bool, Message>> all_;
};

struct Forgery {
  std::string name;
  /// The datagram to send to the server or the client, given the genuine datagram that is about to arrive there (or
  /// empty).
  std::function<Datagram(bool to_server, const Datagram& genuine)> make;
  /// Makes the genuine peer, or us, answer another party; the reaction of a foreign peer to that is outside our
  /// control.
  bool draws_answers = false;
};

inline std::vector<Forgery> forgeries(Provider& provider) {
  using dtls::HandshakeType;
  const ForeignMessages foreign(provider);
  const auto client = [&](HandshakeType type) { return foreign.of(false, type); };
  const auto server = [&](HandshakeType type) { return foreign.of(true, type); };
  const auto fixed = [](Datagram datagram) { return [=](bool, const Datagram&) { return datagram; }; };
  const auto sides = [](Datagram to_client, Datagram to_server) {
    return [=](bool at_server, const Datagram&) { return at_server ? to_server : to_client; };
  };
  const auto altered = [](auto change) {
    return [=](bool, Datagram genuine) {
      if (!genuine.empty()) change(genuine);
      return genuine;
    };
  };
  Datagram cut_short = record(22, 0, 9, Datagram(40, 1));
  cut_short.resize(30);
  Datagram noise(100);
  SeededRandom(5).random(noise);
  Datagram cookie{0xFE, 0xFF, 20};
  cookie.resize(23, 7);
  const Message verify_request{3, 0, cookie};
  Message no_extensions = server(HandshakeType::server_hello);
  no_extensions.body.resize(38);  // version, random, no session, suite, compression
  Message old_version = server(HandshakeType::server_hello);
  old_version.body[1] = 0xFF;
  Message other_random = server(HandshakeType::server_hello);
  other_random.body[5] ^= 0x55U;
  Message no_scheme = server(HandshakeType::certificate_request);
  no_scheme.body = {1, 64, 0, 2, 2, 1, 0, 0};
  Datagram flight_4;
  for (const HandshakeType type :
       {HandshakeType::server_hello, HandshakeType::certificate, HandshakeType::server_key_exchange,
        HandshakeType::certificate_request, HandshakeType::server_hello_done}) {
    flight_4 = flight_4 + server(type).datagram();
  }
  const Datagram flight_5 = client(HandshakeType::certificate).datagram() +
                            client(HandshakeType::client_key_exchange).datagram() +
                            client(HandshakeType::certificate_verify).datagram();
  const Datagram some(20, 0x66);
  return {
      {"fatal alert", fixed(record(21, 0, 9, {2, 40}))},
      {"close_notify", fixed(record(21, 0, 9, {1, 0}))},
      {"warning alert", fixed(record(21, 0, 9, {1, 90}))},
      {"early ChangeCipherSpec", fixed(record(20, 0, 9, {1}))},
      {"application data in the clear", fixed(record(23, 0, 9, {1, 2, 3}))},
      {"unknown content type", fixed(record(99, 0, 9, {1, 2, 3}))},
      {"fragment of a false length",
       sides(record(22, 0, 9, fragment_of(2, 5000, 0, 0, some)), record(22, 0, 9, fragment_of(11, 5000, 1, 0, some)))},
      {"fragment of a future message", fixed(record(22, 0, 9, fragment_of(11, 5000, 7, 0, some)))},
      {"HelloRequest", fixed(record(22, 0, 9, fragment_of(0, 0, 0, 0, {})))},
      {"wrong record version", fixed(record(22, 0, 9, fragment_of(11, 20, 1, 0, some), 0x0303))},
      {"record longer than the datagram", fixed(cut_short)},
      {"genuine datagram of a high record number", altered([](Datagram& d) { d[5] = 0x80; })},
      {"garbage of epoch 1", fixed(record(22, 1, 0, Datagram(61, 0x77)))},
      {"empty handshake record", fixed(record(22, 0, 9, {}))},
      {"random bytes", fixed(noise)},
      {"hello of another handshake",
       sides(server(HandshakeType::server_hello).datagram(), client(HandshakeType::client_hello).datagram()), true},
      {"HelloVerifyRequest", fixed(verify_request.datagram()), true},
      // Well-formed messages of another party with its own certificate.
      {"foreign Certificate",
       sides(server(HandshakeType::certificate).datagram(), client(HandshakeType::certificate).datagram())},
      {"foreign flight", sides(flight_4, flight_5)},
      {"foreign key exchange", sides(server(HandshakeType::server_key_exchange).datagram(),
                                     client(HandshakeType::client_key_exchange).datagram())},
      {"foreign CertificateRequest or CertificateVerify", sides(server(HandshakeType::certificate_request).datagram(),
                                                                client(HandshakeType::certificate_verify).datagram())},
      {"CertificateRequest without a common scheme, or empty Certificate",
       sides(no_scheme.datagram(), Message{11, 1, {0, 0, 0}}.datagram())},
      {"ServerHello without extended master secret, or Finished in the clear",
       sides(no_extensions.datagram(), Message{20, 4, Datagram(12, 1)}.datagram())},
      {"ServerHello of DTLS 1.0, or Certificate that does not parse",
       sides(old_version.datagram(), Message{11, 1, some}.datagram())},
      {"ServerHello with another random, or tiny Certificate",
       sides(other_random.datagram(), Message{11, 1, {0, 0, 4, 0, 0, 1, 0x30}}.datagram())},
      {"genuine datagram, its last byte changed", altered([](Datagram& d) { d.back() ^= 1U; })},
      {"genuine datagram, a middle byte changed", altered([](Datagram& d) { d[d.size() / 2] ^= 1U; })},
  };
}

}  // namespace redan::test
