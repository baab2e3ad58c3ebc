#include "cloud/api/ams.hpp"

#include <gtest/gtest.h>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

namespace redan::cloud::api::test {
namespace {

Instance instance() {
  Instance i;
  i.id = "c05h1jj3pn6a8q46taug";
  i.name = "ams-c05h1jj3pn6a8q46taug";
  i.status = InstanceStatus::running;
  i.node = "node-1";
  i.app_id = "a1";
  i.app_name = "game";
  i.app_version = 3;
  i.created_at = 1'700'000'000;
  i.tags = {"x", "y"};
  i.protect(true);
  i.user_data = "secret words";
  i.certificate_fingerprint = std::string(64, 'f');
  return i;
}

Application application() {
  Application a{"a1", "game", 1'700'000'000, {"x"}, {}};
  a.versions.push_back({1, true, 1, json::object{{"name", "game"}}});
  a.versions.push_back({2, true, 2, {}});
  a.versions.push_back({3, false, 3, {}});
  return a;
}

Operation operation() {
  Operation o;
  o.id = "11111111-2222-3333-4444-555555555555";
  o.kind = OperationKind::launch;
  o.resources = {"i1"};
  o.status = OperationStatus::running;
  o.created_at = 10;
  o.updated_at = 20;
  o.unit = "u";
  return o;
}

template <class T, class Read>
void comes_back(const T& thing, Read read) {
  const std::string record = to_record(thing);
  const auto again = read(record);
  ASSERT_TRUE(again) << record;
  EXPECT_EQ(to_record(*again), record);
}

/// A record without any one of its members is invalid, except for those that older versions do not write.
template <class T, class Read>
void needs_all(const T& thing, Read read, std::initializer_list<std::string_view> optional) {
  const json::object whole = json::parse(to_record(thing)).as_object();
  for (const auto& member : whole) {
    json::object damaged = whole;
    damaged.erase(member.key());
    const bool matters = std::find(optional.begin(), optional.end(), std::string_view(member.key())) == optional.end();
    EXPECT_EQ(read(json::serialize(damaged)).has_value(), !matters) << member.key();
    damaged[member.key()] = nullptr;
    EXPECT_FALSE(read(json::serialize(damaged))) << member.key();
  }
}

TEST(Records, RoundTripThroughTheStoredForm) {
  comes_back(instance(), instance_from_record);
  comes_back(application(), application_from_record);
  comes_back(operation(), operation_from_record);
}

TEST(Records, DamagedRecordsDoNotParse) {
  needs_all(instance(), instance_from_record, {"image_version", "base", "addons", "session", "stream_data"});
  needs_all(application(), application_from_record, {"settings", "inhibit_auto_updates", "next_version"});
  needs_all(operation(), operation_from_record, {});
  for (const char* text : {"", "{}", "[]", "null", "{"}) {
    EXPECT_FALSE(instance_from_record(text)) << text;
    EXPECT_FALSE(application_from_record(text)) << text;
    EXPECT_FALSE(operation_from_record(text)) << text;
  }
}

TEST(Records, AnUnknownStatusCountsAsDamage) {
  for (const std::int64_t status : {0, 1, 99, 106, 402, 65'641 /* 105 in 16 bits */}) {
    json::object record = json::parse(to_record(operation())).as_object();
    record["status"] = status;
    EXPECT_FALSE(operation_from_record(json::serialize(record))) << status;
  }
  for (const std::int64_t status : {-2, 7, 257 /* 1 in 8 bits */}) {
    json::object record = json::parse(to_record(instance())).as_object();
    record["desired_status"] = status;
    EXPECT_FALSE(instance_from_record(json::serialize(record))) << status;
  }
}

TEST(Instances, SomeStoredMembersAreNotShown) {
  const std::string shown = json::serialize(to_json(instance()));
  EXPECT_EQ(shown.find("secret words"), std::string::npos);
  EXPECT_EQ(shown.find(std::string(64, 'f')), std::string::npos);
}

TEST(Instances, OnlyTrueEnablesDeleteProtection) {
  EXPECT_TRUE(instance().delete_protected());
  for (const json::value& value : {json::value(false), json::value(1), json::value("true"), json::value(nullptr)}) {
    Instance other = instance();
    other.config["security"] = {{"delete_protected", value}};
    EXPECT_FALSE(other.delete_protected());
  }
  EXPECT_FALSE(Instance().delete_protected());
}

TEST(Instances, EveryStatusHasAName) {
  for (int i = -1; i <= 6; ++i) {
    const auto status = static_cast<InstanceStatus>(i);
    EXPECT_EQ(parse_instance_status(name(status)), status) << i;
  }
  EXPECT_FALSE(parse_instance_status("Running"));
  EXPECT_FALSE(parse_instance_status(""));
}

TEST(Applications, TheNewestPublishedVersionIsTheDefault) {
  const Application a = application();
  EXPECT_EQ(a.version(-1)->number, 2);
  EXPECT_EQ(a.version(3)->number, 3);
  EXPECT_EQ(a.version(4), nullptr);
  EXPECT_EQ(Application().version(-1), nullptr);
}

TEST(Operations, ShowTheirObject) {
  const json::object shown = to_json(operation());
  EXPECT_EQ(shown.at("status_code"), 103);
  EXPECT_EQ(shown.at("resources"),
            json::parse(R"({"containers":["/1.0/containers/i1"],"instances":["/1.0/instances/i1"]})"));
  EXPECT_FALSE(is_final(OperationStatus::running));
  EXPECT_TRUE(is_final(OperationStatus::failure));
}

}  // namespace
}  // namespace redan::cloud::api::test
