// The handshake of the sealed channel: three messages, of which the third is already sealed. It is SIGMA with both
// identities under both signatures: the client's is its grant, the runtime's its certificate, each signed by AMS.
//
//   client -> runtime   ClientHello    session, suites, ephemeral share, nonce, grant
//   client <- runtime   RuntimeShare   suite, ephemeral share, nonce, certificate, signature over all of it
//   client -> runtime   Record 0       "auth": the client's signature over all of that; then everything is sealed
//
// A party that relays these messages can only drop them, which both ends detect. docs/protocols/sealed.md has the
// structures and the verified model.
#pragma once

#include <map>
#include <span>

#include "sealed/channel.hpp"
#include "sealed/credentials.hpp"
#include "sealed/keys.hpp"

namespace redan::sealed {

inline constexpr std::uint8_t kClientHello = 1;
inline constexpr std::uint8_t kRuntimeShare = 2;
inline constexpr std::size_t kNonceSize = 32;
inline constexpr std::size_t kShareSize = 32;
inline constexpr std::size_t kMaxHandshakeMessage = 1024;

/// struct {
///   uint8 kind = 1, version = 1;
///   uint8 flags;                  1: will confirm the DTLS connection (keys.hpp)
///   opaque session<1..64>;
///   Suite suites<1..8>;
///   opaque share[32], nonce[32];
///   opaque grant<1..512>;         16-bit length
/// } ClientHello;
struct ClientHello {
  std::string session;
  std::vector<Suite> suites;  ///< by preference; unknown ones are skipped when parsed
  std::array<std::uint8_t, kShareSize> share{};
  std::array<std::uint8_t, kNonceSize> nonce{};
  std::vector<std::uint8_t> grant;
  bool confirms = false;

  [[nodiscard]] std::vector<std::uint8_t> write() const;
  static std::optional<ClientHello> parse(Bytes bytes);
};

/// struct {
///   uint8 kind = 2;
///   Suite suite;
///   opaque share[32], nonce[32];
///   opaque certificate<1..512>;   16-bit length
///   opaque signature[64];
/// } RuntimeShare;
struct RuntimeShare {
  Suite suite{};
  std::array<std::uint8_t, kShareSize> share{};
  std::array<std::uint8_t, kNonceSize> nonce{};
  std::vector<std::uint8_t> certificate;
  Ed25519Signature signature{};

  [[nodiscard]] std::vector<std::uint8_t> write() const;
  static std::optional<RuntimeShare> parse(Bytes bytes);
};

/// The result of a handshake at either end.
struct Established {
  Channel channel;
  ConfirmKey confirm;
  Suite suite;
  bool client_confirms;
};

/// The grants that have been used; each establishes one channel. Expired grants are removed.
class UsedGrants {
 public:
  /// False if it was used before, or too many others were.
  bool use(const SessionGrant& grant, Bytes bytes, WallTime now);

 private:
  static constexpr std::size_t kMaxGrants = 1024;
  std::map<std::vector<std::uint8_t>, WallTime> used_;
};

/// The client's end.
class Initiator {
 public:
  struct Config {
    std::string session;  ///< as named by the gateway
    Authorities authorities;
    std::vector<std::uint8_t> grant;  ///< AMS's, for this session and `key`
    std::vector<Suite> suites{Suite::aes_256_gcm};
    bool confirms = false;  ///< has an exporter and will confirm the DTLS connection
  };
  /// `provider` must outlive the resulting objects. Errors if the grant does not fit: sealed_bad_grant, sealed_expired,
  /// sealed_wrong_session.
  static Result<Initiator> begin(Provider& provider, Config config, const Ed25519Key& key, WallTime now);

  /// The first message.
  [[nodiscard]] const std::vector<std::uint8_t>& hello() const { return hello_; }
  struct Done {
    Established established;
    std::vector<std::uint8_t> auth;  ///< the third message: to be sent before any other
    RuntimeCertificate runtime;      ///< the other end
  };
  /// Called once. Errors: sealed_syntax, sealed_bad_certificate, sealed_expired, sealed_wrong_session (another instance
  /// than granted), sealed_bad_signature.
  Result<Done> on_share(Bytes message, WallTime now);

 private:
  Initiator(Provider& provider, Config config, const Ed25519Key& key)
      : provider_(&provider), config_(std::move(config)), key_(&key) {}

  Provider* provider_;
  Config config_;
  const Ed25519Key* key_;
  SessionGrant grant_;
  std::unique_ptr<KeyExchange> ephemeral_;
  std::vector<std::uint8_t> hello_;
};

/// The runtime's end, for one client.
class Responder {
 public:
  struct Config {
    std::string session, instance;
    Authorities authorities;
    std::vector<std::uint8_t> certificate;
    std::vector<Suite> suites{Suite::aes_256_gcm, Suite::cryptobox};
  };
  /// `key` must match the certificate. All three must outlive the object.
  Responder(Provider& provider, Config config, const Ed25519Key& key, UsedGrants& used)
      : provider_(&provider), config_(std::move(config)), key_(&key), used_(&used) {}

  /// Takes the first message, returns the second. Errors: sealed_syntax, sealed_bad_grant, sealed_expired,
  /// sealed_wrong_session, crypto_unsupported (no common suite).
  Result<std::vector<std::uint8_t>> on_hello(Bytes message, WallTime now);
  /// Takes the third message, which proves that the client holds the grant's key. Errors: sealed_bad_signature,
  /// sealed_grant_used, and those of Channel::open.
  Result<Established> on_auth(Bytes message, WallTime now);
  /// The grant of a client that has presented one.
  [[nodiscard]] const SessionGrant& grant() const { return grant_; }

 private:
  Provider* provider_;
  Config config_;
  const Ed25519Key* key_;
  UsedGrants* used_;
  SessionGrant grant_;
  std::vector<std::uint8_t> grant_bytes_;
  TranscriptHash transcript_{};
  std::optional<Established> pending_;
};

}  // namespace redan::sealed
