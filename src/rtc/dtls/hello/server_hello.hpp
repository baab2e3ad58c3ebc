#pragma once

#include "rtc/dtls/hello/extensions.hpp"
#include "rtc/dtls/hello/random.hpp"
#include "rtc/dtls/record/record_header.hpp"

namespace redan::dtls {

// RFC 5246 section 7.4.1.3:
//    struct {
//      ProtocolVersion server_version;
//      Random random;
//      SessionID session_id;
//      CipherSuite cipher_suite;
//      CompressionMethod compression_method;
//      Extension extensions<0..2^16-1>;
//    } ServerHello;
struct ServerHello {
  std::uint16_t version = kDtls12;
  Random random{};
  std::uint16_t cipher_suite = 0;
  std::uint8_t compression_method = 0;
  Extensions extensions;

  static std::optional<ServerHello> parse(Bytes body) {
    Reader reader(body);
    ServerHello hello;
    hello.version = reader.u16();
    const Bytes random = reader.bytes(hello.random.size());
    const Bytes session_id = reader.opaque8();
    hello.cipher_suite = reader.u16();
    hello.compression_method = reader.u8();
    if (!reader.ok() || session_id.size() > 32) return std::nullopt;
    std::copy(random.begin(), random.end(), hello.random.begin());
    const auto extensions = Extensions::parse(reader);
    if (!extensions) return std::nullopt;
    hello.extensions = *extensions;
    return hello;
  }

  /// Writes our own. It may contain only extensions that the client offered.
  static void write(Writer& writer, const Random& random, const CipherSuite& suite, CommonExtensions common,
                    std::span<const std::uint16_t> srtp_profile) {
    writer.u16(kDtls12);
    writer.bytes(random);
    writer.u8(0);  // no resumption
    writer.u16(suite.id);
    writer.u8(0);
    writer.prefixed16([&](Writer& w) {
      write_common_extensions(w, common);
      write_use_srtp(w, srtp_profile);
    });
  }
};

}  // namespace redan::dtls
