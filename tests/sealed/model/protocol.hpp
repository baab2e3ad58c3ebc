// The sealed handshake (docs/protocols/sealed.md) as terms, and weakened variants of it.
#pragma once

#include "tests/sealed/model/term.hpp"

namespace redan::test::model {

/// One deliberate weakness.
enum class Weakness : std::uint8_t {
  none,
  no_identities_signed,   ///< signatures and keys cover shares and nonces, not grant and certificate
  no_transcript,          ///< each end signs only its own part
  suites_not_signed,      ///< nor hashed
  share_not_signed,       ///< a certificate is enough
  grant_without_client,   ///< any holder may use it
  certificate_unchecked,  ///< AMS's signature on it is not verified
  instance_unchecked,     ///< the client accepts any certificate of AMS, the runtime any grant
  static_share,           ///< the runtime's share is the same in every session, and its secret is kept
  static_authentication,  ///< a MAC under the ends' static keys (as in cryptobox) instead of the signature
  one_direction,          ///< one key for both directions, without a mark of the direction
  clear_confirmation,     ///< the runtime's first record is not sealed
  grants_not_remembered,
};

/// A party with its own key. The intruder has the secrets of dishonest parties.
struct Party {
  Term name, secret, public_key;
};

struct Hello {
  Term session = 0, suites = 0, share = 0, nonce = 0, grant = 0;
  friend bool operator==(const Hello&, const Hello&) = default;
};
struct Answer {  // RuntimeShare
  Term suite = 0, share = 0, nonce = 0, certificate = 0, signature = 0;
  friend bool operator==(const Answer&, const Answer&) = default;
};
struct Grant {
  Term session, instance, client;  ///< the client's public key
};
struct Certificate {
  Term instance, key;
};
/// The keys of a channel. With cryptobox both directions have the same key.
struct Keys {
  Term to_runtime, to_client, confirm;
  friend bool operator==(const Keys&, const Keys&) = default;
};

class Protocol {
 public:
  Protocol(Terms& terms, Weakness weakness);

  [[nodiscard]] Weakness weakness() const { return weakness_; }
  [[nodiscard]] bool is(Weakness weakness) const { return weakness_ == weakness; }
  [[nodiscard]] Terms& terms() const { return *terms_; }
  [[nodiscard]] Party party(std::string_view name) const;
  [[nodiscard]] const Party& ams() const { return ams_; }

  [[nodiscard]] Term grant(const Grant& grant) const;
  [[nodiscard]] Term certificate(const Certificate& certificate) const;

  /// The signature for an otherwise complete answer.
  [[nodiscard]] Term runtime_signature(const Party& runtime, const Party& client, const Hello& hello,
                                       const Answer& answer) const;
  [[nodiscard]] Term client_signature(const Party& client, const Party& runtime, const Hello& hello,
                                      const Answer& answer) const;
  /// The keys of an end after both messages: `exponent` belongs to its own share, `peer` is the other's share.
  [[nodiscard]] Keys keys(const Hello& hello, const Answer& answer, Term exponent, Term peer) const;
  /// Record 0 of each end.
  [[nodiscard]] Term client_record(const Hello& hello, const Answer& answer, const Keys& keys, Term body) const;
  [[nodiscard]] Term runtime_record(const Hello& hello, const Answer& answer, const Keys& keys, Term body) const;

  /// Suites 1 and 2, lists of them, and a runtime's choice from a list.
  [[nodiscard]] Term both_suites() const { return label("1 2"); }
  [[nodiscard]] Term cryptobox_alone() const { return label("2 alone"); }
  [[nodiscard]] Term gcm() const { return label("1"); }
  [[nodiscard]] Term cryptobox() const { return label("2"); }
  [[nodiscard]] Term choose(Term suites) const { return suites == both_suites() ? gcm() : cryptobox(); }
  /// The runtime's first message.
  [[nodiscard]] Term offer() const { return offer_; }

 private:
  [[nodiscard]] Term label(std::string_view text) const { return terms_->constant(text); }
  [[nodiscard]] Term hello_text(const Hello& hello) const;
  [[nodiscard]] Term answer_text(const Answer& answer) const;
  [[nodiscard]] Term transcript(const Hello& hello, const Answer& answer) const;
  [[nodiscard]] Term proof(const Party& from, const Party& to, Term text) const;
  [[nodiscard]] Term record(Term key, Term direction, const Hello& hello, const Answer& answer, Term body) const;

  Terms* terms_;
  Weakness weakness_;
  Party ams_;
  Term offer_;
};

}  // namespace redan::test::model
