// The hash of the handshake messages so far, RFC 8446 section 4.4.1. In DTLS 1.3 a message enters it with the header
// of TLS, without number and fragment fields (RFC 9147 section 5.2).
#pragma once

#include <redan/crypto.hpp>

#include "rtc/dtls/handshake/message.hpp"

namespace redan::dtls::v13 {

class Transcript {
 public:
  Transcript(Provider& provider, HashAlgorithm algorithm) : hash_(provider.start_hash(algorithm)) {}

  void add(HandshakeType type, Bytes body) {
    std::array<std::uint8_t, 4> header{};
    Writer writer(header);
    writer.u8(static_cast<std::uint8_t>(type));
    writer.u24(static_cast<std::uint32_t>(body.size()));
    hash_->update(header);
    hash_->update(body);
  }
  void add(const HandshakeMessage& message) { add(message.type, message.body); }
  [[nodiscard]] Digest hash() const { return hash_->digest(); }

  /// The hash that stands for the first ClientHello once a HelloRetryRequest answered it.
  static Digest of_hello(Provider& provider, HashAlgorithm algorithm, Bytes client_hello) {
    Transcript only(provider, algorithm);
    only.add(HandshakeType::client_hello, client_hello);
    return only.hash();
  }

 private:
  std::unique_ptr<Hash> hash_;
};

}  // namespace redan::dtls::v13
