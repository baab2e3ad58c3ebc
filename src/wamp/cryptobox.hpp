// Cryptobox, Autobahn|Python's end-to-end encryption of WAMP payloads: NaCl's crypto_box, which is X25519, HSalsa20 and
// XSalsa20-Poly1305.
//
//   payload   = nonce (24) || Poly1305 tag (16) || XSalsa20 ciphertext
//   plaintext = {"uri":"com.example.add2","args":[23,777],"kwargs":{}}          JSON whatever the transport's format is
//
// Both directions of a pair of keys share one symmetric key. Of the envelope only the URI is authenticated, by
// repeating it inside. So a router that cannot read payloads can still reflect, repeat and exchange payloads of the
// same URI. docs/protocols/wamp.md describes the consequences; sealed signalling avoids them.
#pragma once

#include <redan/error.hpp>
#include <redan/random.hpp>
#include <redan/secret.hpp>

#include <redan/wamp_types.hpp>

namespace redan::wamp {

inline constexpr std::size_t kBoxKeySize = 32;
inline constexpr std::size_t kBoxNonceSize = 24;
inline constexpr std::size_t kBoxTagSize = 16;
inline constexpr std::size_t kBoxOverhead = kBoxNonceSize + kBoxTagSize;
using BoxPublicKey = std::array<std::uint8_t, kBoxKeySize>;

/// Callers and publishers are originators; callees and subscribers are responders.
enum class Party : std::uint8_t { originator, responder };

/// An X25519 pair.
struct BoxKeyPair {
  Secret<kBoxKeySize> private_key;
  BoxPublicKey public_key{};

  static BoxKeyPair generate(RandomSource& random);
};

/// The two pairs that form a Key; unknown values are empty. 32 bytes each.
struct KeyHalves {
  Bytes originator_private{};
  Bytes originator_public{};
  Bytes responder_private{};
  Bytes responder_public{};
};

/// The same in standard, padded base64.
struct KeyTexts {
  std::string_view originator_private{};
  std::string_view originator_public{};
  std::string_view responder_private{};
  std::string_view responder_public{};
};

/// The keys that one or both parties of a pair use. The key exchange is computed once, on construction.
class Key {
 public:
  /// crypto_bad_key for wrong lengths, a public key that does not match its private one, a public key of small order,
  /// and halves that serve neither party.
  static redan::Result<Key> make(const KeyHalves& halves);
  static redan::Result<Key> from_base64(const KeyTexts& texts);

  /// Whether it can be used as that party: with its private key and the other's public one.
  [[nodiscard]] bool serves(Party party) const { return !shared(party).empty(); }
  /// Empty unless it serves. For immediate use; do not keep the span.
  [[nodiscard]] Bytes shared(Party party) const { return shared_[static_cast<std::size_t>(party)].expose(); }

 private:
  std::array<Secret<kBoxKeySize>, 2> shared_;
};

/// The content of a box.
struct BoxPlaintext {
  std::string uri;  ///< topic, procedure, or error
  std::optional<List> args{};
  std::optional<Dict> kwargs{};  ///< null on the wire if absent

  /// nullopt unless it is a JSON object with exactly these three members.
  static std::optional<BoxPlaintext> parse(Bytes json);
  /// Byte for byte like Autobahn.
  [[nodiscard]] std::vector<std::uint8_t> write() const;

  friend bool operator==(const BoxPlaintext&, const BoxPlaintext&) = default;
};

/// `key` must serve `party`.
Binary seal_box(const Key& key, Party party, const BoxPlaintext& plaintext, RandomSource& random);
/// wamp_decrypt_error, also for an invalid plaintext; wamp_uri_mismatch if it is about a URI other than `uri`.
redan::Result<BoxPlaintext> open_box(const Key& key, Party party, std::string_view uri, Bytes box);

}  // namespace redan::wamp
