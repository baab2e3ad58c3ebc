#pragma once

#include "rtc/dtls/hello/extensions.hpp"
#include "rtc/dtls/hello/random.hpp"
#include "rtc/dtls/record/record_header.hpp"

namespace redan::dtls {

// RFC 6347 section 4.2.1:
//    struct {
//      ProtocolVersion client_version;
//      Random random;
//      SessionID session_id;
//      opaque cookie<0..2^8-1>;
//      CipherSuite cipher_suites<2..2^16-1>;
//      CompressionMethod compression_methods<1..2^8-1>;
//      Extension extensions<0..2^16-1>;
//    } ClientHello;
struct ClientHello {
  /// TLS_EMPTY_RENEGOTIATION_INFO_SCSV, RFC 5746 section 3.3.
  static constexpr std::uint16_t kRenegotiationScsv = 0x00FF;

  std::uint16_t version = kDtls12;
  Random random{};
  Bytes session_id;
  Bytes cookie;
  CodePoints cipher_suites;
  Bytes compression_methods;
  Extensions extensions;

  /// Spans are borrowed from `body`.
  static std::optional<ClientHello> parse(Bytes body) {
    Reader reader(body);
    ClientHello hello;
    hello.version = reader.u16();
    const Bytes random = reader.bytes(hello.random.size());
    hello.session_id = reader.opaque8();
    hello.cookie = reader.opaque8();
    hello.cipher_suites = {reader.opaque16()};
    hello.compression_methods = reader.opaque8();
    if (!reader.ok() || hello.session_id.size() > 32 || hello.cipher_suites.bytes.empty() ||
        hello.cipher_suites.bytes.size() % 2 != 0 || hello.compression_methods.empty()) {
      return std::nullopt;
    }
    std::copy(random.begin(), random.end(), hello.random.begin());
    const auto extensions = Extensions::parse(reader);
    if (!extensions) return std::nullopt;
    hello.extensions = *extensions;
    return hello;
  }

  /// RFC 5746 section 3.6: by the extension, or by the cipher suite that signals it.
  [[nodiscard]] bool offers_renegotiation_info() const {
    return extensions.renegotiated_connection.has_value() || cipher_suites.contains(kRenegotiationScsv);
  }

  /// Of the extensions of DTLS 1.3.
  [[nodiscard]] bool offers(std::uint16_t dtls_version) const {
    return extensions.supported_versions && extensions.supported_versions->contains(dtls_version);
  }

  /// What a hello that offers DTLS 1.3 has besides.
  struct Offer13 {
    bool offers_dtls12 = true;
    std::span<const KeyShare> shares{};
    Bytes cookie{};  ///< of a HelloRetryRequest
  };

  /// Writes our own, with every suite and signature scheme that we support. `cookie` is that of a HelloVerifyRequest.
  static void write(Writer& writer, const Random& random, Bytes cookie, std::span<const Group> groups,
                    std::span<const std::uint16_t> srtp_profiles, const Offer13* offer = nullptr) {
    const bool dtls12 = offer == nullptr || offer->offers_dtls12;
    writer.u16(kDtls12);
    writer.bytes(random);
    writer.u8(0);  // no session to resume
    writer.opaque8(cookie);
    writer.prefixed16([&](Writer& list) {
      for (const CipherSuite& suite : kCipherSuites13) {
        if (offer != nullptr) list.u16(suite.id);
      }
      for (const CipherSuite& suite : kCipherSuites) {
        if (dtls12) list.u16(suite.id);
      }
    });
    writer.prefixed8([](Writer& list) { list.u8(0); });
    writer.prefixed16([&](Writer& w) {
      if (dtls12) write_common_extensions(w, {});
      write_extension(w, ExtensionType::supported_groups, [&](Writer& e) {
        e.prefixed16([&](Writer& list) {
          for (const Group group : groups) {
            if (offer != nullptr || serves_dtls12(group)) list.u16(static_cast<std::uint16_t>(group));
          }
        });
      });
      write_extension(w, ExtensionType::signature_algorithms, [](Writer& e) { write_signature_schemes(e); });
      write_use_srtp(w, srtp_profiles);
      if (offer != nullptr) write_offer_13(w, *offer);
    });
  }

 private:
  static void write_offer_13(Writer& writer, const Offer13& offer) {
    write_extension(writer, ExtensionType::supported_versions, [&](Writer& e) {
      e.prefixed8([&](Writer& list) {
        list.u16(kDtls13);
        if (offer.offers_dtls12) list.u16(kDtls12);
      });
    });
    write_extension(writer, ExtensionType::key_share, [&](Writer& e) {
      e.prefixed16([&](Writer& list) {
        for (const KeyShare& share : offer.shares) share.write(list);
      });
    });
    if (offer.cookie.empty()) return;
    write_extension(writer, ExtensionType::cookie, [&](Writer& e) { e.opaque16(offer.cookie); });
  }
};

}  // namespace redan::dtls
