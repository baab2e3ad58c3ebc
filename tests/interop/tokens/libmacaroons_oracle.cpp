// libmacaroons 0.3 reads and writes version 1 in binary; its JSON is disabled in Debian.
#include <macaroons.h>

#include "base/hex.hpp"
#include "tests/interop/tokens/macaroon_oracle.hpp"

namespace redan::cloud::test {
namespace {

struct Free {
  void operator()(macaroon* token) const { macaroon_destroy(token); }
  void operator()(macaroon_verifier* verifier) const { macaroon_verifier_destroy(verifier); }
};
using Token = std::unique_ptr<macaroon, Free>;

const unsigned char* bytes(const std::string& text) { return reinterpret_cast<const unsigned char*>(text.data()); }

class Libmacaroons : public MacaroonOracle {
 public:
  std::optional<Answer> ask(const Question& question) override {
    Token token = question.text ? Token(macaroon_deserialize(question.text->c_str(), &code_)) : make(question);
    for (const std::string& caveat : question.add) {
      if (!token) return std::nullopt;
      token.reset(macaroon_add_first_party_caveat(token.get(), bytes(caveat), caveat.size(), &code_));
    }
    if (token && question.third_party) add_third_party(token);
    if (!token) return std::nullopt;
    return Answer{serialize(*token), signature(*token), accepts(*token, question)};
  }

 private:
  Token make(const Question& question) {
    return Token(macaroon_create(bytes(question.location), question.location.size(), bytes(question.key),
                                 question.key.size(), bytes(question.identifier), question.identifier.size(), &code_));
  }
  void add_third_party(Token& token) {
    const std::string location = "https://bank.example";
    const std::string key = "their key of at least 32 bytes, for good measure";
    const std::string identifier = "a secret of theirs";
    token.reset(macaroon_add_third_party_caveat(token.get(), bytes(location), location.size(), bytes(key), key.size(),
                                                bytes(identifier), identifier.size(), &code_));
  }
  std::string serialize(const macaroon& token) {
    std::string text(macaroon_serialize_size_hint(&token), '\0');
    if (macaroon_serialize(&token, text.data(), text.size(), &code_) != 0) return {};
    return text.c_str();
  }
  static std::string signature(const macaroon& token) {
    const unsigned char* data = nullptr;
    std::size_t size = 0;
    macaroon_signature(&token, &data, &size);
    return to_hex({data, size});
  }
  bool accepts(const macaroon& token, const Question& question) {
    const std::unique_ptr<macaroon_verifier, Free> verifier(macaroon_verifier_create());
    for (const std::string& caveat : question.met) {
      if (macaroon_verifier_satisfy_exact(verifier.get(), bytes(caveat), caveat.size(), &code_) != 0) return false;
    }
    return macaroon_verify(verifier.get(), &token, bytes(question.key), question.key.size(), nullptr, 0, &code_) == 0;
  }

  macaroon_returncode code_{};
};

}  // namespace

std::unique_ptr<MacaroonOracle> libmacaroons() { return std::make_unique<Libmacaroons>(); }

}  // namespace redan::cloud::test
