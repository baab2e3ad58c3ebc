// Determines which URIs are encrypted with which keys, and which must be encrypted.
#pragma once

#include <map>
#include <set>

#include "wamp/cryptobox.hpp"
#include "wamp/message.hpp"

namespace redan::wamp {

/// Keys by the beginning of URIs, counted in characters, not in components: a key for "com.foo" also covers
/// "com.foobar". The longest prefix counts.
///
/// By default it behaves like Autobahn: payloads with a key are encrypted, others are sent and accepted in the clear.
/// Where encryption is required, nothing is sent without a key and no plaintext is accepted.
///
/// Carried payloads are sealed and opened by the application itself (a sealed channel): boxes pass unchanged, in
/// Payload::sealed, and no plaintext passes except an ERROR without content.
class KeyRing {
 public:
  /// Use "" for all URIs that have no other key.
  void set_key(std::string prefix, Key key) { keys_.insert_or_assign(std::move(prefix), std::move(key)); }
  void erase_key(std::string_view prefix);
  /// Permanently requires encryption of all URIs with this prefix.
  void require(std::string prefix) { required_.insert(std::move(prefix)); }

  /// Permanently carries all URIs with this prefix.
  void carry(std::string prefix) { carried_.insert(std::move(prefix)); }

  /// Null if no key serves `party`.
  [[nodiscard]] const Key* find(std::string_view uri, Party party) const;
  [[nodiscard]] bool is_required(std::string_view uri) const;
  [[nodiscard]] bool is_carried(std::string_view uri) const;

  /// Prepares what `party` sends about `uri`: encrypts it and sets `attributes`, if there is a key. wamp_no_key if it
  /// would be sent in the clear although encryption is required; invalid_argument if `payload` is already sealed, and
  /// not carried.
  redan::Result<Payload> seal(Party party, std::string_view uri, Payload payload, Dict& attributes,
                              RandomSource& random) const;
  /// Opens what `party` received about `uri`. Errors: wamp_clear_payload, wamp_no_key, wamp_decrypt_error,
  /// wamp_uri_mismatch.
  [[nodiscard]] redan::Result<Payload> open(Party party, std::string_view uri, Payload payload,
                                            const Dict& attributes) const;

  /// The same for ERROR: `error` is the URI inside the box, but a key or requirement for the procedure also counts.
  redan::Result<Payload> seal_error(Party party, std::string_view procedure, std::string_view error, Payload payload,
                                    Dict& attributes, RandomSource& random) const;
  [[nodiscard]] redan::Result<Payload> open_error(Party party, std::string_view procedure, std::string_view error,
                                                  Payload payload, const Dict& attributes) const;

 private:
  std::map<std::string, Key, std::less<>> keys_;
  std::set<std::string, std::less<>> required_;
  std::set<std::string, std::less<>> carried_;
};

/// The URI of an encryption error, for ERROR and for logs: "wamp.error.encryption.decrypt_error". Empty for other
/// codes.
std::string_view encryption_error_uri(Errc code);

}  // namespace redan::wamp
