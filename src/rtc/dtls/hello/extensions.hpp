// Hello extensions, RFC 5246 section 7.4.1.4: those that we use. Unknown ones are skipped, repeated ones rejected.
#pragma once

#include <optional>

#include "base/reader.hpp"
#include "base/writer.hpp"
#include "rtc/dtls/hello/cipher_suite.hpp"
#include "rtc/dtls/hello/key_share.hpp"

namespace redan::dtls {

enum class ExtensionType : std::uint16_t {
  supported_groups = 10,        // RFC 8422
  ec_point_formats = 11,        // RFC 8422
  signature_algorithms = 13,    // RFC 5246
  use_srtp = 14,                // RFC 5764
  extended_master_secret = 23,  // RFC 7627
  supported_versions = 43,      // RFC 8446
  cookie = 44,                  // RFC 8446
  key_share = 51,               // RFC 8446
  renegotiation_info = 0xFF01,  // RFC 5746
};

/// A list of 16-bit code points, borrowed from the message.
struct CodePoints {
  Bytes bytes;
  [[nodiscard]] bool contains(std::uint16_t value) const {
    for (Reader reader(bytes); !reader.empty();) {
      if (reader.u16() == value) return true;
    }
    return false;
  }
};

//    struct {
//       SRTPProtectionProfiles SRTPProtectionProfiles;
//       opaque srtp_mki<0..255>;
//    } UseSRTPData;
struct UseSrtp {
  CodePoints profiles;
  Bytes mki;
};

/// Some extensions have another form in each hello. A HelloRetryRequest is a server's.
enum class HelloSender : std::uint8_t { client, server };

/// The extensions of a ClientHello or ServerHello, or of EncryptedExtensions (RFC 8446 section 4.3.1), as received.
/// Spans are borrowed from the message.
struct Extensions {
  bool extended_master_secret = false;
  bool ec_point_formats = false;
  std::optional<Bytes> renegotiated_connection;
  std::optional<CodePoints> supported_groups;
  std::optional<CodePoints> signature_algorithms;
  std::optional<CodePoints> supported_versions;   ///< a client's
  std::optional<std::uint16_t> selected_version;  ///< a server's
  std::optional<KeyShares> key_shares;            ///< a client's
  std::optional<KeyShare> key_share;              ///< a server's; without a key in a HelloRetryRequest
  std::optional<Bytes> cookie;
  std::optional<UseSrtp> use_srtp;
  bool unknown = false;  ///< an unknown extension: legal in a ClientHello, illegal in a ServerHello

  /// Reads the rest of a hello, which may be empty. nullopt if malformed or if an extension appears twice.
  static std::optional<Extensions> parse(Reader& rest, HelloSender sender = HelloSender::client);

 private:
  bool read(std::uint16_t type, Reader data, HelloSender sender);
  bool read_supported_versions(Reader data, HelloSender sender);
  bool read_key_share(Reader data, HelloSender sender);
};

/// Writes one extension: its type, and what `body(Writer&)` writes.
template <class Body>
void write_extension(Writer& writer, ExtensionType type, Body&& body) {
  writer.u16(static_cast<std::uint16_t>(type));
  writer.prefixed16(body);
}

/// Which of the extensions that appear in both hellos are written; extended_master_secret always is.
struct CommonExtensions {
  bool renegotiation_info = true;  ///< empty: an initial handshake
  bool ec_point_formats = true;
  bool operator==(const CommonExtensions&) const = default;
};
void write_common_extensions(Writer& writer, CommonExtensions which);
void write_use_srtp(Writer& writer, std::span<const std::uint16_t> profiles);
void write_signature_schemes(Writer& writer);

}  // namespace redan::dtls
