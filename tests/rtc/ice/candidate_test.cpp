#include "rtc/ice/candidate.hpp"

#include <gtest/gtest.h>

namespace redan::ice {
namespace {

TEST(Candidate, ParsesCandidatesOfBrowsers) {
  const auto host = Candidate::parse(
      "candidate:842163049 1 udp 2122260223 192.168.1.7 54400 typ host generation 0 ufrag Ab+/ network-id 1");
  ASSERT_TRUE(host);
  EXPECT_EQ(host->foundation, "842163049");
  EXPECT_EQ(host->component, 1);
  EXPECT_EQ(host->priority, 2'122'260'223U);
  EXPECT_EQ(host->address, Address::v4({192, 168, 1, 7}, 54400));
  EXPECT_EQ(host->type, CandidateType::host);
  EXPECT_TRUE(host->usable());

  const auto reflexive = Candidate::parse("0 1 UDP 1686052863 2001:db8::5 61000 typ srflx raddr 0.0.0.0 rport 0");
  ASSERT_TRUE(reflexive);
  EXPECT_EQ(reflexive->type, CandidateType::server_reflexive);
  EXPECT_EQ(reflexive->address, Address::parse("2001:db8::5", 61000));
  EXPECT_TRUE(reflexive->usable());
}

TEST(Candidate, AHostNameIsNotResolved) {
  const auto mdns =
      Candidate::parse("candidate:1 1 UDP 2122252543 8c5ea5e2-7b3a-4d1f-9a53-0f6b6c1f2d3e.local 40678 typ host");
  ASSERT_TRUE(mdns);
  EXPECT_EQ(mdns->address.family(), Address::Family::unspecified);
  EXPECT_FALSE(mdns->usable());
}

TEST(Candidate, TcpOtherComponentsAndPortZeroAreNotUsable) {
  EXPECT_FALSE(Candidate::parse("1 1 tcp 1518214911 192.0.2.1 9 typ host tcptype active")->usable());
  EXPECT_FALSE(Candidate::parse("1 2 udp 1 192.0.2.1 5000 typ host")->usable());
  EXPECT_FALSE(Candidate::parse("1 1 udp 1 192.0.2.1 0 typ host")->usable());
}

TEST(Candidate, NamesAreCaseInsensitiveAndBlanksMayBeRepeated) {
  const auto plain = Candidate::parse("1 1 udp 7 192.0.2.1 5000 typ srflx");
  ASSERT_TRUE(plain);
  for (const char* line : {"1  1 udp 7 192.0.2.1 5000 typ srflx", "1 1 UDP 7 192.0.2.1 5000 TYP SRFLX",
                           "1 1 Udp 7 192.0.2.1 5000 typ Srflx ", " 1 1 udp 7\t192.0.2.1   5000 typ srflx generation 0",
                           "candidate: 1 1 udp 7 192.0.2.1 5000 typ srflx"}) {
    const auto candidate = Candidate::parse(line);
    ASSERT_TRUE(candidate) << line;
    EXPECT_EQ(candidate->text(), plain->text()) << line;
    EXPECT_TRUE(candidate->usable()) << line;
  }
}

TEST(Candidate, RefusesMalformedLines) {
  for (const char* line :
       {"", "candidate:", "candidate:1", "1 1 udp 1 192.0.2.1 5000", "1 1 udp 1 192.0.2.1 5000 typ",
        "1 1 udp 1 192.0.2.1 5000 typ home", "1 1 udp 1 192.0.2.1 65536 typ host", "1 1 udp 1 192.0.2.1 -1 typ host",
        "1 65536 udp 1 192.0.2.1 5000 typ host", "1 1 udp 4294967296 192.0.2.1 5000 typ host",
        "1 1 udp 0x1 192.0.2.1 5000 typ host", "1 1 udp 1  5000 typ host",
        "123456789012345678901234567890123 1 udp 1 192.0.2.1 5000 typ host"}) {
    EXPECT_FALSE(Candidate::parse(line)) << line;
  }
}

TEST(Candidate, RoundTrips) {
  for (const char* line : {"candidate:1 1 udp 2130706431 192.0.2.1 5000 typ host",
                           "candidate:a+/ 1 udp 1 2001:db8::1 65535 typ srflx raddr :: rport 9",
                           "candidate:2 2 tcp 7 192.0.2.1 9 typ relay raddr 0.0.0.0 rport 9",
                           "candidate:3 1 udp 7 192.0.2.1 9 typ prflx raddr 0.0.0.0 rport 9"}) {
    const auto candidate = Candidate::parse(line);
    ASSERT_TRUE(candidate) << line;
    EXPECT_EQ(candidate->text(), line);
  }
}

TEST(Candidate, PrioritiesFollowTheFormula) {
  // RFC 8445 section 5.1.2.1: 2^24 type + 2^8 local + (256 - component).
  EXPECT_EQ(priority_of(CandidateType::host, 65'535), 0x7EFFFFFFU);
  EXPECT_EQ(priority_of(CandidateType::peer_reflexive, 65'535), 0x6EFFFFFFU);
  EXPECT_EQ(priority_of(CandidateType::server_reflexive, 0), 0x640000FFU);
  EXPECT_EQ(priority_of(CandidateType::relayed, 1, 2), 0x000001FEU);
}

TEST(Candidate, HostCandidatesAreUsableDistinctAndOrdered) {
  const Address address = Address::v4({192, 0, 2, 1}, 5000);
  const Candidate best = local_candidate(CandidateType::host, address, 0);
  const Candidate next = local_candidate(CandidateType::host, address, 1);
  EXPECT_TRUE(best.usable());
  EXPECT_GT(best.priority, next.priority);
  EXPECT_NE(best.foundation, next.foundation);
}

}  // namespace
}  // namespace redan::ice
