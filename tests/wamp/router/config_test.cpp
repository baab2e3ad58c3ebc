#include "wamp/router/config.hpp"

#include <gtest/gtest.h>

namespace redan::wamp {
namespace {

tl::expected<std::string, std::string> no_secrets(const std::string& path) {
  if (path == "short") return "x";
  return tl::unexpected("cannot read " + path);
}

std::string whole(const std::string& realm, const std::string& more = "") {
  return R"({"listen":[{"address":"127.0.0.1:8080","plain":true}])" + more + R"(,"realms":[{"name":"realm1",)" + realm +
         "}]}";
}
const std::string kRoles = R"("roles":[{"name":"r","permissions":[{"uri":"com.","match":"prefix","allow":["call"]}]}])";
const std::string kAnonymous = R"("authentication":{"anonymous":{"role":"r"}})";

std::string mistake(const std::string& json) {
  const auto file = parse_router_file(json, no_secrets);
  return file ? "none" : file.error();
}

TEST(RouterFile, ParsesListenersAndRealms) {
  const auto file =
      parse_router_file(whole(kRoles + "," + kAnonymous, R"(,"limits":{"max_calls":7,"idle_seconds":9})"), no_secrets);
  ASSERT_TRUE(file) << file.error();
  EXPECT_EQ(file->listen[0].address, "127.0.0.1:8080");
  EXPECT_TRUE(file->listen[0].plain);
  EXPECT_EQ(file->router.limits.dealer.max_calls, 7U);
  EXPECT_EQ(file->transport.idle_timeout, std::chrono::seconds(9));
  const RealmConfig& realm = file->router.realms[0];
  EXPECT_EQ(realm.authentication.anonymous_role, "r");
  EXPECT_TRUE(realm.roles[0].allows(Action::call, Match::exact, "com.a", {}));
  EXPECT_FALSE(realm.roles[0].allows(Action::publish, Match::exact, "com.a", {}));
  EXPECT_FALSE(realm.disclosure);
}

TEST(RouterFile, NamesTheError) {
  EXPECT_EQ(mistake("{"), "this is no JSON, or it names a member twice");
  EXPECT_EQ(mistake("{}"), ": \"listen\" names no address");
  EXPECT_EQ(mistake(whole(kRoles)), "realms[0]: \"authentication\" is missing");
  EXPECT_EQ(mistake(whole(kRoles + R"(,"authentication":{"anonymous":{"role":"x"}})")),
            "realms[0].authentication.anonymous: there is no role \"x\"");
  EXPECT_EQ(mistake(whole(kRoles + "," + kAnonymous + R"(,"colour":1)")), "realms[0]: there is no member \"colour\"");
  EXPECT_EQ(mistake(whole(R"("roles":[{"name":"r","permissions":[{"uri":"a","allow":["pubish"]}]}],)" + kAnonymous)),
            "realms[0].roles[0].permissions[0]: no such action: pubish");
  EXPECT_EQ(mistake(whole(kRoles + "," + kAnonymous, R"(,"limits":{"max_calls":0})")),
            "limits: \"max_calls\" is no number from 1");
  EXPECT_EQ(mistake(whole(kRoles + "," + kAnonymous + R"(,"types":[{"uri":"a","args":{"type":"text"}}])")),
            "realms[0].types[0]: args: \"type\" of a schema: not understood");
}

TEST(RouterFile, RefusesSecretsThatItCannotHave) {
  const auto with = [](const std::string& account) { return whole(kRoles + R"(,"authentication":{)" + account + "}"); };
  EXPECT_EQ(mistake(with(R"("ticket":{"accounts":[{"authid":"a","role":"r","secret_file":"gone"}]})")),
            "realms[0].authentication.ticket.accounts[0]: cannot read gone");
  EXPECT_EQ(
      mistake(with(R"("ticket":{"accounts":[],"tokens":{"key_file":"short","issuer":"i","audience":"a","role":"r"}})")),
      "realms[0].authentication.ticket.tokens: short: of the wrong length");
  EXPECT_EQ(mistake(with(R"("cryptosign":{"accounts":[{"authid":"a","role":"r","authorized_keys":["aa"]}]})")),
            "realms[0].authentication.cryptosign.accounts[0]: \"authorized_keys\" holds something other than 64 "
            "hexadecimal digits");
}

TEST(RouterFile, RefusesSaltingThatRevealsAccounts) {
  EXPECT_EQ(mistake(whole(kRoles + R"(,"authentication":{"wampcra":{"accounts":[
              {"authid":"a","role":"r","secret_file":"short","salting":{"salt":"x"}},
              {"authid":"b","role":"r","secret_file":"short"}]}})")),
            "realms[0].authentication.wampcra: all accounts are salted alike, or none");
}

}  // namespace
}  // namespace redan::wamp
