#include "rtc/dtls/handshake/connection_config.hpp"

#include <gtest/gtest.h>

namespace redan::dtls {
namespace {

TEST(ConnectionConfig, AppendsTheCurvesOfCertificatesThatAreNotAmongTheGroups) {
  constexpr std::array kOne{Group::x25519};
  ConnectionConfig config;
  config.groups = kOne;
  EXPECT_EQ(config.groups_with_certificate_curves(),
            (std::vector<Group>{Group::x25519, Group::secp256r1, Group::secp384r1}));
  constexpr std::array kTwo{Group::secp384r1, Group::x25519};
  config.groups = kTwo;
  EXPECT_EQ(config.groups_with_certificate_curves(),
            (std::vector<Group>{Group::secp384r1, Group::x25519, Group::secp256r1}));
}

}  // namespace
}  // namespace redan::dtls
