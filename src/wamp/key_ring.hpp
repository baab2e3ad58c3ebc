// Which URIs are encrypted with which keys, and which must be.
#pragma once

#include <map>
#include <set>

#include "wamp/cryptobox.hpp"
#include "wamp/message.hpp"

namespace redan::wamp {

/// Keys by the beginning of URIs, in characters, not in parts: a key for "com.foo" also covers "com.foobar". The
/// longest prefix counts.
///
/// Where nothing is required it does as Autobahn does: what has a key is encrypted, what has none goes out and comes in
/// clear. Where encryption is required nothing goes out without a key and nothing clear comes in.
///
/// What is carried is sealed and opened by the application itself (a sealed channel): boxes pass as they are, in
/// Payload::sealed, and nothing clear passes at all, but for an ERROR without content.
class KeyRing {
 public:
  /// "" for all URIs that have no other.
  void set_key(std::string prefix, Key key) { keys_.insert_or_assign(std::move(prefix), std::move(key)); }
  void erase_key(std::string_view prefix);
  /// For good: of all URIs that begin so.
  void require(std::string prefix) { required_.insert(std::move(prefix)); }

  /// For good: all URIs that begin so.
  void carry(std::string prefix) { carried_.insert(std::move(prefix)); }

  /// Null if there is none that serves `party`.
  [[nodiscard]] const Key* find(std::string_view uri, Party party) const;
  [[nodiscard]] bool is_required(std::string_view uri) const;
  [[nodiscard]] bool is_carried(std::string_view uri) const;

  /// What `party` sends about `uri`: sealed, with `attributes` told so, if there is a key. wamp_no_key if it would go
  /// out in clear where that must not be; invalid_argument if `payload` is sealed already, and not carried.
  redan::Result<Payload> seal(Party party, std::string_view uri, Payload payload, Dict& attributes,
                              RandomSource& random) const;
  /// What `party` received about `uri`. wamp_clear_payload, wamp_no_key, wamp_decrypt_error, wamp_uri_mismatch.
  [[nodiscard]] redan::Result<Payload> open(Party party, std::string_view uri, Payload payload,
                                            const Dict& attributes) const;

  /// The same for ERROR: `error` stands inside the box, but a key or requirement for the procedure counts as well.
  redan::Result<Payload> seal_error(Party party, std::string_view procedure, std::string_view error, Payload payload,
                                    Dict& attributes, RandomSource& random) const;
  [[nodiscard]] redan::Result<Payload> open_error(Party party, std::string_view procedure, std::string_view error,
                                                  Payload payload, const Dict& attributes) const;

 private:
  std::map<std::string, Key, std::less<>> keys_;
  std::set<std::string, std::less<>> required_;
  std::set<std::string, std::less<>> carried_;
};

/// The URI of what went wrong, for ERROR and for logs: "wamp.error.encryption.decrypt_error". Empty for other codes.
std::string_view encryption_error_uri(Errc code);

}  // namespace redan::wamp
