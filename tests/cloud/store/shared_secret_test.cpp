// Secrets that the store keeps sealed: what is readable there, and which units can open it.
#include "cloud/store/shared_secret.hpp"

#include "base/base64.hpp"
#include "cloud/errors.hpp"
#include "cloud/store/memory.hpp"
#include "tests/cloud/store/contract.hpp"

namespace redan::cloud::test {

namespace {

Secret<64> bytes_of(std::uint8_t value) {
  Secret<64> bytes;
  std::ranges::fill(bytes.fill(64), value);
  return bytes;
}

class SealedSecret : public testing::Test {
 protected:
  Result<Secret<64>> open(const std::string& name, const store::SecretsKey& key) {
    return wait_for(io_, store::sealed_secret(*store_, name, key, *provider_,
                                              [this](std::string_view line) { said_.append(line).append("\n"); }));
  }
  std::string value(const std::string& name) { return wait_for(io_, store_->get(name)).value()->value; }
  void put(const std::string& name, const std::string& text) { ASSERT_TRUE(wait_for(io_, store_->put(name, text))); }
  [[nodiscard]] bool said(std::string_view words) const { return said_.find(words) != std::string::npos; }

  boost::asio::io_context io_{1};
  std::unique_ptr<store::Store> store_ = store::memory_store(io_);
  std::unique_ptr<Provider> provider_ = default_provider();
  store::SecretsKey key_{*provider_, bytes_of(1)};
  store::SecretsKey other_key_{*provider_, bytes_of(2)};
  std::string said_;
};

TEST_F(SealedSecret, IsTheSameForAllUnitsWithTheKey) {
  const auto first = open("secrets/a", key_);
  ASSERT_TRUE(first);
  const store::SecretsKey same(*provider_, bytes_of(1));
  const auto second = open("secrets/a", same);
  ASSERT_TRUE(second);
  EXPECT_TRUE(std::ranges::equal(first->expose(), second->expose()));
  EXPECT_EQ(said_, "");
}

TEST_F(SealedSecret, IsNotVisibleInTheStore) {
  const auto secret = open("secrets/a", key_);
  ASSERT_TRUE(secret);
  const std::string record = value("secrets/a");
  EXPECT_TRUE(record.starts_with("sealed:1:" + key_.id() + ":")) << record;
  const auto body = from_base64(record.substr(record.rfind(':') + 1));
  ASSERT_TRUE(body);
  const Bytes start = secret->expose().first(16);
  EXPECT_TRUE(std::ranges::search(*body, start).empty());
}

TEST_F(SealedSecret, IsSealedDifferentlyEachTime) {
  const Secret<64> secret = bytes_of(3);
  EXPECT_NE(key_.seal("a", secret), key_.seal("a", secret));
}

TEST_F(SealedSecret, IsRefusedWithAnotherKeyAndNamesTheNeededKey) {
  ASSERT_TRUE(open("secrets/a", key_));
  const std::string record = value("secrets/a");
  const auto opened = open("secrets/a", other_key_);
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error(), errc::store_failed);
  EXPECT_TRUE(said(key_.id()) && said(other_key_.id()) && said("secrets/a")) << said_;
  EXPECT_EQ(value("secrets/a"), record) << "it was replaced";
}

TEST_F(SealedSecret, IsRefusedUnderAnotherName) {
  ASSERT_TRUE(open("secrets/a", key_));
  put("secrets/b", value("secrets/a"));
  EXPECT_FALSE(open("secrets/b", key_));
  EXPECT_TRUE(said("secrets/b")) << said_;
}

TEST_F(SealedSecret, IsRefusedWhenAnyByteIsChanged) {
  ASSERT_TRUE(open("secrets/a", key_));
  const std::string record = value("secrets/a");
  const std::size_t colon = record.rfind(':');
  const auto body = from_base64(record.substr(colon + 1)).value();
  for (std::size_t i = 0; i < body.size(); ++i) {
    auto altered = body;
    altered[i] ^= 1;
    EXPECT_FALSE(key_.open("secrets/a", record.substr(0, colon + 1) + to_base64(altered))) << i;
  }
}

TEST_F(SealedSecret, IsRefusedWhenItIsTruncated) {
  ASSERT_TRUE(open("secrets/a", key_));
  const std::string record = value("secrets/a");
  for (std::size_t size = sizeof "sealed:" - 1; size < record.size(); ++size) {
    EXPECT_FALSE(key_.open("secrets/a", record.substr(0, size))) << size;
  }
}

TEST_F(SealedSecret, IsRefusedInAnUnknownVersion) {
  ASSERT_TRUE(open("secrets/a", key_));
  std::string record = value("secrets/a");
  record[sizeof "sealed:" - 1] = '2';
  put("secrets/a", record);
  EXPECT_FALSE(open("secrets/a", key_));
  EXPECT_TRUE(said("update this unit")) << said_;
}

TEST_F(SealedSecret, IsMigratedFromPlaintextAndReported) {
  put("secrets/a", to_base64(bytes_of(7).expose()));
  const auto secret = open("secrets/a", key_);
  ASSERT_TRUE(secret);
  EXPECT_TRUE(std::ranges::equal(secret->expose(), bytes_of(7).expose()));
  EXPECT_TRUE(store::is_sealed(value("secrets/a")));
  EXPECT_TRUE(said("secrets/a was in the store in the clear")) << said_;
  said_.clear();
  const auto again = open("secrets/a", key_);
  ASSERT_TRUE(again);
  EXPECT_TRUE(std::ranges::equal(again->expose(), bytes_of(7).expose()));
  EXPECT_EQ(said_, "");
}

TEST_F(SealedSecret, IsRefusedAndKeptWhenTheEntryIsNotASecret) {
  put("secrets/a", "something else");
  EXPECT_FALSE(open("secrets/a", key_));
  EXPECT_EQ(value("secrets/a"), "something else");
  EXPECT_TRUE(said("damaged")) << said_;
}

}  // namespace

}  // namespace redan::cloud::test
