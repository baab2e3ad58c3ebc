#pragma once

#include <gtest/gtest.h>

#include <vector>

#include "base/hex.hpp"

namespace redan::test {

/// The message parses, but neither truncated anywhere nor with a trailing byte.
template <class Message>
void expect_exact_length(Bytes body) {
  ASSERT_TRUE(Message::parse(body));
  for (std::size_t n = 0; n < body.size(); ++n) EXPECT_FALSE(Message::parse(body.first(n))) << n;
  std::vector<std::uint8_t> longer(body.begin(), body.end());
  longer.push_back(0);
  EXPECT_FALSE(Message::parse(longer));
}

}  // namespace redan::test
