// The handshake of the sealed channel: three messages, of which the third is already sealed. It is SIGMA with both
// identities under both signatures: the client's is its grant, the runtime's its certificate, each vouched for by AMS.
//
//   client -> runtime   ClientHello    session, suites, ephemeral share, nonce, grant
//   client <- runtime   RuntimeShare   suite, ephemeral share, nonce, certificate, signature over all of it
//   client -> runtime   Record 0       "auth": the client's signature over all of that; then everything is sealed
//
// Whoever relays these can drop them, which both ends notice, and nothing else. docs/protocols/sealed.md has the
// structures, and the model that was checked.
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
  std::vector<Suite> suites;  ///< by preference; unknown ones are left out when parsed
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

/// What either end has when the handshake is done.
struct Established {
  Channel channel;
  ConfirmKey confirm;
  Suite suite;
  bool client_confirms;
};

/// Which grants have made a channel: each makes one. Forgets those that have expired.
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
    std::string session;  ///< as the gateway named it
    Authorities authorities;
    std::vector<std::uint8_t> grant;  ///< AMS's, for this session and `key`
    std::vector<Suite> suites{Suite::aes_256_gcm};
    bool confirms = false;  ///< has an exporter, and will confirm the DTLS connection
  };
  /// `provider` outlives what comes of it. sealed_bad_grant, sealed_expired, sealed_wrong_session: the grant is not for
  /// this.
  static Result<Initiator> begin(Provider& provider, Config config, const Ed25519Key& key, WallTime now);

  /// The first message.
  [[nodiscard]] const std::vector<std::uint8_t>& hello() const { return hello_; }
  struct Done {
    Established established;
    std::vector<std::uint8_t> auth;  ///< the third message: to be sent before any other
    RuntimeCertificate runtime;      ///< who is at the other end
  };
  /// To be called once. sealed_syntax, sealed_bad_certificate, sealed_expired, sealed_wrong_session (another instance
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
  /// `key` belongs to the certificate. All three outlive the object.
  Responder(Provider& provider, Config config, const Ed25519Key& key, UsedGrants& used)
      : provider_(&provider), config_(std::move(config)), key_(&key), used_(&used) {}

  /// The second message, for the first. sealed_syntax, sealed_bad_grant, sealed_expired, sealed_wrong_session,
  /// crypto_unsupported (no common suite).
  Result<std::vector<std::uint8_t>> on_hello(Bytes message, WallTime now);
  /// The third message: whoever knows the grant's key is there. sealed_bad_signature, sealed_grant_used, and those of
  /// Channel::open.
  Result<Established> on_auth(Bytes message, WallTime now);
  /// Of a client that has shown its grant.
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
