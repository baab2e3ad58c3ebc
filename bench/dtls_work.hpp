// The same work for three DTLS stacks: a pair with mutual P-256 certificates, TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
// use_srtp, the peer's SHA-256 fingerprint checked and 60 bytes exported on both sides; in memory.
#pragma once

#include <deque>
#include <memory>
#include <redan/crypto.hpp>
#include <vector>

namespace redan::bench {

using Datagrams = std::deque<std::vector<std::uint8_t>>;

/// Created once, as in a server.
struct Identities {
  explicit Identities(Provider& provider);
  Identity client, server;
  Fingerprint client_fingerprint, server_fingerprint;
};

inline constexpr std::size_t kExported = 60;

/// A connected client and server.
class DtlsPair {
 public:
  virtual ~DtlsPair() = default;
  /// Client to server, in one datagram. False if the payload did not arrive completely.
  virtual bool carry(Bytes payload) = 0;
};

/// A server that has answered a ClientHello and is waiting.
class HalfOpenServer {
 public:
  virtual ~HalfOpenServer() = default;
};

class DtlsStack {
 public:
  virtual ~DtlsStack() = default;
  /// Performs a handshake; ends the program if it fails.
  virtual std::unique_ptr<DtlsPair> connect() = 0;
  virtual std::unique_ptr<HalfOpenServer> half_open() = 0;
};

/// `identities` and `provider` must outlive the stack.
struct RedanChoice {
  Group group = Group::x25519;
  bool dtls13 = false;  ///< otherwise 1.2
};
std::unique_ptr<DtlsStack> redan_stack(const Identities& identities, Provider& provider, RedanChoice choice);
std::unique_ptr<DtlsStack> openssl_stack(const Identities& identities, Group group);
std::unique_ptr<DtlsStack> mbedtls_stack(const Identities& identities, Group group);

[[noreturn]] void failed(const char* what);

}  // namespace redan::bench
