#pragma once

#include "rtc/dtls/handshake/authentication.hpp"

namespace redan::dtls::v12 {

// RFC 5246 section 7.4.8:
//    struct {
//      SignatureAndHashAlgorithm algorithm;
//      opaque signature<0..2^16-1>;      /* over all handshake messages before this one */
//    } CertificateVerify;
struct CertificateVerify {
  std::uint16_t scheme = 0;
  Bytes signature;

  static std::optional<CertificateVerify> parse(Bytes body) {
    Reader reader(body);
    CertificateVerify verify;
    verify.scheme = reader.u16();
    verify.signature = reader.opaque16();
    if (!reader.done()) return std::nullopt;
    return verify;
  }
  void write(Writer& writer) const {
    writer.u16(scheme);
    writer.opaque16(signature);
  }
  static void write(Writer& writer, const Signature& made) {
    CertificateVerify{static_cast<std::uint16_t>(made.scheme), made.bytes()}.write(writer);
  }
};

}  // namespace redan::dtls::v12
