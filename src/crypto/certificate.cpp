#include "crypto/certificate.hpp"

#include "crypto/der.hpp"

namespace redan {
namespace {
constexpr std::size_t kMaxCertificateSize = 16 * 1024;
}

// RFC 5280 section 4.1:
//
//   Certificate  ::=  SEQUENCE  {                 TBSCertificate  ::=  SEQUENCE  {
//        tbsCertificate       TBSCertificate,          version         [0]  EXPLICIT Version DEFAULT v1,
//        signatureAlgorithm   AlgorithmIdentifier,     serialNumber         CertificateSerialNumber,
//        signatureValue       BIT STRING  }            signature            AlgorithmIdentifier,
//                                                      issuer               Name,
//                                                      validity             Validity,
//                                                      subject              Name,
//                                                      subjectPublicKeyInfo SubjectPublicKeyInfo,
//                                                      ... }
std::optional<Bytes> subject_public_key_info(Bytes certificate_der) {
  if (certificate_der.size() > kMaxCertificateSize) return std::nullopt;
  Reader outer(certificate_der);
  Reader certificate = der::enter(outer, der::kSequence);
  Reader tbs = der::enter(certificate, der::kSequence);
  der::expect(certificate, der::kSequence);
  der::expect(certificate, der::kBitString);
  if (!outer.done() || !certificate.done()) return std::nullopt;

  if (der::next_is(tbs, der::context_constructed(0))) der::next(tbs);
  der::expect(tbs, der::kInteger);
  for (int i = 0; i < 4; ++i) der::expect(tbs, der::kSequence);  // signature, issuer, validity, subject
  const der::Element key = der::next(tbs);
  if (!tbs.ok() || key.tag != der::kSequence) return std::nullopt;
  return key.whole;
}

}  // namespace redan
