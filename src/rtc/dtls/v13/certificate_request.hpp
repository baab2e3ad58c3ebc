#pragma once

#include "rtc/dtls/hello/extensions.hpp"

namespace redan::dtls::v13 {

// RFC 8446 section 4.3.2:
//    struct {
//        opaque certificate_request_context<0..2^8-1>;
//        Extension extensions<2..2^16-1>;
//    } CertificateRequest;
struct CertificateRequest {
  Bytes context;  ///< empty in a handshake
  CodePoints signature_algorithms;

  /// nullopt also without signature_algorithms, which is mandatory.
  static std::optional<CertificateRequest> parse(Bytes body) {
    Reader reader(body);
    CertificateRequest request;
    request.context = reader.opaque8();
    if (!reader.ok() || reader.empty()) return std::nullopt;
    const auto extensions = Extensions::parse(reader);
    if (!extensions || !extensions->signature_algorithms) return std::nullopt;
    request.signature_algorithms = *extensions->signature_algorithms;
    return request;
  }
  static void write(Writer& writer) {
    writer.u8(0);
    writer.prefixed16([](Writer& w) {
      write_extension(w, ExtensionType::signature_algorithms, [](Writer& e) {
        e.prefixed16([](Writer& list) {
          for (const SignatureScheme scheme : kSignatureSchemes13) list.u16(static_cast<std::uint16_t>(scheme));
        });
      });
    });
  }
};

}  // namespace redan::dtls::v13
