#pragma once

#include <optional>

#include "base/reader.hpp"
#include "base/writer.hpp"

namespace redan::dtls::v13 {

// RFC 8446 section 4.4.2:
//    struct {
//        opaque cert_data<1..2^24-1>;
//        Extension extensions<0..2^16-1>;
//    } CertificateEntry;
//    struct {
//        opaque certificate_request_context<0..2^8-1>;
//        CertificateEntry certificate_list<0..2^24-1>;
//    } Certificate;
struct Certificate {
  Bytes context;  ///< that of the CertificateRequest; empty in a server's
  /// The sender's own certificate, the first of the list; empty if it has none. The rest of a chain is ignored: the
  /// fingerprint alone decides whether to trust it.
  Bytes leaf;

  static std::optional<Certificate> parse(Bytes body) {
    Reader reader(body);
    Certificate certificate;
    certificate.context = reader.opaque8();
    Reader list = reader.prefixed24();
    if (!reader.done()) return std::nullopt;
    while (!list.empty()) {
      const Bytes one = list.opaque24();
      list.opaque16();
      if (!list.ok() || one.empty()) return std::nullopt;
      if (certificate.leaf.empty()) certificate.leaf = one;
    }
    return certificate;
  }
  void write(Writer& writer) const {
    writer.opaque8(context);
    writer.prefixed24([&](Writer& list) {
      if (leaf.empty()) return;
      list.opaque24(leaf);
      list.u16(0);
    });
  }
};

}  // namespace redan::dtls::v13
