#include "cloud/api/manifest.hpp"

#include <algorithm>

#include "cloud/api/duration.hpp"
#include "cloud/api/manifest_rules.hpp"

namespace redan::cloud::api {
namespace {

constexpr std::pair<VideoEncoder, std::string_view> kVideoEncoders[] = {
    {VideoEncoder::gpu, "gpu"}, {VideoEncoder::gpu_preferred, "gpu-preferred"}, {VideoEncoder::software, "software"}};

constexpr Key<Watchdog> kWatchdogKeys[] = {
    {"disabled", "disabled", [](Watchdog& w, const Value& v) { return v.boolean(w.disabled); },
     [](const Watchdog& w, Spelling) { return written(w.disabled); }},
    {"allowed-packages", "allowed-packages", [](Watchdog& w, const Value& v) { return v.texts(w.allowed_packages); },
     [](const Watchdog& w, Spelling) { return written(w.allowed_packages); }},
};

constexpr Key<Bootstrap> kBootstrapKeys[] = {
    {"keep", "keep", [](Bootstrap& b, const Value& v) { return v.texts(b.keep, kInsidePath); },
     [](const Bootstrap& b, Spelling) { return written(b.keep); }},
};

constexpr Key<ExtraData> kExtraDataKeys[] = {
    {"target", "target", [](ExtraData& d, const Value& v) { return v.text(d.target, kTarget); },
     [](const ExtraData& d, Spelling) { return written(d.target); }},
    {"owner", "owner", [](ExtraData& d, const Value& v) { return v.text(d.owner, kOwner); },
     [](const ExtraData& d, Spelling) { return written(d.owner); }},
    {"permissions", "permissions", [](ExtraData& d, const Value& v) { return v.text(d.permissions, kPermissions); },
     [](const ExtraData& d, Spelling) { return written(d.permissions); }},
};

Outcome<void> read_extra_data_entry(Manifest& manifest, std::string_view name, const Value& value) {
  if (value.json().is_null()) {
    manifest.extra_data.erase(std::string(name));
    return {};
  }
  if (name.empty() || !kInsidePath.valid(name)) return value.wrong("named by " + std::string(kInsidePath.wanted));
  ExtraData& entry = manifest.extra_data[std::string(name)];
  REDAN_CHECK(value.object(entry, kExtraDataKeys));
  if (entry.target.empty()) return value.wrong("complete: it needs a target");
  return {};
}

Outcome<void> read_extra_data(Manifest& manifest, const Value& value) {
  if (value.json().is_null()) {
    manifest.extra_data.clear();
    return {};
  }
  if (!value.json().is_object()) return value.wrong("an object of names, each with a target");
  for (const auto& member : value.json().get_object()) {
    REDAN_CHECK(read_extra_data_entry(manifest, member.key(), value.member(member.key(), member.value())));
  }
  if (manifest.extra_data.size() > kMaxElements) return value.wrong("an object of at most 256 names");
  return {};
}

json::object extra_data(const Manifest& manifest, Spelling spelling) {
  json::object object;
  for (const auto& [name, entry] : manifest.extra_data) {
    object[name] = write(entry, kExtraDataKeys, spelling);
  }
  return object;
}

Outcome<void> read_sealed(Manifest& m, const Value& v) {
  return v.choice(m.sealed, parse_sealed_policy, SealedPolicy::offered, "off, offered or required");
}

Outcome<void> read_video_encoder(Manifest& m, const Value& v) {
  return v.choice(m.video_encoder, parse_video_encoder, VideoEncoder::gpu_preferred, "gpu, gpu-preferred or software");
}

// In the order in which people write them.
constexpr Key<Manifest> kKeys[] = {
    {"name", "name", [](Manifest& m, const Value& v) { return v.text(m.name, kName); },
     [](const Manifest& m, Spelling) { return written(m.name); }},
    {"version", "version", [](Manifest& m, const Value& v) { return v.text(m.version, kVersion); },
     [](const Manifest& m, Spelling) { return written(m.version); }},
    {"instance-type", "instance-type",
     [](Manifest& m, const Value& v) { return v.text(m.instance_type, kInstanceType); },
     [](const Manifest& m, Spelling) { return written(m.instance_type); }},
    {"image", "image", [](Manifest& m, const Value& v) { return v.text(m.image); },
     [](const Manifest& m, Spelling) { return written(m.image); }},
    {"required-permissions", "required_permissions",
     [](Manifest& m, const Value& v) { return v.texts(m.required_permissions); },
     [](const Manifest& m, Spelling) { return written(m.required_permissions); }},
    {"addons", "addons", [](Manifest& m, const Value& v) { return v.texts(m.addons); },
     [](const Manifest& m, Spelling) { return written(m.addons); }},
    {"tags", "tags", [](Manifest& m, const Value& v) { return v.texts(m.tags); },
     [](const Manifest& m, Spelling) { return written(m.tags); }},
    {"boot-package", "boot_package", [](Manifest& m, const Value& v) { return v.text(m.boot_package); },
     [](const Manifest& m, Spelling) { return written(m.boot_package); }},
    {"boot-activity", "boot_activity", [](Manifest& m, const Value& v) { return v.text(m.boot_activity); },
     [](const Manifest& m, Spelling) { return written(m.boot_activity); }},
    {"video-encoder", "video_encoder", read_video_encoder,
     [](const Manifest& m, Spelling) {
       return m.video_encoder == VideoEncoder::gpu_preferred ? json::value() : json::value(name(m.video_encoder));
     }},
    {"watchdog", "watchdog", [](Manifest& m, const Value& v) { return v.object(m.watchdog, kWatchdogKeys); },
     [](const Manifest& m, Spelling s) { return written(write(m.watchdog, kWatchdogKeys, s)); }},
    {"services", "services", [](Manifest& m, const Value& v) { return read_services(m.services, v); },
     [](const Manifest& m, Spelling s) {
       return m.services.empty() ? json::value() : json::value(to_json(m.services, s));
     }},
    {"resources", "resources", [](Manifest& m, const Value& v) { return read_resources(m.resources, v); },
     [](const Manifest& m, Spelling s) { return written(to_json(m.resources, s)); }},
    {"extra-data", "extra_data", read_extra_data,
     [](const Manifest& m, Spelling s) { return written(extra_data(m, s)); }},
    {"hooks", "hooks", [](Manifest& m, const Value& v) { return read_hooks(m.hooks, v); },
     [](const Manifest& m, Spelling) { return written(to_json(m.hooks)); }},
    {"bootstrap", "bootstrap", [](Manifest& m, const Value& v) { return v.object(m.bootstrap, kBootstrapKeys); },
     [](const Manifest& m, Spelling s) { return written(write(m.bootstrap, kBootstrapKeys, s)); }},
    {"features", "features", [](Manifest& m, const Value& v) { return v.texts(m.features); },
     [](const Manifest& m, Spelling) { return written(m.features); }},
    {"node-selector", "node_selector", [](Manifest& m, const Value& v) { return v.texts(m.node_selector); },
     [](const Manifest& m, Spelling) { return written(m.node_selector); }},
    {"sealed", "sealed", read_sealed,
     [](const Manifest& m, Spelling) {
       return m.sealed == SealedPolicy::offered ? json::value() : json::value(name(m.sealed));
     }},
};

Outcome<void> merge(Manifest& manifest, const json::object& object) {
  const json::value whole(object);
  const Value value(whole, "", manifest.ignored);
  REDAN_CHECK(value.object(manifest, kKeys));
  if (manifest.name.empty()) return refuse(bad_request("\"name\" is missing"));
  return {};
}

/// manifest_version is the version in a patch, because "version" of an application is the number of its package.
Outcome<json::object> with_version(json::object changes) {
  const auto named = changes.find("manifest_version");
  if (named == changes.end()) return changes;
  if (changes.contains("version")) return refuse(bad_request("\"manifest_version\" and \"version\" are the same"));
  if (!named->value().is_string() && !named->value().is_null()) {
    return refuse(bad_request("\"manifest_version\" is not a text of at most 50 characters"));
  }
  json::value version = std::move(named->value());
  changes.erase("manifest_version");
  changes["version"] = std::move(version);
  return changes;
}

}  // namespace

std::string_view name(VideoEncoder encoder) {
  for (const auto& [known, name] : kVideoEncoders) {
    if (known == encoder) return name;
  }
  return {};
}

std::optional<VideoEncoder> parse_video_encoder(std::string_view text) {
  for (const auto& [encoder, known] : kVideoEncoders) {
    if (known == text) return encoder;
  }
  return std::nullopt;
}

Resources Manifest::effective_resources() const {
  return overlay(resources, resources_of_instance_type(instance_type).value_or(Resources()));
}

Outcome<Manifest> parse_manifest(const json::object& object) {
  Manifest manifest;
  REDAN_CHECK(merge(manifest, object));
  return manifest;
}

json::object to_json(const Manifest& manifest, Spelling spelling) { return write(manifest, kKeys, spelling); }

Outcome<void> patch(Manifest& manifest, const json::object& changes) {
  REDAN_TRY(const json::object renamed, with_version(changes));
  Manifest patched = manifest;
  patched.ignored.clear();
  REDAN_CHECK(merge(patched, renamed));
  if (patched.name != manifest.name) return refuse(bad_request("\"name\" of an application cannot change"));
  manifest = std::move(patched);
  return {};
}

}  // namespace redan::cloud::api
