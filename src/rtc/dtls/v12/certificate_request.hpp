#pragma once

#include "rtc/dtls/hello/extensions.hpp"

namespace redan::dtls::v12 {

// RFC 5246 section 7.4.4:
//    struct {
//      ClientCertificateType certificate_types<1..2^8-1>;
//      SignatureAndHashAlgorithm supported_signature_algorithms<2..2^16-2>;
//      DistinguishedName certificate_authorities<0..2^16-1>;
//    } CertificateRequest;
struct CertificateRequest {
  CodePoints signature_algorithms;

  static std::optional<CertificateRequest> parse(Bytes body) {
    Reader reader(body);
    const Bytes types = reader.opaque8();
    const Bytes schemes = reader.opaque16();
    reader.opaque16();
    if (!reader.done() || types.empty() || schemes.empty() || schemes.size() % 2 != 0) return std::nullopt;
    return CertificateRequest{{schemes}};
  }
  static void write(Writer& writer) {
    writer.prefixed8([](Writer& types) {
      types.u8(64);  // ecdsa_sign, RFC 8422 section 5.5
      types.u8(1);   // rsa_sign
    });
    write_signature_schemes(writer);
    writer.u16(0);
  }
};

}  // namespace redan::dtls::v12
