#include "cloud/runtime/join_order.hpp"

#include <gtest/gtest.h>

namespace redan::cloud::runtime {
namespace {

using Role = api::LinkHello::Role;

api::LinkHello hello(Role role, std::int64_t order) {
  api::LinkHello hello;
  hello.role = role;
  hello.order = order;
  return hello;
}

TEST(JoinOrder, ALateMessageOfAFormerControllerIsRefused) {
  JoinOrder joins;
  EXPECT_TRUE(joins.admit(hello(Role::controller, 1)));
  EXPECT_TRUE(joins.admit(hello(Role::controller, 3)));
  EXPECT_FALSE(joins.admit(hello(Role::controller, 2)));
  EXPECT_TRUE(joins.admit(hello(Role::controller, 3))) << "the same one again";
}

TEST(JoinOrder, ViewersDisplaceNoClientAndAreAlwaysAdmitted) {
  JoinOrder joins;
  EXPECT_TRUE(joins.admit(hello(Role::controller, 2)));
  EXPECT_TRUE(joins.admit(hello(Role::viewer, 1)));
  EXPECT_TRUE(joins.admit(hello(Role::viewer, 9)));
  EXPECT_TRUE(joins.admit(hello(Role::controller, 2)));
}

}  // namespace
}  // namespace redan::cloud::runtime
