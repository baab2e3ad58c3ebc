#include "cloud/api/addon_manifest.hpp"

#include "cloud/api/manifest_rules.hpp"

namespace redan::cloud::api {
namespace {

constexpr Rule kAbi{
    [](std::string_view text) { return text == "arm64-v8a" || text == "armeabi-v7a" || text == "armeabi"; },
    "arm64-v8a, armeabi-v7a or armeabi"};
constexpr Rule kDescription{[](std::string_view text) { return text.size() <= 4096; }, "a text of at most 4096 bytes"};

constexpr Key<AddonManifest> kProvidesKeys[] = {
    {"abi-support", "abi-support", [](AddonManifest& m, const Value& v) { return v.texts(m.abi_support, kAbi); },
     [](const AddonManifest& m, Spelling) { return written(m.abi_support); }},
};

constexpr Key<AddonManifest> kKeys[] = {
    {"name", "name", [](AddonManifest& m, const Value& v) { return v.text(m.name, kName); },
     [](const AddonManifest& m, Spelling) { return written(m.name); }},
    {"description", "description", [](AddonManifest& m, const Value& v) { return v.text(m.description, kDescription); },
     [](const AddonManifest& m, Spelling) { return written(m.description); }},
    {"provides", "provides",
     [](AddonManifest& m, const Value& v) {
       if (v.json().is_null()) return Outcome<void>();
       return v.object(m, kProvidesKeys);
     },
     [](const AddonManifest& m, Spelling s) { return written(write(m, kProvidesKeys, s)); }},
    {"hooks", "hooks", [](AddonManifest& m, const Value& v) { return read_hooks(m.hooks, v); },
     [](const AddonManifest& m, Spelling) { return written(to_json(m.hooks)); }},
};

}  // namespace

Outcome<AddonManifest> parse_addon_manifest(const json::object& object) {
  AddonManifest manifest;
  const json::value whole(object);
  const Value value(whole, "", manifest.ignored);
  REDAN_CHECK(value.object(manifest, kKeys));
  if (manifest.name.empty()) return refuse(bad_request("\"name\" is missing"));
  return manifest;
}

json::object to_json(const AddonManifest& manifest) { return write(manifest, kKeys, Spelling::yaml); }

}  // namespace redan::cloud::api
