// Our macaroons in other implementations, and theirs in ours, in every form that both support.
#include <gtest/gtest.h>

#include "base/base64.hpp"
#include "base/hex.hpp"
#include "cloud/errors.hpp"
#include "cloud/token/macaroon_format.hpp"
#include "tests/cloud/token/macaroon_answers.hpp"
#include "tests/interop/tokens/macaroon_oracle.hpp"

namespace redan::cloud::test {
namespace {

constexpr std::string_view kLocation = "anbox-stream-gateway";
const std::vector<std::string> kCaveats = {"2030-01-01T00:00:00Z", "op=join", "session=c05h1jj3pn6a8q46taug",
                                           "region=eu-1"};
constexpr token::MacaroonRequest kRequest{k2029, "join", "c05h1jj3pn6a8q46taug", "eu-1"};

struct Pairing {
  std::unique_ptr<MacaroonOracle> (*make)();
  const char* name;
  Form form;

  friend std::ostream& operator<<(std::ostream& out, const Pairing& pairing) {
    return out << pairing.name << " " << test::name(pairing.form);
  }
};

std::string write(const token::Macaroon& macaroon, Form form) {
  switch (form) {
    case Form::v1:
      return to_base64(token::write_macaroon_v1(macaroon), Base64::url);
    case Form::v2:
      return macaroon.text();
    case Form::json1:
      return {};  // we only read it
    case Form::json2:
      return token::write_macaroon_json(macaroon);
  }
  return {};
}

std::string counting_key() {
  const Secret<64> secret = counting_secret();
  return std::string(as_text(secret.expose()));
}

class MacaroonInterop : public testing::TestWithParam<Pairing> {
 protected:
  void SetUp() override {
    oracle_ = GetParam().make();
    if (!oracle_) GTEST_SKIP() << GetParam().name << " is not installed";
  }

  token::Macaroon ours(const std::vector<std::string>& caveats) {
    token::Macaroon macaroon = *token::Macaroon::mint(key_, kLocation, "my-client");
    for (const std::string& caveat : caveats) EXPECT_TRUE(macaroon.add_first_party(provider(), caveat));
    return macaroon;
  }
  [[nodiscard]] Question making(std::vector<std::string> caveats) const {
    Question question{.form = form_, .add = std::move(caveats), .met = kCaveats, .key = counting_key()};
    question.location = kLocation;
    question.identifier = "my-client";
    return question;
  }
  [[nodiscard]] Question reading(std::string text) const {
    return {.form = form_, .text = std::move(text), .met = kCaveats, .key = counting_key()};
  }
  Answer ask(const Question& question) {
    const auto answer = oracle_->ask(question);
    EXPECT_TRUE(answer) << GetParam().name;
    return answer.value_or(Answer{});
  }
  Result<token::MacaroonClaims> verify(const std::string& text) {
    const auto macaroon = token::Macaroon::parse(text);
    if (!macaroon) return refuse(macaroon.error());
    return macaroon->verify(key_, kLocation, kRequest);
  }
  const Form form_ = GetParam().form;
  std::unique_ptr<MacaroonOracle> oracle_;
  token::MacaroonKey key_ = std::move(*token::MacaroonKey::prepare(provider(), counting_secret()));
};

class WrittenForm : public MacaroonInterop {};  ///< forms that both write
class BinaryForm : public MacaroonInterop {};   ///< forms without a choice of order and spaces
class SampleForm : public MacaroonInterop {};   ///< the form of the public sample

TEST_P(WrittenForm, TheyAcceptOurs) {
  for (std::size_t n = 0; n <= kCaveats.size(); ++n) {
    const token::Macaroon macaroon = ours({kCaveats.begin(), kCaveats.begin() + static_cast<std::ptrdiff_t>(n)});
    const Answer answer = ask(reading(write(macaroon, form_)));
    EXPECT_TRUE(answer.accepted) << n;
    EXPECT_EQ(answer.signature, to_hex(macaroon.signature)) << n;
  }
}

// Shows that they verify: neither another key nor an unmet caveat is accepted.
TEST_P(WrittenForm, TheyRefuseOursWithAnotherKeyOrAnUnmetCaveat) {
  Question question = reading(write(ours(kCaveats), form_));
  question.key.back() ^= 1;
  EXPECT_FALSE(ask(question).accepted);
  question.key.back() ^= 1;
  question.met.pop_back();
  EXPECT_FALSE(ask(question).accepted);
}

TEST_P(MacaroonInterop, WeAcceptTheirs) {
  const Answer answer = ask(making(kCaveats));
  const auto claims = verify(answer.text);
  ASSERT_TRUE(claims) << answer.text << ": " << text(claims.error());
  EXPECT_EQ(claims->identifier, "my-client");
  EXPECT_EQ(claims->expires, k2030);
  EXPECT_TRUE(answer.accepted);
  EXPECT_EQ(answer.signature, to_hex(ours(kCaveats).signature));
  EXPECT_EQ(*token::Macaroon::parse(answer.text), ours(kCaveats));
}

TEST_P(BinaryForm, TheBytesAreTheSame) { EXPECT_EQ(ask(making(kCaveats)).text, write(ours(kCaveats), form_)); }

TEST_P(MacaroonInterop, WeRefuseTheirsWithAnotherKeyOrAnUnmetCaveat) {
  Question question = making(kCaveats);
  question.add.emplace_back("colour=red");
  EXPECT_EQ(reason(verify(ask(question).text)), errc::token_caveat);
  question = making(kCaveats);
  question.key.back() ^= 1;
  EXPECT_EQ(reason(verify(ask(question).text)), errc::token_bad_signature);
  EXPECT_EQ(reason(verify(ask(making({"2028-12-31T23:59:59Z"})).text)), errc::token_expired);
  EXPECT_EQ(reason(verify(ask(making({"op=join"})).text)), errc::token_claims);
}

TEST_P(MacaroonInterop, WeAddCaveatsToTheirs) {
  auto macaroon = token::Macaroon::parse(ask(making({kCaveats[0], kCaveats[1]})).text);
  ASSERT_TRUE(macaroon);
  ASSERT_TRUE(macaroon->add_first_party(provider(), kCaveats[2]));
  ASSERT_TRUE(macaroon->add_first_party(provider(), kCaveats[3]));
  EXPECT_EQ(*macaroon, ours(kCaveats));
}

TEST_P(WrittenForm, TheyAddCaveatsToOurs) {
  Question question = reading(write(ours({kCaveats[0], kCaveats[1]}), form_));
  question.add = {kCaveats[2], kCaveats[3]};
  const Answer answer = ask(question);
  EXPECT_TRUE(answer.accepted);
  EXPECT_EQ(*token::Macaroon::parse(answer.text), ours(kCaveats));
  EXPECT_TRUE(verify(answer.text));
}

TEST_P(MacaroonInterop, TheirThirdPartyCaveatsAreRefused) {
  Question question = making(kCaveats);
  question.third_party = true;
  const Answer answer = ask(question);
  const auto macaroon = token::Macaroon::parse(answer.text);
  ASSERT_TRUE(macaroon) << answer.text;
  ASSERT_EQ(macaroon->caveats.size(), kCaveats.size() + 1);
  EXPECT_EQ(macaroon->caveats.back().location, "https://bank.example");
  EXPECT_EQ(reason(verify(answer.text)), errc::token_third_party);
}

TEST_P(SampleForm, ThePublicSampleRoundTrips) {
  const auto sample = token::Macaroon::parse(kPublicSample);
  ASSERT_TRUE(sample);
  EXPECT_EQ(sample->text(), kPublicSample);
  const Answer answer = ask(reading(std::string(kPublicSample)));
  EXPECT_EQ(answer.text, kPublicSample);
  EXPECT_EQ(answer.signature, to_hex(sample->signature));
  EXPECT_FALSE(answer.accepted);  // its key is unknown
}

/// libmacaroons 0.3 supports only version 1 in binary, which npm's macaroon does not support.
std::vector<Pairing> pairings(std::initializer_list<Form> forms) {
  std::vector<Pairing> all;
  for (const Form form : forms) {
    all.push_back({pymacaroons, "pymacaroons", form});
    if (form == Form::v1) all.push_back({libmacaroons, "libmacaroons", form});
    if (form != Form::v1) all.push_back({npm_macaroon, "npm", form});
  }
  return all;
}

std::string label(const testing::TestParamInfo<Pairing>& pairing) {
  return std::string(pairing.param.name) + "_" + std::string(name(pairing.param.form));
}

INSTANTIATE_TEST_SUITE_P(Oracles, MacaroonInterop,
                         testing::ValuesIn(pairings({Form::v1, Form::v2, Form::json1, Form::json2})), label);
INSTANTIATE_TEST_SUITE_P(Oracles, WrittenForm, testing::ValuesIn(pairings({Form::v1, Form::v2, Form::json2})), label);
INSTANTIATE_TEST_SUITE_P(Oracles, BinaryForm, testing::ValuesIn(pairings({Form::v1, Form::v2})), label);
INSTANTIATE_TEST_SUITE_P(Oracles, SampleForm, testing::ValuesIn(pairings({Form::v2})), label);

}  // namespace
}  // namespace redan::cloud::test
