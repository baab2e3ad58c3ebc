// Long-term credentials, the client's side (RFC 8489 section 9.2): answers the server's challenge, signs requests, and
// decides which responses are genuine.
//
// User name, realm and password are used as they are: text outside ASCII must already be in the form of the
// OpaqueString profile (RFC 8265), which for nearly all text is its NFC form.
#pragma once

#include <memory>
#include <redan/crypto.hpp>
#include <string>

#include "rtc/stun/message.hpp"

namespace redan::stun {

using Password = Secret<512>;

struct Credentials {
  std::string username;
  Password password;

  /// invalid_argument: an empty or too long user name or password (508 and 512 bytes), or a control character in it.
  static Result<Credentials> make(std::string_view username, std::string_view password);
};

enum class Verdict : std::uint8_t {
  accepted,
  ignored,             ///< not proven to come from the server
  retry,               ///< 401 or 438: repeat the request as a new transaction, which answers the new challenge
  wrong_credentials,   ///< 401, though the request was signed for this realm
  unprotected,         ///< success without a challenge: it proves nothing
  downgraded,          ///< the challenge lacks what its nonce promises, or what an earlier one had
  unsupported,         ///< no common password algorithm, or the crypto provider lacks MD5
  malformed_challenge  ///< 401 or 438 without REALM or NONCE
};

class LongTerm {
 public:
  LongTerm(Credentials credentials, Provider& provider);

  /// Completes a request: signed if the server's challenge is known, otherwise with FINGERPRINT only. Empty if the
  /// buffer was too small.
  MutableBytes finish(MessageBuilder& builder);
  /// Whether finish() signs.
  [[nodiscard]] bool challenged() const { return mac_ != nullptr; }

  /// Judges a response whose transaction id is known. `signed_request`: the request was signed.
  Verdict judge(const Message& response, bool signed_request);

  /// Forgets the challenge, for another server.
  void reset();

 private:
  enum class Algorithm : std::uint16_t { md5 = 1, sha256 = 2 };

  Verdict accept_challenge(const Message& response, bool signed_request);
  [[nodiscard]] bool verifies(const Message& response) const;
  bool derive_key(Algorithm algorithm);

  Provider* provider_;
  Credentials credentials_;
  // The challenge.
  std::string realm_;
  std::string nonce_;
  std::string algorithms_;  // PASSWORD-ALGORITHMS as received; empty: the older form, MD5 and SHA-1
  Algorithm algorithm_{};
  bool anonymous_ = false;  // USERHASH instead of USERNAME
  std::unique_ptr<Hmac> mac_;
};

}  // namespace redan::stun
