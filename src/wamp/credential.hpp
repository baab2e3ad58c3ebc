// How a client proves who it is (WAMP, "Authentication"): anonymous, ticket, wampcra, cryptosign.
#pragma once

#include <redan/crypto.hpp>

#include "wamp/ed25519.hpp"
#include "wamp/message.hpp"

namespace redan::wamp {

struct Anonymous {};
/// A secret that the router sees: only over TLS.
struct Ticket {
  std::string authid;
  Secret<4096> ticket;
};
/// Challenge and response: HMAC-SHA256 with a shared secret, salted with PBKDF2 if the router says so.
struct WampCra {
  std::string authid;
  Secret<256> secret;
};
/// A signature. Without channel binding: Autobahn has none for TLS 1.3.
struct Cryptosign {
  std::string authid;  ///< "": the router finds it by the key
  Ed25519Key key;
};
using Credential = std::variant<Anonymous, Ticket, WampCra, Cryptosign>;

/// PBKDF2 iterations that a router may ask for; it chooses how long we compute.
inline constexpr std::int64_t kMaxIterations = 200'000;

/// "wampcra", as in authmethods.
std::string_view method(const Credential& credential);
/// Adds authmethods, authid and authextra to the details of HELLO.
void introduce(const Credential& credential, Dict& details);
/// wamp_authentication for a challenge of another method than the credential's, and for one that makes no sense.
redan::Result<Authenticate> answer(const Credential& credential, const Challenge& challenge, Provider& provider);

}  // namespace redan::wamp
