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
  Bytes session_id;  ///< borrowed from the message
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
    hello.session_id = session_id;
    const auto extensions = Extensions::parse(reader, HelloSender::server);
    if (!extensions) return std::nullopt;
    hello.extensions = *extensions;
    return hello;
  }

  /// The version that this message chooses (RFC 8446 section 4.2.1).
  [[nodiscard]] std::uint16_t chosen_version() const { return extensions.selected_version.value_or(version); }
  [[nodiscard]] bool is_retry_request() const { return random == kRetryRequest; }

  /// Writes that of DTLS 1.3 (RFC 8446 section 4.1.3), and with kRetryRequest as the random a HelloRetryRequest
  /// (section 4.1.4): there `share` has no key, or no group at all, and `cookie` is not empty.
  static void write_13(Writer& writer, const Random& random, const CipherSuite& suite, KeyShare share, Bytes cookie) {
    writer.u16(kDtls12);
    writer.bytes(random);
    writer.u8(0);  // RFC 9147 section 5: the session id is not echoed
    writer.u16(suite.id);
    writer.u8(0);
    writer.prefixed16([&](Writer& w) {
      write_extension(w, ExtensionType::supported_versions, [](Writer& e) { e.u16(kDtls13); });
      if (!share.key.empty()) {
        write_extension(w, ExtensionType::key_share, [&](Writer& e) { share.write(e); });
      } else if (share.group != 0) {
        write_extension(w, ExtensionType::key_share, [&](Writer& e) { e.u16(share.group); });
      }
      if (cookie.empty()) return;
      write_extension(w, ExtensionType::cookie, [&](Writer& e) { e.opaque16(cookie); });
    });
  }

  /// Writes our own of DTLS 1.2. It may contain only extensions that the client offered.
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
