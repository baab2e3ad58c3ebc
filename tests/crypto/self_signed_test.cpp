#include <set>

#include "crypto/certificate.hpp"
#include "crypto/der.hpp"
#include "crypto/key_encoding.hpp"
#include "provider_test.hpp"

#ifdef REDAN_HAVE_OPENSSL
#include <openssl/x509v3.h>
#endif

namespace redan::test {
namespace {

class SelfSignedContract : public ProviderTest {};
REDAN_FOR_EACH_BACKEND(SelfSignedContract);

constexpr std::array<KeyType, 3> kKeyTypes{KeyType::ecdsa_p256, KeyType::ecdsa_p384, KeyType::rsa_2048};

SelfSignedOptions options_for(KeyType type) {
  return {.key_type = type,
          .common_name = "Redan test",
          .subject_alternative_names = {"example.org", "192.0.2.1", "2001:db8::1"},
          .not_before = {1'700'000'000},
          .not_after = {2'600'000'000}};
}

TEST_P(SelfSignedContract, ContainsItsKeyAndASignatureByIt) {
  for (const KeyType type : kKeyTypes) {
    const auto identity = self_signed(*provider_, options_for(type));
    ASSERT_TRUE(identity);
    const auto spki = subject_public_key_info(identity->certificate_der);
    ASSERT_TRUE(spki);
    EXPECT_EQ(to_hex(*spki), to_hex(identity->key->public_key_der()));

    Reader outer(identity->certificate_der);
    Reader certificate = der::enter(outer, der::kSequence);
    const Bytes tbs = der::next(certificate).whole;
    der::next(certificate);
    const Bytes signature = der::expect(certificate, der::kBitString);
    ASSERT_TRUE(certificate.done() && signature.size() > 1);
    const auto scheme = type == KeyType::ecdsa_p256   ? SignatureScheme::ecdsa_secp256r1_sha256
                        : type == KeyType::ecdsa_p384 ? SignatureScheme::ecdsa_secp384r1_sha384
                                                      : SignatureScheme::rsa_pkcs1_sha256;
    const auto key = provider_->load_public_key(*spki);
    EXPECT_TRUE((*key)->verify(scheme, provider_->hash(hash_of(scheme), tbs).bytes(), signature.subspan(1)));
  }
}

TEST_P(SelfSignedContract, AcceptsAnExistingKey) {
  const std::shared_ptr<const PrivateKey> key = provider_->generate_key(KeyType::ecdsa_p256);
  const auto a = self_signed(*provider_, key, options_for(KeyType::rsa_2048));
  const auto b = self_signed(*provider_, key, options_for(KeyType::rsa_2048));
  ASSERT_TRUE(a && b);
  EXPECT_EQ(a->key, key);
  EXPECT_EQ(to_hex(*subject_public_key_info(a->certificate_der)), to_hex(key->public_key_der()));
  EXPECT_NE(a->certificate_der, b->certificate_der) << "serial numbers are random";
}

TEST_P(SelfSignedContract, SerialNumbersArePositiveRandomAndOf16Bytes) {
  const std::shared_ptr<const PrivateKey> key = provider_->generate_key(KeyType::ecdsa_p256);
  std::set<std::string> seen;
  for (int i = 0; i < 50; ++i) {
    const auto identity = self_signed(*provider_, key, options_for(KeyType::ecdsa_p256));
    Reader outer(identity->certificate_der);
    Reader certificate = der::enter(outer, der::kSequence);
    Reader tbs = der::enter(certificate, der::kSequence);
    der::next(tbs);
    const Bytes serial = der::positive_integer(tbs);
    EXPECT_EQ(serial.size(), 16U);
    EXPECT_TRUE(seen.insert(to_hex(serial)).second);
  }
}

TEST_P(SelfSignedContract, RefusesValuesThatACertificateCannotContain) {
  const std::shared_ptr<const PrivateKey> key = provider_->generate_key(KeyType::ecdsa_p256);
  const auto refused = [&](auto change) {
    SelfSignedOptions options = options_for(KeyType::ecdsa_p256);
    change(options);
    const auto identity = self_signed(*provider_, key, options);
    return !identity && identity.error() == Errc::invalid_argument;
  };
  EXPECT_FALSE(refused([](auto&) {}));
  EXPECT_TRUE(refused([](auto& o) { o.common_name = ""; }));
  const std::string long_name(65, 'n');
  EXPECT_TRUE(refused([&](auto& o) { o.common_name = long_name; }));
  EXPECT_FALSE(refused([&](auto& o) { o.common_name = std::string_view(long_name).substr(1); }));
  EXPECT_TRUE(refused([](auto& o) { o.not_after = {o.not_before.seconds_since_1970 - 1}; }));
  EXPECT_TRUE(refused([](auto& o) { o.not_after = {253'402'300'800}; }));
  EXPECT_TRUE(refused([](auto& o) { o.not_before = {-62'167'219'201}; }));
  EXPECT_TRUE(refused([](auto& o) { o.subject_alternative_names = {""}; }));
  EXPECT_TRUE(refused([](auto& o) { o.subject_alternative_names = {"a b"}; }));
  EXPECT_TRUE(refused([](auto& o) { o.subject_alternative_names = {std::string("a\0b", 3)}; }));
  EXPECT_TRUE(refused([](auto& o) { o.subject_alternative_names = {"\xc3\xbc.example"}; }));
  EXPECT_TRUE(refused([](auto& o) { o.subject_alternative_names = {std::string(256, 'a')}; }));
  EXPECT_TRUE(refused([](auto& o) { o.subject_alternative_names.assign(65, "a"); }));
  EXPECT_FALSE(self_signed(*provider_, nullptr, options_for(KeyType::ecdsa_p256)));
}

#ifdef REDAN_HAVE_OPENSSL

using X509Ptr = std::unique_ptr<X509, decltype(&X509_free)>;

X509Ptr parse_x509(const Buffer& der) {
  const unsigned char* in = der.data();
  X509Ptr certificate(d2i_X509(nullptr, &in, static_cast<long>(der.size())), X509_free);
  EXPECT_TRUE(certificate);
  EXPECT_EQ(in, der.data() + der.size());
  return certificate;
}

TEST_P(SelfSignedContract, OpensslReadsAndVerifiesIt) {
  for (const KeyType type : kKeyTypes) {
    const auto identity = self_signed(*provider_, options_for(type));
    ASSERT_TRUE(identity);
    const X509Ptr certificate = parse_x509(identity->certificate_der);
    ASSERT_TRUE(certificate);
    EXPECT_EQ(X509_get_version(certificate.get()), X509_VERSION_3);
    EXPECT_EQ(X509_verify(certificate.get(), X509_get0_pubkey(certificate.get())), 1);
    EXPECT_EQ(X509_NAME_cmp(X509_get_subject_name(certificate.get()), X509_get_issuer_name(certificate.get())), 0);
    EXPECT_EQ(X509_check_host(certificate.get(), "example.org", 0, 0, nullptr), 1);
    EXPECT_EQ(X509_check_host(certificate.get(), "example.com", 0, 0, nullptr), 0);
    EXPECT_EQ(X509_check_ip_asc(certificate.get(), "192.0.2.1", 0), 1);
    EXPECT_EQ(X509_check_ip_asc(certificate.get(), "2001:db8::1", 0), 1);
    EXPECT_EQ(X509_check_ip_asc(certificate.get(), "192.0.2.2", 0), 0);
    std::array<char, 80> name{};
    X509_NAME_get_text_by_NID(X509_get_subject_name(certificate.get()), NID_commonName, name.data(), name.size());
    EXPECT_STREQ(name.data(), "Redan test");
    // Re-encoding gives the same bytes, so our output is DER.
    unsigned char* der = nullptr;
    const int size = i2d_X509(certificate.get(), &der);
    EXPECT_EQ(Buffer(der, der + size), identity->certificate_der);
    OPENSSL_free(der);
  }
}

TEST_P(SelfSignedContract, WithoutNamesHasNoExtensions) {
  SelfSignedOptions options = options_for(KeyType::ecdsa_p256);
  options.subject_alternative_names.clear();
  const X509Ptr certificate = parse_x509(self_signed(*provider_, options)->certificate_der);
  EXPECT_EQ(X509_get_ext_count(certificate.get()), 0);
}

TEST_P(SelfSignedContract, DatesHaveTheFormatRequiredForTheirYear) {
  const std::shared_ptr<const PrivateKey> key = provider_->generate_key(KeyType::ecdsa_p256);
  struct Case {
    std::int64_t seconds;
    int type;
    const char* text;
  };
  const Case cases[] = {
      {-62'167'219'200, V_ASN1_GENERALIZEDTIME, "00000101000000Z"},
      {-631'152'001, V_ASN1_GENERALIZEDTIME, "19491231235959Z"},
      {-631'152'000, V_ASN1_UTCTIME, "500101000000Z"},
      {-1, V_ASN1_UTCTIME, "691231235959Z"},
      {0, V_ASN1_UTCTIME, "700101000000Z"},
      {951'782'400, V_ASN1_UTCTIME, "000229000000Z"},
      {2'524'607'999, V_ASN1_UTCTIME, "491231235959Z"},
      {2'524'608'000, V_ASN1_GENERALIZEDTIME, "20500101000000Z"},
      {253'402'300'799, V_ASN1_GENERALIZEDTIME, "99991231235959Z"},
  };
  for (const Case& c : cases) {
    SelfSignedOptions options = options_for(KeyType::ecdsa_p256);
    options.not_before = {c.seconds};
    options.not_after = {253'402'300'799};
    const X509Ptr certificate = parse_x509(self_signed(*provider_, key, options)->certificate_der);
    const ASN1_TIME* time = X509_get0_notBefore(certificate.get());
    EXPECT_EQ(ASN1_STRING_type(time), c.type) << c.text;
    EXPECT_EQ(as_text({ASN1_STRING_get0_data(time), static_cast<std::size_t>(ASN1_STRING_length(time))}), c.text);
  }
}

#endif

}  // namespace
}  // namespace redan::test
