// The contract suite of Provider: every TEST_P runs with each backend that was built.
#pragma once

#include <gtest/gtest.h>

#include <redan/crypto.hpp>
#include <vector>

#include "base/hex.hpp"

namespace redan {

/// Published vectors fix the nonce; elsewhere only a NonceSequence makes one.
struct KnownAnswer {
  static SealNonce nonce(Bytes bytes) {
    std::array<std::uint8_t, kAeadNonceSize> fixed{};
    std::copy_n(bytes.begin(), fixed.size(), fixed.begin());
    return SealNonce(fixed);
  }
};

namespace test {

using Buffer = std::vector<std::uint8_t>;

inline Buffer hex(std::string_view text) {
  auto bytes = from_hex(text);
  EXPECT_TRUE(bytes) << text;
  return bytes.value_or(Buffer{});
}

inline Buffer concat(std::initializer_list<Bytes> parts) {
  Buffer out;
  for (const Bytes part : parts) out.insert(out.end(), part.begin(), part.end());
  return out;
}

inline OpenNonce open_nonce(Bytes bytes) {
  OpenNonce nonce;
  std::copy_n(bytes.begin(), nonce.bytes.size(), nonce.bytes.begin());
  return nonce;
}

struct Backend {
  const char* name;
  std::unique_ptr<Provider> (*make)();
};

inline std::vector<Backend> backends() {
  std::vector<Backend> built{{"mbedtls", [] { return mbedtls_provider(); }}};
  if (openssl_provider()) built.push_back({"openssl", openssl_provider});
  return built;
}

class ProviderTest : public testing::TestWithParam<Backend> {
 protected:
  std::unique_ptr<Provider> provider_ = GetParam().make();
};

/// Every ordered pair of backends: one creates, the other verifies.
class ProviderPairTest : public testing::TestWithParam<std::tuple<Backend, Backend>> {
 protected:
  std::unique_ptr<Provider> maker_ = std::get<0>(GetParam()).make();
  std::unique_ptr<Provider> checker_ = std::get<1>(GetParam()).make();
};

inline std::string backend_name(const testing::TestParamInfo<Backend>& info) { return info.param.name; }
inline std::string pair_name(const testing::TestParamInfo<std::tuple<Backend, Backend>>& info) {
  return std::string(std::get<0>(info.param).name) + "_to_" + std::get<1>(info.param).name;
}

}  // namespace test
}  // namespace redan

#define REDAN_FOR_EACH_BACKEND(suite) \
  INSTANTIATE_TEST_SUITE_P(Backends, suite, testing::ValuesIn(::redan::test::backends()), ::redan::test::backend_name)
#define REDAN_FOR_EACH_PAIR(suite)                                                                                  \
  INSTANTIATE_TEST_SUITE_P(                                                                                         \
      Backends, suite,                                                                                              \
      testing::Combine(testing::ValuesIn(::redan::test::backends()), testing::ValuesIn(::redan::test::backends())), \
      ::redan::test::pair_name)
