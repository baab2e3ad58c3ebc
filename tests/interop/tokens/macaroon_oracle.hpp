// Other implementations of macaroons, asked all alike: take this macaroon or make it, add to it, and say what it is and
// whether you accept it.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace redan::cloud::test {

/// How a macaroon is written: base64url of the binary versions, or JSON of either version.
enum class Form { v1, v2, json1, json2 };
std::string_view name(Form form);

struct Question {
  Form form;
  std::optional<std::string> text{};  ///< of a macaroon; if absent, one is made
  std::string location{};
  std::string identifier{};
  std::vector<std::string> add{};  ///< first-party caveats
  bool third_party = false;        ///< and one of these
  std::vector<std::string> met{};  ///< the caveats that are met
  std::string key;                 ///< the root key
};

struct Answer {
  std::string text;
  std::string signature;  ///< in hex
  bool accepted = false;
};

class MacaroonOracle {
 public:
  virtual ~MacaroonOracle() = default;
  /// nullopt if it cannot read the macaroon.
  virtual std::optional<Answer> ask(const Question& question) = 0;
};

// Each is null if it is not installed.
std::unique_ptr<MacaroonOracle> libmacaroons();
std::unique_ptr<MacaroonOracle> pymacaroons();
std::unique_ptr<MacaroonOracle> npm_macaroon();

}  // namespace redan::cloud::test
