#include "cloud/api/manifest.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include "cloud/api/addon_manifest.hpp"

namespace redan::cloud::api::test {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

json::object object(std::string_view text) { return json::parse(text).as_object(); }

/// With every documented key, in the spelling of YAML.
json::object everything() {
  return object(R"({
    "name": "candy", "version": "1.10", "instance-type": "g4.3", "image": "jammy:android13:amd64",
    "required-permissions": ["*"], "addons": ["ssh"], "tags": ["game", "x"],
    "boot-package": "com.example.candy", "boot-activity": "com.example.candy.Main", "video-encoder": "software",
    "watchdog": {"disabled": true, "allowed-packages": ["com.android.settings"]},
    "services": [{"name": "adb", "port": 5559, "protocols": ["tcp", "udp"], "expose": true},
                 {"name": "range", "port": 6000, "port-end": 6010}],
    "resources": {"cpus": 4, "memory": "4GB", "disk-size": "8GiB", "gpu-slots": 0, "gpu-type": "nvidia",
                  "vpu-slots": 1, "no-disk-reserve": true},
    "extra-data": {"main.obb": {"target": "/sdcard/Android/obb/com.example.candy/", "owner": "1000:sdcard_rw",
                                "permissions": "0640"}},
    "hooks": {"timeout": "10m"}, "bootstrap": {"keep": ["apks/*.apk", "scripts"]},
    "features": ["enable_virtual_keyboard"], "node-selector": ["gpu"], "sealed": "required"})");
}

Manifest named() { return *parse_manifest(object(R"({"name":"candy"})")); }

/// The refusal's message for a manifest that has `members` beside its name.
std::string refusal(std::string_view members) {
  const auto manifest = parse_manifest(object(R"({"name":"candy",)" + std::string(members) + "}"));
  if (manifest) return "accepted";
  EXPECT_EQ(manifest.error().status, 400U);
  EXPECT_EQ(manifest.error().code, "bad_request");
  return manifest.error().message;
}

TEST(Manifest, EveryDocumentedKeyIsRead) {
  const auto m = parse_manifest(everything());
  ASSERT_TRUE(m) << m.error().message;
  EXPECT_EQ(m->name, "candy");
  EXPECT_EQ(m->version, "1.10");
  EXPECT_EQ(m->instance_type, "g4.3");
  EXPECT_EQ(m->image, "jammy:android13:amd64");
  EXPECT_THAT(m->required_permissions, ElementsAre("*"));
  EXPECT_THAT(m->addons, ElementsAre("ssh"));
  EXPECT_THAT(m->tags, ElementsAre("game", "x"));
  EXPECT_EQ(m->boot_package, "com.example.candy");
  EXPECT_EQ(m->boot_activity, "com.example.candy.Main");
  EXPECT_EQ(m->video_encoder, VideoEncoder::software);
  EXPECT_EQ(m->watchdog, (Watchdog{true, {"com.android.settings"}}));
  EXPECT_THAT(m->services,
              ElementsAre(Service{"adb", 5559, 0, true, true, true}, Service{"range", 6000, 6010, true, false, false}));
  EXPECT_EQ(m->resources, (Resources{4, 4LL << 30, 8LL << 30, 0, 1, "nvidia", true}));
  EXPECT_EQ(m->extra_data.at("main.obb"),
            (ExtraData{"/sdcard/Android/obb/com.example.candy/", "1000:sdcard_rw", "0640"}));
  EXPECT_EQ(m->hooks.timeout, 10min);
  EXPECT_THAT(m->bootstrap.keep, ElementsAre("apks/*.apk", "scripts"));
  EXPECT_THAT(m->features, ElementsAre("enable_virtual_keyboard"));
  EXPECT_THAT(m->node_selector, ElementsAre("gpu"));
  EXPECT_EQ(m->sealed, SealedPolicy::required);
  EXPECT_THAT(m->ignored, IsEmpty());
}

TEST(Manifest, UnderscoresAreReadLikeDashes) {
  std::string text = json::serialize(everything());
  const auto dashes = parse_manifest(everything());
  json::object underscores;
  for (const auto& member : everything()) {
    std::string key(member.key());
    std::ranges::replace(key, '-', '_');
    underscores[key] = member.value();
  }
  json::object& resources = underscores["resources"].as_object();
  resources["disk_size"] = resources["disk-size"];
  resources.erase("disk-size");
  const auto m = parse_manifest(underscores);
  ASSERT_TRUE(m) << m.error().message;
  EXPECT_EQ(*m, *dashes);
}

TEST(Manifest, BothSpellingsOfOneKeyAreRefused) {
  EXPECT_THAT(refusal(R"("boot-activity":"a","boot_activity":"a")"), HasSubstr("\"boot_activity\" is not given once"));
  EXPECT_THAT(refusal(R"("resources":{"disk_size":"3GB","disk-size":"3GB"})"), HasSubstr("\"resources.disk-size\""));
}

TEST(Manifest, DefaultsAreThoseOfTheDocumentation) {
  const Manifest m = named();
  EXPECT_EQ(m.video_encoder, VideoEncoder::gpu_preferred);
  EXPECT_FALSE(m.watchdog.disabled);
  EXPECT_EQ(m.hooks.timeout, 5min);
  EXPECT_EQ(m.sealed, SealedPolicy::offered);
  EXPECT_EQ(m.resources, Resources());
}

TEST(Manifest, NullIsTheDefault) {
  json::object nulls{{"name", "candy"}};
  for (const auto& member : everything()) {
    if (member.key() != "name") nulls[member.key()] = nullptr;
  }
  const auto m = parse_manifest(nulls);
  ASSERT_TRUE(m) << m.error().message;
  EXPECT_EQ(*m, named());
}

TEST(Manifest, ANameIsRequired) {
  EXPECT_EQ(parse_manifest({}).error().message, "\"name\" is missing");
  EXPECT_FALSE(parse_manifest(object(R"({"name":null})")));
  EXPECT_FALSE(parse_manifest(object(R"({"name":""})")));
}

TEST(Manifest, NamesHaveNoneOfTheForbiddenCharacters) {
  for (const char c : std::string_view("<>:\"/\\|?* \t\n\x7f")) {
    EXPECT_FALSE(parse_manifest({{"name", std::string("a") + c}})) << c;
  }
  EXPECT_TRUE(parse_manifest({{"name", "com.example-1_ä"}}));
  EXPECT_FALSE(parse_manifest({{"name", std::string(257, 'a')}}));
}

TEST(Manifest, AVersionHasAtMost50Characters) {
  std::string fifty;
  for (int i = 0; i < 50; ++i) fifty += "ä";
  EXPECT_TRUE(parse_manifest({{"name", "a"}, {"version", fifty}}));
  EXPECT_FALSE(parse_manifest({{"name", "a"}, {"version", fifty + "x"}}));
}

TEST(Manifest, AWrongTypeIsRefusedByName) {
  EXPECT_EQ(refusal(R"("version":1.1)"), "\"version\" is not a text of at most 50 characters");
  EXPECT_THAT(refusal(R"("image":7)"), HasSubstr("\"image\" is not a text"));
  EXPECT_EQ(refusal(R"("tags":"game")"), "\"tags\" is not a list of at most 256 texts");
  EXPECT_THAT(refusal(R"("tags":["game",7])"), HasSubstr("\"tags[1]\" is not a text"));
  EXPECT_THAT(refusal(R"("tags":["game",null])"), HasSubstr("\"tags[1]\" is not a text"));
  EXPECT_EQ(refusal(R"("watchdog":true)"), "\"watchdog\" is not an object");
  EXPECT_EQ(refusal(R"("watchdog":{"disabled":"yes"})"), "\"watchdog.disabled\" is not true or false");
  EXPECT_EQ(refusal(R"("services":{})"), "\"services\" is not a list of at most 256 services");
  EXPECT_EQ(refusal(R"("services":[7])"), "\"services[0]\" is not an object");
  EXPECT_EQ(refusal(R"("resources":[])"), "\"resources\" is not an object");
  EXPECT_EQ(refusal(R"("resources":{"cpus":"4"})"), "\"resources.cpus\" is not an integer from 1 to 1024");
  EXPECT_EQ(refusal(R"("resources":{"cpus":4.5})"), "\"resources.cpus\" is not an integer from 1 to 1024");
  EXPECT_EQ(refusal(R"("extra-data":[])"), "\"extra-data\" is not an object of names, each with a target");
  EXPECT_THAT(refusal(R"("hooks":{"timeout":5})"), HasSubstr("\"hooks.timeout\" is not a duration of at most 15m"));
  EXPECT_EQ(refusal(R"("sealed":true)"), "\"sealed\" is not off, offered or required");
}

TEST(Manifest, AWrongValueIsRefusedByName) {
  EXPECT_EQ(refusal(R"("video-encoder":"hardware")"), "\"video-encoder\" is not gpu, gpu-preferred or software");
  EXPECT_THAT(refusal(R"("instance-type":"a3.3")"), HasSubstr("\"instance-type\" is not a2.3"));
  EXPECT_EQ(refusal(R"("resources":{"cpus":0})"), "\"resources.cpus\" is not an integer from 1 to 1024");
  EXPECT_THAT(refusal(R"("resources":{"memory":"3x"})"), HasSubstr("\"resources.memory\" is not a size like"));
  EXPECT_THAT(refusal(R"("resources":{"memory":0})"), HasSubstr("\"resources.memory\" is not a size like"));
  EXPECT_EQ(refusal(R"("resources":{"gpu-slots":-1})"), "\"resources.gpu-slots\" is not an integer from 0 to 1024");
  EXPECT_THAT(refusal(R"("hooks":{"timeout":"16m"})"), HasSubstr("\"hooks.timeout\""));
  EXPECT_THAT(refusal(R"("image":"a\u001bb")"), HasSubstr("control characters"));
  EXPECT_EQ(refusal(R"("bootstrap":{"keep":["../x"]})"),
            "\"bootstrap.keep[0]\" is not a path inside the package, without ..");
}

TEST(Manifest, ServicesNeedANameAPortAndAProtocol) {
  EXPECT_EQ(refusal(R"("services":[{"port":1}])"), "\"services[0]\" is not complete: it needs a name and a port");
  EXPECT_EQ(refusal(R"("services":[{"name":"a"}])"), "\"services[0]\" is not complete: it needs a name and a port");
  for (const char* port : {"0", "65536", "-1", "\"80\"", "null"}) {
    EXPECT_THAT(refusal(R"("services":[{"name":"a","port":)" + std::string(port) + "}]"),
                HasSubstr("\"services[0].port\""))
        << port;
  }
  EXPECT_EQ(refusal(R"("services":[{"name":"a","port":9,"protocols":["sctp"]}])"),
            "\"services[0].protocols[0]\" is not tcp or udp");
  EXPECT_THAT(refusal(R"("services":[{"name":"a","port":9,"port_end":8}])"), HasSubstr("its port_end is lower"));
}

TEST(Manifest, ServicesAreTcpByDefault) {
  const auto m = parse_manifest(object(R"({"name":"a","services":[{"name":"s","port":9},
      {"name":"t","port":9,"protocols":[]},{"name":"u","port":9,"protocols":["udp"]}]})"));
  ASSERT_TRUE(m);
  EXPECT_THAT(m->services, ElementsAre(Service{"s", 9, 0, true, false, false}, Service{"t", 9, 0, true, false, false},
                                       Service{"u", 9, 0, false, true, false}));
}

TEST(Manifest, ExtraDataIsInstalledInThePermittedDirectoriesOnly) {
  const auto at = [](std::string_view target) {
    return refusal(R"("extra-data":{"a":{"target":")" + std::string(target) + "\"}}");
  };
  for (const char* target :
       {"/sdcard/Android/obb/p", "/sdcard/Android/data/p/", "/data/app/p-1/lib", "/data/data/p/x"}) {
    EXPECT_EQ(at(target), "accepted") << target;
  }
  for (const char* target : {"", "/", "/system/bin", "/data/app/", "/data/app/../../system", "/data/app/p/..",
                             "/data/app//p", "data/app/p", "/data/application/p", "/data/app/./p"}) {
    EXPECT_THAT(at(target), HasSubstr("\"extra-data.a.target\"")) << target;
  }
  EXPECT_EQ(refusal(R"("extra-data":{"a":{}})"), "\"extra-data.a\" is not complete: it needs a target");
}

TEST(Manifest, ExtraDataNamesStayInsideThePackage) {
  for (const char* name : {"../a", "/a", "a/../b", "", ".", "a//b"}) {
    EXPECT_THAT(refusal(R"("extra-data":{")" + std::string(name) + R"(":{"target":"/data/app/p"}})"),
                HasSubstr("is not named by a path inside the package"))
        << name;
  }
}

TEST(Manifest, PermissionsOfExtraDataAreOctalWithoutSpecialBits) {
  const auto with = [](std::string_view permissions) {
    return refusal(R"("extra-data":{"a":{"target":"/data/app/p","permissions":")" + std::string(permissions) + "\"}}");
  };
  EXPECT_EQ(with("0640"), "accepted");
  EXPECT_EQ(with("755"), "accepted");
  for (const char* bad : {"4755", "06400", "64", "0689", "rwx", "0o640"}) EXPECT_NE(with(bad), "accepted") << bad;
}

TEST(Manifest, OwnersOfExtraDataAreAUserAndAGroup) {
  const auto with = [](std::string_view owner) {
    return refusal(R"("extra-data":{"a":{"target":"/data/app/p","owner":")" + std::string(owner) + "\"}}");
  };
  EXPECT_EQ(with("1000:1000"), "accepted");
  EXPECT_EQ(with("package_uid:sdcard_rw"), "accepted");
  for (const char* bad : {"1000", ":", "a:", ":b", "a:b:c", "a b:c", "$(x):y"}) EXPECT_NE(with(bad), "accepted") << bad;
}

TEST(Manifest, UnknownKeysAreListed) {
  const auto m = parse_manifest(object(R"({"name":"a","colour":"red","watchdog":{"bite":true},
      "services":[{"name":"s","port":9,"speed":1}],"extra-data":{"x":{"target":"/data/app/p","mode":1}}})"));
  ASSERT_TRUE(m);
  EXPECT_THAT(m->ignored, ElementsAre("colour", "watchdog.bite", "services[0].speed", "extra-data.x.mode"));
}

TEST(Manifest, TheListOfUnknownKeysIsBounded) {
  json::object many{{"name", "a"}};
  for (int i = 0; i < 1000; ++i) many[std::string(1000, 'k') + std::to_string(i)] = i;
  const auto m = parse_manifest(many);
  ASSERT_TRUE(m);
  EXPECT_EQ(m->ignored.size(), kMaxIgnored);
  EXPECT_EQ(m->ignored.front().size(), 64U);
}

TEST(Manifest, ListsAreBounded) {
  json::array many;
  for (int i = 0; i < 257; ++i) many.emplace_back("x");
  EXPECT_FALSE(parse_manifest({{"name", "a"}, {"tags", many}}));
  many.pop_back();
  EXPECT_TRUE(parse_manifest({{"name", "a"}, {"tags", many}}));
}

TEST(Manifest, IsWrittenInTheSpellingOfTheApi) {
  const json::object written = to_json(*parse_manifest(everything()));
  for (const char* key : {"name", "version", "instance-type", "image", "required_permissions", "addons", "tags",
                          "boot_package", "boot_activity", "video_encoder", "watchdog", "services", "resources",
                          "extra_data", "hooks", "bootstrap", "features", "node_selector", "sealed"}) {
    EXPECT_TRUE(written.contains(key)) << key;
  }
  EXPECT_EQ(written.size(), 19U);
  EXPECT_EQ(written.at("resources"), json::parse(R"({"cpus":4,"memory":"4GB","disk-size":"8GB","gpu-slots":0,
      "gpu-type":"nvidia","vpu-slots":1,"no_disk_reserve":true})"));
  EXPECT_EQ(written.at("services"), json::parse(R"([
      {"name":"adb","port":5559,"protocols":["tcp","udp"],"expose":true},
      {"name":"range","port":6000,"port_end":6010,"protocols":["tcp"],"expose":false}])"));
  EXPECT_EQ(written.at("watchdog"), json::parse(R"({"disabled":true,"allowed-packages":["com.android.settings"]})"));
  EXPECT_EQ(written.at("hooks"), json::parse(R"({"timeout":"10m"})"));
}

TEST(Manifest, IsWrittenInTheSpellingOfYaml) {
  const json::object written = to_json(*parse_manifest(everything()), Spelling::yaml);
  EXPECT_EQ(json::serialize(written).find('_'), json::serialize(written).find("sdcard_rw") + 6);
  EXPECT_TRUE(written.contains("boot-activity"));
}

TEST(Manifest, ReadsWhatItWrites) {
  const Manifest m = *parse_manifest(everything());
  for (const Spelling spelling : {Spelling::api, Spelling::yaml}) {
    const auto again = parse_manifest(to_json(m, spelling));
    ASSERT_TRUE(again) << again.error().message;
    EXPECT_EQ(*again, m);
  }
}

TEST(Manifest, OnlyWhatIsSetIsWritten) { EXPECT_EQ(to_json(named()), object(R"({"name":"candy"})")); }

TEST(ManifestPatch, APresentMemberReplaces) {
  Manifest m = *parse_manifest(everything());
  ASSERT_TRUE(patch(m, object(R"({"tags":["new"],"boot_activity":"x","services":[]})")));
  EXPECT_THAT(m.tags, ElementsAre("new"));
  EXPECT_EQ(m.boot_activity, "x");
  EXPECT_THAT(m.services, IsEmpty());
  EXPECT_EQ(m.version, "1.10");
}

TEST(ManifestPatch, NullResetsToTheDefault) {
  Manifest m = *parse_manifest(everything());
  json::object nulls;
  for (const auto& member : everything()) nulls[member.key()] = nullptr;
  nulls.erase("name");
  ASSERT_TRUE(patch(m, nulls));
  EXPECT_EQ(m, named());
}

TEST(ManifestPatch, MembersOfObjectsMerge) {
  Manifest m = *parse_manifest(everything());
  ASSERT_TRUE(patch(m, object(R"({"resources":{"memory":"5GB","vpu-slots":null},"watchdog":{"disabled":null},
      "extra_data":{"main.obb":{"permissions":null},"new":{"target":"/data/app/p"}}})")));
  EXPECT_EQ(m.resources, (Resources{4, 5LL << 30, 8LL << 30, 0, std::nullopt, "nvidia", true}));
  EXPECT_EQ(m.watchdog, (Watchdog{false, {"com.android.settings"}}));
  EXPECT_EQ(m.extra_data.at("main.obb").owner, "1000:sdcard_rw");
  EXPECT_EQ(m.extra_data.at("main.obb").permissions, "");
  EXPECT_EQ(m.extra_data.at("new").target, "/data/app/p");
  ASSERT_TRUE(patch(m, object(R"({"extra_data":{"main.obb":null}})")));
  EXPECT_EQ(m.extra_data.size(), 1U);
}

TEST(ManifestPatch, ManifestVersionIsTheVersion) {
  Manifest m = *parse_manifest(everything());
  ASSERT_TRUE(patch(m, object(R"({"manifest_version":"2.0"})")));
  EXPECT_EQ(m.version, "2.0");
  EXPECT_FALSE(patch(m, object(R"({"manifest_version":"2.0","version":"2.0"})")));
}

TEST(ManifestPatch, ARefusedPatchChangesNothing) {
  const Manifest before = *parse_manifest(everything());
  Manifest m = before;
  const auto outcome = patch(m, object(R"({"tags":["new"],"resources":{"memory":"much"}})"));
  ASSERT_FALSE(outcome);
  EXPECT_THAT(outcome.error().message, HasSubstr("\"resources.memory\""));
  EXPECT_EQ(m, before);
}

TEST(ManifestPatch, TheNameCannotChange) {
  Manifest m = named();
  EXPECT_FALSE(patch(m, object(R"({"name":"other"})")));
  EXPECT_FALSE(patch(m, object(R"({"name":null})")));
  EXPECT_TRUE(patch(m, object(R"({"name":"candy"})")));
}

TEST(ManifestPatch, UnknownKeysAreThoseOfThePatch) {
  Manifest m = *parse_manifest(object(R"({"name":"a","colour":1})"));
  ASSERT_TRUE(patch(m, object(R"({"size":2})")));
  EXPECT_THAT(m.ignored, ElementsAre("size"));
}

TEST(InstanceTypes, AreThoseOfTheDocumentation) {
  const auto a4 = resources_of_instance_type("a4.3");
  ASSERT_TRUE(a4);
  EXPECT_EQ(*a4, (Resources{4, 3LL << 30, 3LL << 30, 0, std::nullopt, std::nullopt, std::nullopt}));
  for (const std::int64_t cpus : {2, 4, 6, 8, 10}) {
    const auto a = resources_of_instance_type("a" + std::to_string(cpus) + ".3");
    const auto g = resources_of_instance_type("g" + std::to_string(cpus) + ".3");
    ASSERT_TRUE(a && g) << cpus;
    EXPECT_EQ(a->cpus, cpus);
    EXPECT_EQ(g->cpus, cpus);
    EXPECT_EQ(a->gpu_slots, 0);
    EXPECT_EQ(g->gpu_slots, 1);
  }
  for (const char* unknown : {"", "a1.3", "b2.3", "a2.4", "A2.3"}) EXPECT_FALSE(resources_of_instance_type(unknown));
}

TEST(InstanceTypes, AreCompletedByTheResourcesOfTheManifest) {
  const auto m = parse_manifest(object(R"({"name":"a","instance-type":"g6.3","resources":{"memory":"8GB"}})"));
  ASSERT_TRUE(m);
  const Resources r = m->effective_resources();
  EXPECT_EQ(r.cpus, 6);
  EXPECT_EQ(r.memory, 8LL << 30);
  EXPECT_EQ(r.disk_size, 3LL << 30);
  EXPECT_EQ(r.gpu_slots, 1);
}

TEST(Resources, OfInstancesAreNumbersOfBytes) {
  const auto r = parse_resources(object(R"({"cpus":2,"memory":3221225472,"disk_size":"3GB"})"));
  ASSERT_TRUE(r) << r.error().message;
  EXPECT_EQ(to_instance_json(*r), object(R"({"cpus":2,"memory":3221225472,"disk-size":3221225472})"));
}

TEST(AddonManifest, EveryDocumentedKeyIsRead) {
  const auto m = parse_addon_manifest(object(R"({"name":"ssh","description":"SSH\naccess",
      "provides":{"abi-support":["armeabi"]},"hooks":{"timeout":"90s"},"other":1})"));
  ASSERT_TRUE(m) << m.error().message;
  EXPECT_EQ(m->name, "ssh");
  EXPECT_EQ(m->description, "SSH\naccess");
  EXPECT_THAT(m->abi_support, ElementsAre("armeabi"));
  EXPECT_EQ(m->hooks.timeout, 90s);
  EXPECT_THAT(m->ignored, ElementsAre("other"));
  EXPECT_EQ(to_json(*m), object(R"({"name":"ssh","description":"SSH\naccess",
      "provides":{"abi-support":["armeabi"]},"hooks":{"timeout":"1m30s"}})"));
}

TEST(AddonManifest, WrongValuesAreRefusedByName) {
  const auto refused = [](std::string_view text) { return parse_addon_manifest(object(text)).error().message; };
  EXPECT_EQ(refused("{}"), "\"name\" is missing");
  EXPECT_THAT(refused(R"({"name":"a b"})"), HasSubstr("\"name\""));
  EXPECT_EQ(refused(R"({"name":"a","provides":{"abi-support":["x86"]}})"),
            "\"provides.abi-support[0]\" is not arm64-v8a, armeabi-v7a or armeabi");
}

}  // namespace
}  // namespace redan::cloud::api::test
