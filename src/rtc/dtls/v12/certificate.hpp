#pragma once

#include <optional>

#include "base/reader.hpp"
#include "base/writer.hpp"

namespace redan::dtls::v12 {

// RFC 5246 section 7.4.2:
//    opaque ASN.1Cert<1..2^24-1>;
//    struct { ASN.1Cert certificate_list<0..2^24-1>; } Certificate;
struct Certificate {
  /// The sender's own certificate, the first of the list; empty if it has none. The rest of a chain is ignored: the
  /// fingerprint alone decides whether to trust it.
  Bytes leaf;

  static std::optional<Certificate> parse(Bytes body) {
    Reader reader(body);
    Reader list = reader.prefixed24();
    if (!reader.done()) return std::nullopt;
    Certificate certificate;
    while (!list.empty()) {
      const Bytes one = list.opaque24();
      if (!list.ok() || one.empty()) return std::nullopt;
      if (certificate.leaf.empty()) certificate.leaf = one;
    }
    return certificate;
  }
  void write(Writer& writer) const {
    writer.prefixed24([&](Writer& list) {
      if (!leaf.empty()) list.opaque24(leaf);
    });
  }
};

}  // namespace redan::dtls::v12
