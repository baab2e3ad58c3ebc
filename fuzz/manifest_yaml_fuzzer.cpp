// YAML of clients: what parses is written, and parses to the same value; what is a manifest is written in both
// spellings, and parses to the same manifest.
#include <boost/json/serialize.hpp>
#include <cstdint>

#include "base/assert.hpp"
#include "cloud/api/addon_manifest.hpp"
#include "cloud/api/manifest.hpp"
#include "cloud/package/yaml.hpp"

namespace {

using namespace redan::cloud;
namespace json = api::json;

template <class Outcome>
void is_bad_request(const Outcome& outcome) {
  REDAN_ASSERT(outcome.error().status == 400 && outcome.error().code == "bad_request");
}

void application(const json::object& object) {
  auto manifest = api::parse_manifest(object);
  if (!manifest) return is_bad_request(manifest);
  REDAN_ASSERT(manifest->ignored.size() <= api::kMaxIgnored);
  manifest->ignored.clear();
  for (const auto spelling : {api::Spelling::api, api::Spelling::yaml}) {
    const auto again = api::parse_manifest(api::to_json(*manifest, spelling));
    REDAN_ASSERT(again && *again == *manifest);
  }
  const auto text =
      package::parse_yaml(package::to_yaml(api::to_json(*manifest, api::Spelling::yaml)), api::kManifestTexts);
  REDAN_ASSERT(text && api::parse_manifest(*text) == *manifest);
  // A patch with all that is set changes nothing.
  auto patched = *manifest;
  REDAN_ASSERT(api::patch(patched, api::to_json(*manifest)) && patched == *manifest);
}

void addon(const json::object& object) {
  auto manifest = api::parse_addon_manifest(object);
  if (!manifest) return is_bad_request(manifest);
  manifest->ignored.clear();
  const auto again = api::parse_addon_manifest(api::to_json(*manifest));
  REDAN_ASSERT(again && *again == *manifest);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto object = package::parse_yaml(text);
  if (!object) {
    is_bad_request(object);
    return 0;
  }
  // Quotes and indentation can make the text longer than the limit.
  const std::string written = package::to_yaml(*object);
  const auto again = package::parse_yaml(written);
  REDAN_ASSERT(written.size() > package::kMaxYamlSize || (again && *again == *object));
  const auto texts = package::parse_yaml(text, api::kManifestTexts);
  if (!texts) return 0;
  application(*texts);
  addon(*texts);
  return 0;
}
