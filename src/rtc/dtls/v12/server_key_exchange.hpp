#pragma once

#include <optional>

#include "base/reader.hpp"
#include "base/writer.hpp"

namespace redan::dtls::v12 {

// RFC 8422 section 5.4:
//    struct {
//      ECCurveType curve_type;           /* named_curve(3) */
//      NamedCurve namedcurve;
//      ECPoint public;                   /* opaque point<1..2^8-1> */
//    } ServerECDHParams;
//    struct {
//      ServerECDHParams params;
//      SignatureAndHashAlgorithm algorithm;
//      opaque signature<0..2^16-1>;      /* over client_random, server_random, params */
//    } ServerKeyExchange;
struct ServerKeyExchange {
  static constexpr std::uint8_t kNamedCurve = 3;

  std::uint16_t group = 0;
  Bytes public_key;
  Bytes params;  ///< as received, for the signature
  std::uint16_t scheme = 0;
  Bytes signature;

  static std::optional<ServerKeyExchange> parse(Bytes body) {
    Reader reader(body);
    ServerKeyExchange exchange;
    const std::uint8_t curve_type = reader.u8();
    exchange.group = reader.u16();
    exchange.public_key = reader.opaque8();
    exchange.params = body.first(body.size() - reader.remaining());
    exchange.scheme = reader.u16();
    exchange.signature = reader.opaque16();
    if (!reader.done() || curve_type != kNamedCurve) return std::nullopt;
    return exchange;
  }
  static void write_params(Writer& writer, std::uint16_t group, Bytes public_key) {
    writer.u8(kNamedCurve);
    writer.u16(group);
    writer.opaque8(public_key);
  }
};

}  // namespace redan::dtls::v12
