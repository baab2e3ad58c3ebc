#include "rtc/ice/reach.hpp"

#include <gtest/gtest.h>

namespace redan::ice {
namespace {

Address at(std::string_view ip) { return *Address::parse(ip, 5000); }
const Address kOurs = at("10.1.2.3"), kOurs6 = at("fd00::3");

TEST(Reach, OrdinaryAddressesArePublic) {
  for (const auto* ip :
       {"1.1.1.1", "9.255.255.255", "11.0.0.0", "100.63.255.255", "100.128.0.0", "126.1.1.1", "172.15.255.255",
        "172.32.0.0", "192.167.1.1", "223.255.255.255", "2606:4700::1111", "2001:200::1", "2003::1", "3fff:1000::1"}) {
    EXPECT_TRUE(is_public(at(ip))) << ip;
  }
}

TEST(Reach, SpecialAddressesAreNotPublic) {
  for (const auto* ip : {"0.0.0.0",
                         "0.1.2.3",
                         "10.0.0.1",
                         "100.64.0.1",
                         "100.127.255.255",
                         "127.0.0.1",
                         "169.254.169.254",
                         "172.16.0.1",
                         "172.31.255.255",
                         "192.0.0.1",
                         "192.0.2.1",
                         "192.88.99.1",
                         "192.168.1.1",
                         "198.18.0.1",
                         "198.19.255.255",
                         "198.51.100.1",
                         "203.0.113.1",
                         "224.0.0.1",
                         "239.1.1.1",
                         "240.0.0.1",
                         "255.255.255.255",
                         "::",
                         "::1",
                         "::7f00:1",
                         "64:ff9b::a00:1",
                         "64:ff9b:1::1",
                         "100::1",
                         "2001::1",
                         "2001:1ff::1",
                         "2001:db8::1",
                         "2002:7f00:1::",
                         "3fff::1",
                         "5f00::1",
                         "fc00::1",
                         "fd00::1",
                         "fe80::1",
                         "fec0::1",
                         "ff02::1"}) {
    EXPECT_FALSE(is_public(at(ip))) << ip;
  }
}

TEST(Reach, ThePublicOnlyRuleRefusesPrivateAddresses) {
  EXPECT_TRUE(may_check({kOurs, at("192.168.1.1")}, RemoteAddresses::any));
  EXPECT_FALSE(may_check({kOurs, at("192.168.1.1")}, RemoteAddresses::public_only));
  EXPECT_TRUE(may_check({kOurs, at("1.1.1.1")}, RemoteAddresses::public_only));
}

TEST(Reach, NoCheckGoesToAnAddressThatIsNoHosts) {
  for (const auto* ip : {"0.0.0.0", "224.0.0.251", "255.255.255.255"})
    EXPECT_FALSE(may_check({kOurs, at(ip)}, RemoteAddresses::any)) << ip;
  for (const auto* ip : {"::", "ff02::fb"}) EXPECT_FALSE(may_check({kOurs6, at(ip)}, RemoteAddresses::any)) << ip;
  EXPECT_FALSE(may_check({kOurs, *Address::parse("1.1.1.1", 0)}, RemoteAddresses::any));
  EXPECT_FALSE(may_check({kOurs, at("2606:4700::1111")}, RemoteAddresses::any)) << "another family";
}

TEST(Reach, LoopbackIsCheckedFromLoopbackOnly) {
  EXPECT_FALSE(may_check({kOurs, at("127.0.0.1")}, RemoteAddresses::any));
  EXPECT_FALSE(may_check({kOurs6, at("::1")}, RemoteAddresses::any));
  EXPECT_TRUE(may_check({at("127.0.0.1"), at("127.0.0.2")}, RemoteAddresses::any));
}

TEST(IceServer, ReadsTheFormsOfUrls) {
  const auto stun = IceServer::parse("stun:stun.example.org");
  ASSERT_TRUE(stun);
  EXPECT_EQ(stun->kind, IceServer::Kind::stun);
  EXPECT_EQ(stun->host, "stun.example.org");
  EXPECT_EQ(stun->port, 3478);
  EXPECT_EQ(stun->address, Address{});
  const auto turn = IceServer::parse("turn:[2001:db8::1]:5000?transport=udp");
  ASSERT_TRUE(turn);
  EXPECT_EQ(turn->kind, IceServer::Kind::turn);
  EXPECT_EQ(turn->address, *Address::parse("2001:db8::1", 5000));
  EXPECT_EQ(turn->text(), "turn:[2001:db8::1]:5000");
}

TEST(IceServer, ReadsTheTransportOfTurnServers) {
  const auto tcp = IceServer::parse("turn:a?transport=tcp");
  ASSERT_TRUE(tcp);
  EXPECT_EQ(tcp->transport, IceServer::Transport::tcp);
  EXPECT_EQ(tcp->text(), "turn:a:3478?transport=tcp");
  for (const auto* url : {"turns:a", "TURNS:a?transport=tcp", "turns:a:5349"}) {
    const auto tls = IceServer::parse(url);
    ASSERT_TRUE(tls) << url;
    EXPECT_EQ(tls->transport, IceServer::Transport::tls);
    EXPECT_EQ(tls->kind, IceServer::Kind::turn);
    EXPECT_EQ(tls->text(), "turns:a:5349");
  }
}

TEST(IceServer, RefusesOtherUrls) {
  for (const auto* url : {"", "stun", "stun:", "http:a", "stuns:a", "turns:a?transport=udp", "turn:a?transport=sctp",
                          "stun:a?transport=udp", "turn:a:0", "turn:a:65536", "turn:a:b", "turn:u@a", "turn:[::1",
                          "turn:[name]", "turn:[::1]x", "turn://a"}) {
    const auto server = IceServer::parse(url);
    ASSERT_FALSE(server) << url;
    EXPECT_EQ(server.error().code, Errc::invalid_argument);
  }
}

}  // namespace
}  // namespace redan::ice
