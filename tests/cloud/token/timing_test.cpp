// Tests whether the duration of a refusal reveals where the credential is wrong.
//
// A signature is 32 bytes: an early exit would save a few nanoseconds of a verification of about a microsecond, which
// these medians do not resolve. They show that the duration of our checks does not grow with the position of the error.
// The guarantee itself rests on equal_in_constant_time, which is therefore measured alone, over enough bytes that a
// comparison with an early exit would be detected, as the control shows.
#include <algorithm>
#include <cstring>
#include <functional>

#include "base/base64.hpp"
#include "cloud/token/jwt.hpp"
#include "cloud/token/macaroon.hpp"
#include "cloud/token/turn_credential.hpp"
#include "tests/cloud/token/macaroon_answers.hpp"

namespace redan::cloud::test {
namespace {

constexpr int kSamples = 401;
constexpr int kAttempts = 5;

using Work = std::function<bool()>;

double seconds_of(const Work& work, int repeats) {
  const auto start = std::chrono::steady_clock::now();
  bool any = false;
  for (int i = 0; i < repeats; ++i) any |= work();
  const std::chrono::duration<double> time = std::chrono::steady_clock::now() - start;
  EXPECT_FALSE(any);
  return time.count();
}

/// The ratio of the median durations, measured alternately.
double ratio(const Work& first, const Work& last, int repeats) {
  std::vector<double> firsts;
  std::vector<double> lasts;
  for (int i = 0; i < kSamples; ++i) {
    firsts.push_back(seconds_of(first, repeats));
    lasts.push_back(seconds_of(last, repeats));
  }
  const auto median = [](std::vector<double>& times) {
    std::nth_element(times.begin(), times.begin() + kSamples / 2, times.end());
    return times[kSamples / 2];
  };
  return median(lasts) / median(firsts);
}

/// Other programs on this machine may disturb one attempt; a leak would appear in all of them.
bool equally_fast(const Work& first, const Work& last, int repeats) {
  for (int i = 0; i < kAttempts; ++i) {
    const double found = ratio(first, last, repeats);
    if (found > 0.9 && found < 1.1) return true;
    std::printf("attempt %d: ratio %.3f\n", i, found);
  }
  return false;
}

constexpr std::size_t kLong = 16 * 1024;

class Comparison : public testing::Test {
 protected:
  void SetUp() override {
    first_.front() ^= 1U;
    last_.back() ^= 1U;
  }
  const std::vector<std::uint8_t> right_ = std::vector<std::uint8_t>(kLong, 7);
  std::vector<std::uint8_t> first_ = right_;
  std::vector<std::uint8_t> last_ = right_;
};

TEST_F(Comparison, TakesTheSameTimeForEveryPositionOfTheDifference) {
  EXPECT_TRUE(equally_fast([&] { return equal_in_constant_time(right_, first_); },
                           [&] { return equal_in_constant_time(right_, last_); }, 20));
}

// The control: this measurement detects an early exit.
TEST_F(Comparison, TheMeasurementDetectsAnEarlyExit) {
  const auto leaks = [&](const std::vector<std::uint8_t>& wrong) {
    return [&] { return std::memcmp(right_.data(), wrong.data(), kLong) == 0; };
  };
  EXPECT_FALSE(equally_fast(leaks(first_), leaks(last_), 20));
}

/// Changes the character `from_end` places before the end.
std::string changed(std::string text, std::size_t from_end) {
  char& c = text[text.size() - from_end];
  c = c == 'A' ? 'B' : 'A';
  return text;
}

TEST(RefusalTime, OfAJwtDoesNotDependOnThePositionOfTheError) {
  token::JwtKey key = std::move(*token::JwtKey::prepare(provider(), counting_secret()));
  token::JwtClaims claims;
  claims.issuer = "ams";
  claims.audience = {"ams-internal"};
  claims.expires = k2030;
  const std::string good = *key.mint(claims);
  const auto verify = [&](std::size_t from_end) {
    return [&key, token = *token::UnverifiedJwt::parse(changed(good, from_end))] {
      return token.verify(key, {"ams", "ams-internal"}, k2029).has_value();
    };
  };
  EXPECT_TRUE(equally_fast(verify(43), verify(2), 50));
}

TEST(RefusalTime, OfAMacaroonDoesNotDependOnThePositionOfTheError) {
  token::MacaroonKey key = std::move(*token::MacaroonKey::prepare(provider(), counting_secret()));
  const token::Macaroon good = *token::Macaroon::parse(kGatewayToken);
  const auto verify = [&](std::size_t byte) {
    token::Macaroon wrong = good;
    wrong.signature[byte] ^= 1U;
    return [&key, wrong] { return wrong.verify(key, "anbox-stream-gateway", {k2029}).has_value(); };
  };
  EXPECT_TRUE(equally_fast(verify(0), verify(31), 50));
}

TEST(RefusalTime, OfATurnPasswordDoesNotDependOnThePositionOfTheError) {
  token::TurnKey key = std::move(*token::TurnKey::prepare(provider(), Secret<64>(as_bytes(std::string(64, 's')))));
  const token::TurnCredential good = *key.mint("cabc0123", k2030);
  const auto verify = [&](std::size_t from_end) {
    return [&key, wrong = token::TurnCredential{good.username, changed(good.password, from_end)}] {
      return key.verify(wrong, k2029).has_value();
    };
  };
  EXPECT_TRUE(equally_fast(verify(28), verify(2), 50));
}

}  // namespace
}  // namespace redan::cloud::test
