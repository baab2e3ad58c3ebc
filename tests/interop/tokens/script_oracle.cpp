// pymacaroons and npm's macaroon: one process per question.
#include <boost/json.hpp>

#include "base/hex.hpp"
#include "tests/interop/tokens/macaroon_oracle.hpp"
#include "tests/support/child_process.hpp"

namespace redan::cloud::test {
namespace {

namespace json = boost::json;
using redan::test::Arguments;
using redan::test::Finished;

class ScriptOracle : public MacaroonOracle {
 public:
  explicit ScriptOracle(Arguments arguments) : arguments_(std::move(arguments)) {}

  [[nodiscard]] bool is_there() const {
    Arguments arguments = arguments_;
    arguments.emplace_back("?");
    return redan::test::run(arguments).exit_code == 0;
  }
  std::optional<Answer> ask(const Question& question) override {
    const Finished finished = redan::test::run(arguments_, to_json(question));
    if (finished.exit_code != 0) return std::nullopt;
    const json::value answer = json::parse(finished.output);
    return Answer{json::value_to<std::string>(answer.at("text")), json::value_to<std::string>(answer.at("signature")),
                  answer.at("accepted").as_bool()};
  }

 private:
  static std::string to_json(const Question& question) {
    json::object object{{"form", test::name(question.form)},
                        {"key", to_hex(as_bytes(question.key))},
                        {"location", question.location},
                        {"identifier", question.identifier},
                        {"add", json::array(question.add.begin(), question.add.end())},
                        {"met", json::array(question.met.begin(), question.met.end())},
                        {"third_party", question.third_party}};
    if (question.text) object["text"] = *question.text;
    return json::serialize(object);
  }

  Arguments arguments_;
};

std::unique_ptr<MacaroonOracle> if_there(Arguments arguments) {
  auto oracle = std::make_unique<ScriptOracle>(std::move(arguments));
  if (!oracle->is_there()) return nullptr;
  return oracle;
}

const std::string kFolder = REDAN_TESTS_DIR "/interop/tokens/";

}  // namespace

std::string_view name(Form form) {
  switch (form) {
    case Form::v1:
      return "v1";
    case Form::v2:
      return "v2";
    case Form::json1:
      return "json1";
    case Form::json2:
      return "json2";
  }
  return {};
}

// Debian's package is for Debian's Python, which need not be the first one in the path.
std::unique_ptr<MacaroonOracle> pymacaroons() {
  auto oracle = if_there({"/usr/bin/python3", kFolder + "oracle.py"});
  return oracle ? std::move(oracle) : if_there({"python3", kFolder + "oracle.py"});
}

std::unique_ptr<MacaroonOracle> npm_macaroon() {
  return if_there({"node", kFolder + "oracle.mjs", REDAN_TESTS_DIR "/.."});
}

}  // namespace redan::cloud::test
