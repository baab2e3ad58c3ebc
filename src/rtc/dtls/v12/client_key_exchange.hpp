#pragma once

#include <optional>

#include "base/reader.hpp"
#include "base/writer.hpp"

namespace redan::dtls::v12 {

// RFC 8422 section 5.7:
//    struct { ECPoint ecdh_Yc; } ClientECDiffieHellmanPublic;   /* opaque point<1..2^8-1> */
struct ClientKeyExchange {
  Bytes public_key;

  static std::optional<ClientKeyExchange> parse(Bytes body) {
    Reader reader(body);
    const Bytes point = reader.opaque8();
    if (!reader.done() || point.empty()) return std::nullopt;
    return ClientKeyExchange{point};
  }
  void write(Writer& writer) const { writer.opaque8(public_key); }
};

}  // namespace redan::dtls::v12
