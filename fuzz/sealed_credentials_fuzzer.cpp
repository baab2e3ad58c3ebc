// Untrusted certificates and grants, also from an AMS that signs anything: what verifies is within its limits, and is
// written to the same bytes.
#include "base/assert.hpp"
#include "sealed/credentials.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace redan;
  using namespace redan::sealed;
  static const Ed25519Key kAuthority(std::array<std::uint8_t, 32>{1});
  static const Authorities kAuthorities{kAuthority.public_key()};
  constexpr WallTime kNow{1'800'000'000};
  const Bytes bytes(data, size);
  REDAN_ASSERT(!RuntimeCertificate::verify(bytes, kAuthorities, kNow));
  REDAN_ASSERT(!SessionGrant::verify(bytes, kAuthorities, kNow));
  if (size == 0) return 0;
  // The fields, signed by AMS.
  for (const std::string_view label : {std::string_view("redan sealed v1 runtime certificate\0", 36),
                                       std::string_view("redan sealed v1 session grant\0", 30)}) {
    std::vector<std::uint8_t> text(label.begin(), label.end());
    text.insert(text.end(), data, data + size);
    const Ed25519Signature signature = kAuthority.sign(text);
    std::vector<std::uint8_t> whole(data, data + size);
    whole.insert(whole.end(), signature.begin(), signature.end());
    if (const auto certificate = RuntimeCertificate::verify(whole, kAuthorities, kNow)) {
      REDAN_ASSERT(!certificate->instance.empty() && certificate->instance.size() <= kMaxName);
      REDAN_ASSERT(certificate->sign(kAuthority) == whole);
    }
    if (const auto grant = SessionGrant::verify(whole, kAuthorities, kNow)) {
      REDAN_ASSERT(!grant->session.empty() && !grant->instance.empty());
      REDAN_ASSERT(grant->sign(kAuthority) == whole);
    }
  }
  return 0;
}
