// Other implementations of macaroons with a common interface: parse or create a macaroon, add caveats, and report its
// content and whether it is accepted.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace redan::cloud::test {

/// The form of a macaroon: base64url of the binary versions, or JSON of either version.
enum class Form { v1, v2, json1, json2 };
std::string_view name(Form form);

struct Question {
  Form form;
  std::optional<std::string> text{};  ///< a macaroon; if absent, one is created
  std::string location{};
  std::string identifier{};
  std::vector<std::string> add{};  ///< first-party caveats
  bool third_party = false;        ///< adds a third-party caveat
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
