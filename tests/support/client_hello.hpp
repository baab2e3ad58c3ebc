// ClientHellos of any kind, for servers to refuse or accept.
#pragma once

#include <vector>

#include "rtc/dtls/handshake/message.hpp"
#include "rtc/dtls/hello/client_hello.hpp"

namespace redan::test {

struct HelloParts {
  std::uint16_t version = dtls::kDtls12;
  std::vector<std::uint16_t> suites{0x1301, 0xC02B, 0xC02F};
  std::vector<std::uint16_t> groups{0x11EC, 29, 23};
  std::vector<std::uint16_t> schemes{0x0403, 0x0804, 0x0401};
  std::vector<std::uint16_t> versions{};
  std::vector<std::uint16_t> srtp_profiles{1};
  std::vector<std::uint8_t> compression{0};
  bool extended_master_secret = true;
  std::vector<std::uint8_t> extra_extensions{};  ///< raw, appended
  bool renegotiation_info = true;
  std::vector<std::uint8_t> renegotiation{};
  std::uint8_t random = 0;  ///< its first byte
  std::size_t trailing_bytes = 0;
};

inline std::vector<std::uint8_t> hello_body(const HelloParts& parts) {
  using dtls::ExtensionType;
  std::vector<std::uint8_t> body(4096);
  Writer w(body);
  const auto list = [](Writer& out, const std::vector<std::uint16_t>& values) {
    for (const std::uint16_t value : values) out.u16(value);
  };
  w.u16(parts.version);
  w.u8(parts.random);
  for (std::uint8_t i = 1; i < 32; ++i) w.u8(i);
  w.u8(0);
  w.u8(0);
  w.prefixed16([&](Writer& l) { list(l, parts.suites); });
  w.opaque8(parts.compression);
  w.prefixed16([&](Writer& e) {
    const auto listed = [&](ExtensionType type, const std::vector<std::uint16_t>& values) {
      dtls::write_extension(e, type, [&](Writer& x) { x.prefixed16([&](Writer& l) { list(l, values); }); });
    };
    if (parts.extended_master_secret) dtls::write_extension(e, ExtensionType::extended_master_secret, [](Writer&) {});
    if (parts.renegotiation_info) {
      dtls::write_extension(e, ExtensionType::renegotiation_info, [&](Writer& x) { x.opaque8(parts.renegotiation); });
    }
    if (!parts.groups.empty()) listed(ExtensionType::supported_groups, parts.groups);
    if (!parts.schemes.empty()) listed(ExtensionType::signature_algorithms, parts.schemes);
    if (!parts.versions.empty()) {
      dtls::write_extension(e, ExtensionType::supported_versions,
                            [&](Writer& x) { x.prefixed8([&](Writer& l) { list(l, parts.versions); }); });
    }
    if (!parts.srtp_profiles.empty()) dtls::write_use_srtp(e, parts.srtp_profiles);
    e.bytes(parts.extra_extensions);
  });
  w.zeros(parts.trailing_bytes);
  body.resize(w.size());
  return body;
}

/// One datagram with the message in one record.
inline std::vector<std::uint8_t> handshake_datagram(dtls::HandshakeType type, std::uint16_t seq, Bytes body,
                                                    std::uint64_t record_sequence = 0) {
  std::vector<std::uint8_t> datagram(dtls::RecordHeader::kSize + dtls::HandshakeHeader::kSize + body.size());
  Writer w(datagram);
  const auto size = static_cast<std::uint32_t>(body.size());
  dtls::RecordHeader{dtls::ContentType::handshake, dtls::kDtls10, dtls::Epoch::plaintext, record_sequence,
                     static_cast<std::uint16_t>(size + dtls::HandshakeHeader::kSize)}
      .write(w);
  dtls::HandshakeHeader{type, size, seq, 0, size}.write(w);
  w.bytes(body);
  return datagram;
}

inline std::vector<std::uint8_t> hello_datagram(const HelloParts& parts) {
  return handshake_datagram(dtls::HandshakeType::client_hello, 0, hello_body(parts));
}

}  // namespace redan::test
