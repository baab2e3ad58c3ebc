#include "crypto/certificate.hpp"

#include <fstream>
#include <iterator>

#include "crypto/der.hpp"
#include "provider_test.hpp"

namespace redan::test {
namespace {

Buffer capture(const std::string& name) {
  std::ifstream file(std::string(REDAN_CAPTURES) + "/" + name, std::ios::binary);
  EXPECT_TRUE(file) << name;
  return Buffer(std::istreambuf_iterator<char>(file), {});
}

class CertificateContract : public ProviderTest {};
REDAN_FOR_EACH_BACKEND(CertificateContract);

TEST_P(CertificateContract, FindsTheKeyInTheCertificatesOfBrowsers) {
  for (const char* name : {"chromium-certificate.der", "firefox-certificate.der"}) {
    const Buffer certificate = capture(name);
    const auto spki = subject_public_key_info(certificate);
    ASSERT_TRUE(spki) << name;
    EXPECT_EQ(spki->size(), 91U);
    EXPECT_GE(spki->data(), certificate.data());
    const auto key = provider_->load_public_key(*spki);
    ASSERT_TRUE(key) << name;
    EXPECT_EQ((*key)->type(), KeyType::ecdsa_p256);
  }
}

TEST(Certificate, RefusesEveryTruncationAndAnyTrailingByte) {
  for (const char* name : {"chromium-certificate.der", "firefox-certificate.der"}) {
    Buffer certificate = capture(name);
    for (std::size_t n = 0; n < certificate.size(); ++n) {
      // A separate copy, so that a sanitizer detects a read beyond its end.
      const Buffer cut(certificate.begin(), certificate.begin() + static_cast<std::ptrdiff_t>(n));
      EXPECT_FALSE(subject_public_key_info(cut)) << n;
    }
    certificate.push_back(0);
    EXPECT_FALSE(subject_public_key_info(certificate));
  }
}

TEST_P(CertificateContract, HandlesEveryValueOfEveryByte) {
  const Buffer certificate = capture("chromium-certificate.der");
  std::size_t still_found = 0;
  for (std::size_t i = 0; i < certificate.size(); ++i) {
    for (unsigned value = 0; value < 256; ++value) {
      Buffer changed = certificate;
      changed[i] = static_cast<std::uint8_t>(value);
      const auto spki = subject_public_key_info(changed);
      if (!spki) continue;
      ++still_found;
      EXPECT_GE(spki->data(), changed.data());
      EXPECT_LE(spki->data() + spki->size(), changed.data() + changed.size());
      if (value % 32 == 0) static_cast<void>(provider_->load_public_key(*spki));
    }
  }
  EXPECT_GT(still_found, certificate.size()) << "names, dates and the signature are not looked at";
}

// A certificate with only the structure that the parser reads.
Buffer skeleton(const Buffer& version, const Buffer& padding) {
  const std::uint8_t one[] = {1};
  const Buffer sequence = der::element(der::kSequence, {});
  const Buffer name = der::element(der::kSequence, {padding});
  const Buffer tbs =
      der::element(der::kSequence, {version, der::unsigned_integer(one), sequence, name, sequence, sequence, sequence});
  return der::element(der::kSequence, {tbs, sequence, der::bit_string({})});
}

TEST(Certificate, TheVersionIsOptional) {
  const std::uint8_t v3[] = {2};
  EXPECT_TRUE(subject_public_key_info(skeleton({}, {})));
  EXPECT_TRUE(
      subject_public_key_info(skeleton(der::element(der::context_constructed(0), {der::unsigned_integer(v3)}), {})));
}

TEST(Certificate, IsAtMost16KiB) {
  EXPECT_TRUE(subject_public_key_info(skeleton({}, Buffer(16'300))));
  const Buffer largest = skeleton({}, Buffer(16'384 - skeleton({}, Buffer(16'300)).size() + 16'300));
  EXPECT_EQ(largest.size(), 16'384U);
  EXPECT_TRUE(subject_public_key_info(largest));
  EXPECT_FALSE(subject_public_key_info(skeleton({}, Buffer(16'384))));
}

TEST(Certificate, RefusesLengthsThatAreNotDer) {
  for (const char* text : {
           "30",    // no length
           "3080",  // indefinite
           "308100",
           "30817f",  // long form for a short length
           "30820000",
           "308200ff",  //
           "3083000000",
           "3084ffffffff",
           "3088ffffffffffffffff",
           "30ff",
           "1f2000",
       }) {
    EXPECT_FALSE(subject_public_key_info(hex(text))) << text;
  }
}

TEST(Certificate, DeepNestingIsRefusedCheaply) {
  // 5,000 nested SEQUENCEs.
  Buffer nested;
  for (int i = 0; i < 5000; ++i) nested = der::element(der::kSequence, {nested});
  EXPECT_FALSE(subject_public_key_info(nested));
}

}  // namespace
}  // namespace redan::test
