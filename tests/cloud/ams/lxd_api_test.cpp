#include "cloud/ams/lxd_api.hpp"

#include <gtest/gtest.h>

#include <boost/json/parse.hpp>

#include "cloud/errors.hpp"

namespace redan::cloud::ams {
namespace {

namespace json = boost::json;

// Envelopes.

TEST(LxdReply, ContainsTheMetadataOfASyncAnswer) {
  const auto reply = LxdReply::parse(R"({"type":"sync","status_code":200,"metadata":{"a":1}})");
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->type, LxdReply::Type::sync);
  EXPECT_EQ(reply->metadata.at("a"), 1);
}

TEST(LxdReply, ContainsCodeAndMessageOfAnError) {
  const auto reply =
      LxdReply::parse(R"({"type":"error","error_code":404,"error":"Instance not found","metadata":null})");
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->type, LxdReply::Type::error);
  EXPECT_EQ(reply->error_code, 404U);
  EXPECT_EQ(reply->error, "Instance not found");
}

TEST(LxdReply, IsRefusedInAnyOtherForm) {
  for (const char* text :
       {"", "[]", "1", "{", R"({"type":"other"})", R"({"type":1})", R"({"type":"error"})",
        R"({"type":"error","error_code":200})", R"({"type":"error","error_code":"404"})", R"({"type":"sync"} more)"}) {
    const auto reply = LxdReply::parse(text);
    ASSERT_FALSE(reply) << text;
    EXPECT_EQ(reply.error(), errc::lxd_protocol);
  }
}

TEST(LxdReply, IsRefusedWhenNestedTooDeeply) {
  const std::string deep = R"({"type":"sync","metadata":)" + std::string(1000, '[') + std::string(1000, ']') + "}";
  EXPECT_FALSE(LxdReply::parse(deep));
}

TEST(LxdWords, AreCutAtCharacterBoundariesWithoutControlCharacters) {
  EXPECT_EQ(lxd_words("one\ntwo\x1b[31m\x7f"), "one two [31m ");
  EXPECT_EQ(lxd_words(std::string(499, 'a') + "\u00e9"), std::string(499, 'a'));
  EXPECT_EQ(lxd_words(std::string(498, 'a') + "\u00e9\u00e9"), std::string(498, 'a') + "\u00e9");
  EXPECT_EQ(lxd_words(std::string(10'000, 'a')).size(), 500U);
}

// Operations.

Result<LxdOperation> operation(std::string_view text) { return LxdOperation::parse(json::parse(text)); }

TEST(LxdOperation, RunsUntilItsStatusIsFinal) {
  EXPECT_EQ(operation(R"({"id":"00-ab","status_code":103,"err":""})")->state, LxdOperation::State::running);
  EXPECT_EQ(operation(R"({"id":"00-ab","status_code":200,"err":""})")->state, LxdOperation::State::success);
  EXPECT_EQ(operation(R"({"id":"00-ab","status_code":401,"err":""})")->state, LxdOperation::State::failure);
  const auto failed = operation(R"({"id":"00-ab","status_code":400,"err":"no space"})");
  EXPECT_EQ(failed->state, LxdOperation::State::failure);
  EXPECT_EQ(failed->error, "no space");
}

TEST(LxdOperation, IsRefusedWhenItsIdWouldRedirectRequests) {
  for (const char* id : {"", "../instances", "a/b", "a?b", "A", "0 1"}) {
    EXPECT_FALSE(operation(R"({"id":")" + std::string(id) + R"(","status_code":200})")) << id;
  }
  EXPECT_FALSE(operation(R"({"id":")" + std::string(65, 'a') + R"(","status_code":200})"));
  EXPECT_FALSE(operation(R"({"id":"00-ab"})"));
  EXPECT_FALSE(operation("null"));
}

std::optional<std::string> running_on_ams_1(std::string_view text) {
  const auto found = LxdOperation::parse_list(json::parse(text), "ams-1");
  EXPECT_TRUE(found) << text;
  return found && *found ? std::optional((*found)->id) : std::nullopt;
}

TEST(LxdOperation, IsFoundByInstanceWhileItRuns) {
  EXPECT_EQ(
      running_on_ams_1(R"({"success":[{"id":"0a","status_code":200,"resources":{"instances":["/1.0/instances/ams-1"]}}],
    "running":[{"id":"0b","status_code":103,"resources":{"instances":["/1.0/instances/ams-2"]}},
               {"id":"0c","status_code":103,"resources":{"instances":["/1.0/instances/ams-1?project=games"]}}]})"),
      "0c");
  EXPECT_FALSE(running_on_ams_1("{}"));
  EXPECT_FALSE(running_on_ams_1(R"({"running":[{"id":"0c","status_code":103},null,{"resources":{"instances":[1]}}]})"));
  EXPECT_FALSE(running_on_ams_1(
      R"({"success":[{"id":"0a","status_code":200,"resources":{"instances":["/1.0/instances/ams-1"]}}]})"));
  EXPECT_FALSE(LxdOperation::parse_list(json::parse("[]"), "ams-1"));
}

// Instances.

std::string instance_text(const std::string& name, int status, const std::string& unit, const std::string& id) {
  return R"({"name":")" + name + R"(","status_code":)" + std::to_string(status) + R"(,"config":{"user.redan.unit":")" +
         unit + R"(","user.redan.id":")" + id + R"("}})";
}

TEST(LxdOperation, OfACommandHasItsExitCode) {
  const auto ended =
      LxdOperation::parse(json::parse(R"({"id":"0a-1","status_code":200,"err":"","metadata":{"fds":{},"return":7}})"));
  ASSERT_TRUE(ended);
  EXPECT_EQ(ended->exit_code, 7);
  const auto running = LxdOperation::parse(json::parse(R"({"id":"0a-1","status_code":103,"metadata":{"return":"7"}})"));
  ASSERT_TRUE(running);
  EXPECT_EQ(running->exit_code, std::nullopt);
}

TEST(LxdCommandSockets, HaveASecretForEachName) {
  constexpr const char* kAll =
      R"({"id":"0a-1","status_code":103,"metadata":{"fds":{"0":"aa","1":"bb","2":"cc","control":"dd"}}})";
  const auto pipes = LxdCommandSockets::parse(json::parse(kAll), false);
  ASSERT_TRUE(pipes);
  EXPECT_EQ(pipes->operation, "0a-1");
  EXPECT_EQ(pipes->secrets,
            (std::map<std::string, std::string>{{"0", "aa"}, {"1", "bb"}, {"2", "cc"}, {"control", "dd"}}));
  const auto terminal = LxdCommandSockets::parse(json::parse(kAll), true);
  ASSERT_TRUE(terminal);
  EXPECT_EQ(terminal->secrets.size(), 2U);
}

TEST(LxdCommandSockets, AreRefusedWithoutASecretOrWithOneThatWouldRedirectRequests) {
  for (const char* sockets :
       {R"({"0":"aa","1":"bb","control":"dd"})", R"({"0":"aa","1":"bb","2":"cc"})", R"({})", R"([])", R"("aa")",
        R"({"0":"aa","1":"bb","2":"cc","control":"d&x=1"})", R"({"0":"","1":"bb","2":"cc","control":"dd"})",
        R"({"0":1,"1":"bb","2":"cc","control":"dd"})"}) {
    const std::string text = R"({"id":"0a-1","status_code":103,"metadata":{"fds":)" + std::string(sockets) + "}}";
    const auto parsed = LxdCommandSockets::parse(json::parse(text), false);
    ASSERT_FALSE(parsed) << text;
    EXPECT_EQ(parsed.error(), errc::lxd_protocol);
  }
}

TEST(LxdCommand, NamesItsTerminal) {
  const LxdCommand command{{{"ls", "-l"}, {{"A", "b"}}, true, 101, 33}};
  EXPECT_EQ(json::parse(command.write()),
            json::parse(R"({"command":["ls","-l"],"environment":{"A":"b"},"interactive":true,"width":101,"height":33,
                            "wait-for-websocket":true})"));
}

TEST(LxdInstance, IsOursWithUnitAndId) {
  const auto instance = LxdInstance::parse(json::parse(instance_text("ams-7", 103, "node-1", "7")));
  ASSERT_TRUE(instance);
  EXPECT_EQ(instance->unit, "node-1");
  EXPECT_EQ(instance->id, "7");
  EXPECT_EQ(instance->existence, Existence::running);
}

TEST(LxdInstance, IsStoppedOnlyIfLxdReportsIt) {
  EXPECT_EQ(LxdInstance::parse(json::parse(instance_text("ams-7", 102, "n", "7")))->existence, Existence::stopped);
  for (const int frozen_stopping_error : {110, 107, 112, 0}) {
    const auto instance = LxdInstance::parse(json::parse(instance_text("ams-7", frozen_stopping_error, "n", "7")));
    EXPECT_EQ(instance->existence, Existence::running);
  }
}

TEST(LxdInstance, IsNotOursWhenItsNameDoesNotMatchItsId) {
  const auto instance = LxdInstance::parse(json::parse(instance_text("ams-8", 103, "node-1", "7")));
  ASSERT_TRUE(instance);
  EXPECT_TRUE(instance->id.empty());
}

TEST(LxdInstance, IsNotOursBecauseOfAProfile) {
  const auto instance = LxdInstance::parse(json::parse(
      R"({"name":"ams-7","status_code":103,"config":{},"expanded_config":{"user.redan.unit":"n","user.redan.id":"7"}})"));
  ASSERT_TRUE(instance);
  EXPECT_TRUE(instance->id.empty());
}

TEST(LxdInstance, IsRefusedWithoutNameOrStatus) {
  for (const char* text : {"null", "{}", R"({"name":"a"})", R"({"name":"a/b","status_code":103})",
                           R"({"name":"","status_code":103})", R"({"name":"a","status_code":"103"})"}) {
    EXPECT_FALSE(LxdInstance::parse(json::parse(text))) << text;
  }
}

TEST(LxdInstance, ListsContainThoseOfOneUnit) {
  const std::string list = "[" + instance_text("ams-1", 103, "node-1", "1") + "," +
                           instance_text("ams-2", 103, "node-2", "2") + R"(,{"damaged":true},)" +
                           instance_text("ams-3", 102, "node-1", "3") + R"(,{"name":"x","status_code":103}])";
  const auto ours = LxdInstance::parse_list(json::parse(list), "node-1");
  ASSERT_TRUE(ours);
  ASSERT_EQ(ours->size(), 2U);
  EXPECT_EQ((*ours)[0].id, "1");
  EXPECT_EQ((*ours)[1].id, "3");
  EXPECT_FALSE(LxdInstance::parse_list(json::parse("{}"), "node-1"));
}

// Events.

std::string event(const std::string& action, const std::string& source) {
  return R"({"type":"lifecycle","metadata":{"action":")" + action + R"(","source":")" + source + R"("}})";
}

TEST(LxdEnded, IsAnEventOfTheEndOfAnInstance) {
  for (const char* action : {"instance-shutdown", "instance-stopped", "instance-deleted"}) {
    const auto ended = LxdEnded::parse(event(action, "/1.0/instances/ams-1"));
    ASSERT_TRUE(ended) << action;
    EXPECT_EQ(ended->name, "ams-1");
  }
  EXPECT_EQ(LxdEnded::parse(event("instance-stopped", "/1.0/instances/ams-1?project=games"))->name, "ams-1");
}

TEST(LxdEnded, IsNoOtherEvent) {
  EXPECT_FALSE(LxdEnded::parse(event("instance-started", "/1.0/instances/ams-1")));
  EXPECT_FALSE(LxdEnded::parse(event("instance-stopped", "/1.0/profiles/ams-1")));
  EXPECT_FALSE(LxdEnded::parse(event("instance-stopped", "/1.0/instances/")));
  EXPECT_FALSE(LxdEnded::parse(event("instance-stopped", "/1.0/instances/a/b")));
  EXPECT_FALSE(LxdEnded::parse(R"({"type":"logging","metadata":{"action":"instance-stopped"}})"));
  EXPECT_FALSE(LxdEnded::parse(R"({"type":"lifecycle"})"));
  EXPECT_FALSE(LxdEnded::parse(""));
}

// Requests.

LxdNewInstance new_instance() {
  LxdNewInstance instance;
  instance.name = "ams-1";
  instance.image = "redan";
  instance.profiles = {"default", "gpu"};
  instance.unit = "node-1";
  instance.id = "1";
  return instance;
}

TEST(LxdNewInstance, NamesItsImageByAliasOrFingerprint) {
  LxdNewInstance instance = new_instance();
  EXPECT_EQ(json::parse(instance.write()).at("source"), (json::object{{"type", "image"}, {"alias", "redan"}}));
  instance.image = std::string(64, 'a');
  EXPECT_EQ(json::parse(instance.write()).at("source"),
            (json::object{{"type", "image"}, {"fingerprint", std::string(64, 'a')}}));
  instance.image = std::string(64, 'x');
  EXPECT_TRUE(json::parse(instance.write()).at("source").as_object().contains("alias"));
}

TEST(LxdNewInstance, LeavesAbsentLimitsToTheProfiles) {
  LxdNewInstance instance = new_instance();
  EXPECT_EQ(json::parse(instance.write()).at("config"),
            (json::object{{"user.redan.unit", "node-1"}, {"user.redan.id", "1"}, {"boot.autostart", "false"}}));
  instance.memory_bytes = 1LL << 30;
  instance.cpus = 2;
  const json::value config = json::parse(instance.write()).at("config");
  EXPECT_EQ(config.at("limits.memory"), "1073741824");
  EXPECT_EQ(config.at("limits.cpu"), "2");
  EXPECT_EQ(json::parse(instance.write()).at("profiles"), (json::array{"default", "gpu"}));
}

TEST(LxdStateChange, IsGracefulOrForced) {
  const LxdStateChange polite{.action = LxdStateChange::Action::stop, .timeout = std::chrono::seconds(10)};
  EXPECT_EQ(json::parse(polite.write()), (json::object{{"action", "stop"}, {"timeout", 10}, {"force", false}}));
  const LxdStateChange forced{.action = LxdStateChange::Action::stop, .force = true};
  EXPECT_EQ(json::parse(forced.write()), (json::object{{"action", "stop"}, {"timeout", -1}, {"force", true}}));
}

}  // namespace
}  // namespace redan::cloud::ams
