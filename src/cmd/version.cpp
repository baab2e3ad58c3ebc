#include "cmd/version.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <redan/crypto.hpp>
#include <redan/version.hpp>
#include <sstream>
#include <string_view>
#include <vector>

#include "cmd/commit.hpp"

namespace redan::cmd {
namespace {

namespace json = boost::json;

std::vector<std::string> backends() {
  std::vector<std::string> names;
  for (const auto& provider : {openssl_provider(), mbedtls_provider()}) {
    if (provider) names.emplace_back(provider->name());
  }
  return names;
}

/// REDAN_FEATURES: names separated by spaces.
std::vector<std::string> features() {
  std::istringstream words(REDAN_FEATURES);
  std::vector<std::string> names;
  for (std::string word; words >> word;) names.push_back(word);
  return names;
}

std::string joined(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : ", ") + name;
  return text.empty() ? "none" : text;
}

}  // namespace

std::string version_text(bool as_json) {
  const std::string commit = kCommit;
  if (as_json) {
    const auto list = [](const std::vector<std::string>& names) { return json::array(names.begin(), names.end()); };
    return json::serialize(json::object{{"version", version()},
                                        {"commit", commit.empty() ? json::value() : json::value(commit)},
                                        {"crypto", list(backends())},
                                        {"features", list(features())}});
  }
  return "redan " + std::string(version()) + (commit.empty() ? "" : " (" + commit + ")") + "\ncrypto    " +
         joined(backends()) + "\nfeatures  " + joined(features());
}

}  // namespace redan::cmd
