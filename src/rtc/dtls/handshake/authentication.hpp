// The proof of both identities in a handshake: our certificate and signature, and the checks of the peer's.
#pragma once

#include "rtc/dtls/handshake/failure.hpp"
#include "rtc/dtls/hello/extensions.hpp"

namespace redan::dtls {

struct Signature {
  SignatureScheme scheme{};
  std::array<std::uint8_t, kMaxSignatureSize> storage{};
  std::size_t size = 0;
  [[nodiscard]] Bytes bytes() const { return Bytes(storage).first(size); }
};

class Authentication {
 public:
  static constexpr std::size_t kMaxFingerprints = 16;

  /// Of `accepted`, the fingerprints of the peer, those of the strongest hash count (RFC 8122 section 5), and of them
  /// the first kMaxFingerprints. `identity` and `provider` must outlive the object.
  Authentication(const Identity& identity, std::vector<Fingerprint> accepted, Provider& provider);

  /// Our certificate and the type of its key.
  [[nodiscard]] Bytes certificate() const { return identity_.certificate_der; }
  [[nodiscard]] KeyType key_type() const { return identity_.key->type(); }
  /// The best of our signature schemes that fits our key and that the peer offers.
  [[nodiscard]] std::optional<SignatureScheme> choose_scheme(const CodePoints& offered) const;
  [[nodiscard]] Signature sign(SignatureScheme scheme, Bytes content) const;

  /// The public key of the peer's certificate. Null, with a failure, if there is none or if the certificate is ours.
  /// Whether the certificate is the peer's, only its fingerprint shows.
  [[nodiscard]] std::unique_ptr<PublicKey> load_key(Bytes certificate, Check& failure) const;
  /// The accepted fingerprint that this certificate has.
  [[nodiscard]] std::optional<Fingerprint> accepted_fingerprint(Bytes certificate) const;
  /// Whether `signature` is one of `content`, under a scheme that we offer and that fits the key.
  [[nodiscard]] Check check_signature(const PublicKey& key, std::uint16_t scheme, Bytes content, Bytes signature) const;

 private:
  const Identity& identity_;
  std::vector<Fingerprint> accepted_;
  Provider& provider_;
};

}  // namespace redan::dtls
