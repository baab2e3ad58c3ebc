// Symbolic messages and what an intruder can derive from them (Dolev and Yao): cryptography is perfect, and a term can
// only be obtained by decomposing what was seen and composing what is known.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace redan::test::model {

/// An index in the table of Terms. Equal terms have equal indices; 0 is none.
using Term = std::uint32_t;

enum class Operation : std::uint8_t {
  constant,    ///< public: labels, names of sessions and parties
  name,        ///< a nonce, a secret
  tuple,       ///< fields in order, which anyone can separate
  public_key,  ///< of a secret; cannot be inverted
  share,       ///< g^x
  agree,       ///< g^xy, of g^x and g^y; derivable from x and g^y, or y and g^x
  sign,        ///< of a secret and a text; reveals the text
  hash,
  derive,  ///< a key from a key and a purpose
  seal,    ///< authenticated encryption under a key
};

class Terms {
 public:
  Terms();
  Term constant(std::string_view text) { return make(Operation::constant, {}, text); }
  Term name(std::string_view text) { return make(Operation::name, {}, text); }
  Term tuple(std::vector<Term> fields) { return make(Operation::tuple, std::move(fields)); }
  Term public_key(Term secret) { return make(Operation::public_key, {secret}); }
  Term share(Term exponent) { return make(Operation::share, {exponent}); }
  /// `share` must be a share.
  Term agree(Term exponent, Term share);
  Term sign(Term secret, Term text) { return make(Operation::sign, {secret, text}); }
  Term hash(Term text) { return make(Operation::hash, {text}); }
  Term derive(Term key, Term purpose) { return make(Operation::derive, {key, purpose}); }
  Term seal(Term key, Term text) { return make(Operation::seal, {key, text}); }

  [[nodiscard]] Operation operation(Term term) const { return nodes_[term].operation; }
  [[nodiscard]] const std::vector<Term>& parts(Term term) const { return nodes_[term].parts; }
  [[nodiscard]] std::size_t size() const { return nodes_.size(); }
  /// A human-readable form.
  [[nodiscard]] std::string text(Term term) const;

 private:
  struct Node {
    Operation operation;
    std::vector<Term> parts;
    std::string name;
  };
  Term make(Operation operation, std::vector<Term> parts, std::string_view name = {});

  std::vector<Node> nodes_;
  std::unordered_map<std::string, Term> numbers_;
};

/// All terms that an intruder has seen, decomposed as far as the keys permit.
class Knowledge {
 public:
  explicit Knowledge(const Terms& terms) : terms_(&terms) {}
  void learn(Term term);
  /// Whether the intruder can derive the term, as a whole or from parts.
  [[nodiscard]] bool derives(Term term) const;

 private:
  [[nodiscard]] bool has(Term term) const { return term < known_.size() && known_[term]; }
  void take_apart(Term term);
  bool open_one();
  [[nodiscard]] bool derives_agreement(Term own, Term share) const;

  const Terms* terms_;
  std::vector<bool> known_;
  std::vector<Term> sealed_;  ///< not opened yet
};

}  // namespace redan::test::model
