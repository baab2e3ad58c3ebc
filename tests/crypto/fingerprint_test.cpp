#include "provider_test.hpp"

namespace redan::test {
namespace {

class FingerprintContract : public ProviderTest {};
REDAN_FOR_EACH_BACKEND(FingerprintContract);

const std::string kSha256 =
    "BA:78:16:BF:8F:01:CF:EA:41:41:40:DE:5D:AE:22:23:B0:03:61:A3:96:17:7A:9C:B4:10:FF:61:F2:00:15:AD";
const std::string kSha384 =
    "CB:00:75:3F:45:A3:5E:8B:B5:A0:3D:69:9A:C6:50:07:27:2C:32:AB:0E:DE:D1:63:1A:8B:60:5A:43:FF:5B:ED:80:86:07:2B:A1:E7:"
    "CC:"
    "23:58:BA:EC:A1:34:C8:25:A7";

TEST_P(FingerprintContract, IsTheHashOfTheWholeCertificateInTheTextOfRfc8122) {
  EXPECT_EQ(Fingerprint::of(*provider_, HashAlgorithm::sha256, as_bytes("abc")).text(), "sha-256 " + kSha256);
  EXPECT_EQ(Fingerprint::of(*provider_, HashAlgorithm::sha384, as_bytes("abc")).text(), "sha-384 " + kSha384);
}

std::string lower(std::string text) {
  for (char& c : text) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return text;
}

TEST(Fingerprint, ParsesEitherCaseAndWritesOneForm) {
  for (const std::string& text : {"sha-256 " + kSha256, "SHA-256 " + kSha256, "sHa-256 " + lower(kSha256)}) {
    const auto fingerprint = Fingerprint::parse(text);
    ASSERT_TRUE(fingerprint) << text;
    EXPECT_EQ(fingerprint->text(), "sha-256 " + kSha256);
  }
  EXPECT_EQ(Fingerprint::parse("sha-384 " + kSha384)->text(), "sha-384 " + kSha384);
}

TEST(Fingerprint, RefusesEverythingElse) {
  const std::string& f = kSha256;
  const std::vector<std::string> bad{
      "",
      " ",
      f,
      "sha-256",
      "sha-256 ",
      "sha-256" + f,
      " sha-256 " + f,
      "sha-256  " + f,
      "sha-256\t" + f,
      "sha-256 " + f + " ",
      "sha-256 " + f + "\n",
      "sha-256 " + f + ":",
      "sha-256 " + f + ":00",    // 33 bytes
      "sha-256 " + f.substr(3),  // 31 bytes
      "sha-256 " + f.substr(1),  // a digit short
      "sha-256 :" + f,
      "sha-256 " + f.substr(0, 2) + "-" + f.substr(3),  // another separator
      "sha-256 G" + f.substr(1),                        // not a hex digit
      "sha-256 " + kSha384,
      "sha-384 " + f,
      "sha256 " + f,
      "sha-1 4A:AD:B9:B1:3F:82:18:3B:54:02:12:DF:3E:5D:49:6B:19:E5:7C:AB",
      "md5 90:01:50:98:3C:D2:4F:B0:D6:96:3F:7D:28:E1:7F:72",
      "md2 90:01:50:98:3C:D2:4F:B0:D6:96:3F:7D:28:E1:7F:72",
      "sha-512 " + f,
      std::string("sha-256 " + f).replace(10, 1, 1, '\0'),
  };
  for (const std::string& text : bad) EXPECT_FALSE(Fingerprint::parse(text)) << text;
}

TEST(Fingerprint, EveryChangedDigitMakesItUnequal) {
  const auto original = Fingerprint::parse("sha-256 " + kSha256);
  ASSERT_TRUE(original && original->equals(*original));
  for (std::size_t i = 0; i < kSha256.size(); ++i) {
    if (kSha256[i] == ':') continue;
    std::string text = kSha256;
    text[i] = text[i] == '0' ? '1' : '0';
    const auto changed = Fingerprint::parse("sha-256 " + text);
    ASSERT_TRUE(changed);
    EXPECT_FALSE(original->equals(*changed));
    EXPECT_FALSE(changed->equals(*original));
  }
}

TEST(Fingerprint, IsUnequalForAnotherHashAndWhenEmpty) {
  const auto sha256 = Fingerprint::parse("sha-256 " + kSha256), sha384 = Fingerprint::parse("sha-384 " + kSha384);
  EXPECT_FALSE(sha256->equals(*sha384));
  EXPECT_FALSE(Fingerprint{}.equals(Fingerprint{}));
  EXPECT_FALSE(Fingerprint{}.equals(*sha256));
  EXPECT_FALSE(sha256->equals(Fingerprint{}));
}

}  // namespace
}  // namespace redan::test
