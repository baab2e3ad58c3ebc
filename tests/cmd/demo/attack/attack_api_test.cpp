#include "cmd/demo/attack/attack_api.hpp"

#include <gtest/gtest.h>

#include <boost/json/parse.hpp>

namespace redan::cmd {
namespace {

class AttackApi : public testing::Test {
 protected:
  net::HttpResponse ask(std::string method, std::string body = {}) {
    return attack_reply({std::move(method), "/attack", {}, {}, std::move(body)}, gateway_);
  }

  boost::asio::io_context io_;
  std::unique_ptr<Provider> provider_ = default_provider();
  HostileGateway gateway_{io_, {*Address::parse("127.0.0.1", 0)}, *provider_};
};

TEST_F(AttackApi, ListsTheAttacksAndReportsResults) {
  const net::HttpResponse reply = ask("GET");
  EXPECT_EQ(reply.status, 200U);
  const boost::json::object said = boost::json::parse(reply.body).as_object();
  EXPECT_EQ(said.at("attack"), "none");
  EXPECT_EQ(said.at("succeeded"), false);
  EXPECT_EQ(said.at("read"), boost::json::array());
  EXPECT_EQ(said.at("refused"), "");
  EXPECT_EQ(said.at("attacks").as_array().size(), kAttacks.size());
}

TEST_F(AttackApi, SwitchesToAnAttackByItsName) {
  const net::HttpResponse reply = ask("POST", R"({"name":"strip"})");
  EXPECT_EQ(reply.status, 200U);
  EXPECT_EQ(boost::json::parse(reply.body).at("attack"), "strip");
  EXPECT_EQ(gateway_.status().attack, Attack::strip);
}

TEST_F(AttackApi, RefusesAnUnknownAttackAndChangesNothing) {
  for (const char* body : {"", "{}", "[]", "strip", R"({"name":1})", R"({"name":"no-such-attack"})"}) {
    EXPECT_EQ(ask("POST", body).status, 400U) << body;
  }
  EXPECT_EQ(ask("DELETE").status, 405U);
  EXPECT_EQ(gateway_.status().attack, Attack::none);
}

}  // namespace
}  // namespace redan::cmd
