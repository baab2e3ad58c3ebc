// Determines which URIs are encrypted with which keys, and which must be encrypted.
#pragma once

#include <map>
#include <set>

#include "wamp/cryptobox.hpp"
#include "wamp/message.hpp"
#include "wamp/secret_key.hpp"

namespace redan::wamp {

/// How a payload came, and so how it is answered: in the clear, or with this key.
struct Protection {
  enum class Kind : std::uint8_t { none, cryptobox, ppt };
  Kind kind = Kind::none;
  std::string key_id{};

  [[nodiscard]] bool encrypted() const { return kind != Kind::none; }
};

/// What a ring knows about one of several keys for the same URIs.
struct KeyUse {
  std::string id{};         ///< enc_key or ppt_keyid; "" sends none, and opens payloads with any id
  bool opens_only = false;  ///< during a rotation: still opens, and answers what it opened
};

/// Keys by the beginning of URIs, counted in characters, not in components: a key for "com.foo" also covers
/// "com.foobar". The longest prefix counts, with all keys that it has. A call is sent with the first of them that can;
/// an event is sent once with each, for subscribers with different keys; an answer is sent with the key of its call.
///
/// By default it behaves like Autobahn: payloads with a key are encrypted, others are sent and accepted in the clear.
/// Where encryption is required, nothing is sent without a key and no plaintext is accepted.
///
/// Carried payloads are sealed and opened by the application itself (a sealed channel): boxes pass unchanged, in
/// Payload::sealed, and no plaintext passes except an ERROR without content.
class KeyRing {
 public:
  /// Limits what one forged payload without a key id can cost.
  static constexpr std::size_t kMaxKeys = 16;

  /// Use "" for all URIs that have no other key. A key with the same id is replaced; others than the first kMaxKeys of
  /// a prefix are ignored.
  void set_key(std::string prefix, Key key, KeyUse use = {}) { set(std::move(prefix), std::move(key), std::move(use)); }
  void set_key(std::string prefix, SecretKey key, KeyUse use = {}) {
    set(std::move(prefix), std::move(key), std::move(use));
  }
  /// All keys of this prefix.
  void erase_key(std::string_view prefix);
  [[nodiscard]] bool has_key(std::string_view prefix, std::string_view id) const;
  [[nodiscard]] std::size_t count(std::string_view prefix) const;
  /// Permanently requires encryption of all URIs with this prefix.
  void require(std::string prefix) { required_.insert(std::move(prefix)); }

  /// Permanently carries all URIs with this prefix.
  void carry(std::string prefix) { carried_.insert(std::move(prefix)); }

  /// The first cryptobox key for the URI; null if none serves `party`.
  [[nodiscard]] const Key* find(std::string_view uri, Party party) const;
  [[nodiscard]] bool is_required(std::string_view uri) const;
  [[nodiscard]] bool is_carried(std::string_view uri) const;

  /// With which keys an event of this topic is sent, one publication each. Never empty: without a key it is
  /// unprotected, or refused by seal().
  [[nodiscard]] std::vector<Protection> audience(std::string_view topic) const;

  /// Prepares what `party` sends about `uri`: encrypts it and sets `attributes`, if there is a key; with `like`, with
  /// that key only. wamp_no_key if it would be sent in the clear although encryption is required, or `like` is
  /// encrypted; invalid_argument if `payload` is already sealed, and not carried.
  redan::Result<Payload> seal(Party party, std::string_view uri, Payload payload, Dict& attributes,
                              RandomSource& random, const Protection* like = nullptr) const;
  /// Opens what `party` received about `uri`. Errors: wamp_clear_payload, wamp_no_key, wamp_unknown_key,
  /// wamp_decrypt_error, wamp_uri_mismatch.
  [[nodiscard]] redan::Result<Payload> open(Party party, std::string_view uri, Payload payload, const Dict& attributes,
                                            Protection* how = nullptr) const;

  /// The same for ERROR: `error` is the URI inside the box, but a key or requirement for the procedure also counts.
  redan::Result<Payload> seal_error(Party party, std::string_view procedure, std::string_view error, Payload payload,
                                    Dict& attributes, RandomSource& random, const Protection* like = nullptr) const;
  [[nodiscard]] redan::Result<Payload> open_error(Party party, std::string_view procedure, std::string_view error,
                                                  Payload payload, const Dict& attributes) const;

 private:
  struct Entry {
    std::variant<Key, SecretKey> key;
    KeyUse use;

    [[nodiscard]] Protection protection() const;
    [[nodiscard]] bool serves(Party party) const;
  };
  using Entries = std::vector<Entry>;

  void set(std::string prefix, std::variant<Key, SecretKey> key, KeyUse use);
  /// Those of the longest prefix; null if there is none.
  [[nodiscard]] const Entries* entries(std::string_view uri) const;
  [[nodiscard]] const Entry* sealing(std::string_view uri, Party party, const Protection* like) const;
  [[nodiscard]] bool has_secret(std::string_view uri) const;
  static Payload sealed(const Entry& entry, Party party, std::string_view uri, Payload&& payload, Dict& attributes,
                        RandomSource& random);
  /// Tries the keys for `keys_of` that the attributes name.
  [[nodiscard]] redan::Result<Payload> opened(std::string_view keys_of, Protection::Kind kind, Party party,
                                              std::string_view uri, const Payload& payload, const Dict& attributes,
                                              Protection* how) const;

  std::map<std::string, Entries, std::less<>> keys_;
  std::set<std::string, std::less<>> required_;
  std::set<std::string, std::less<>> carried_;
};

/// Whether the message has ppt_scheme "wamp", and its payload in the form of a binary as the only argument.
bool is_ppt(const Payload& payload, const Dict& attributes);

/// The URI of an encryption error, for ERROR and for logs: "wamp.error.encryption.decrypt_error". Empty for other
/// codes.
std::string_view encryption_error_uri(Errc code);

}  // namespace redan::wamp
