#pragma once

#include "rtc/dtls/handshake/authentication.hpp"
#include "rtc/dtls/handshake/role.hpp"

namespace redan::dtls::v13 {

/// What a CertificateVerify signs (RFC 8446 section 4.4.3): 64 spaces, the sender, a zero, and the hash of the messages
/// up to its Certificate.
class SignedContent {
 public:
  SignedContent(Role sender, const Digest& transcript) : writer_(bytes_) {
    constexpr std::string_view kClient = "TLS 1.3, client CertificateVerify";
    constexpr std::string_view kServer = "TLS 1.3, server CertificateVerify";
    std::fill_n(writer_.reserve(64).begin(), 64, std::uint8_t{' '});
    writer_.bytes(as_bytes(sender == Role::client ? kClient : kServer));
    writer_.u8(0);
    writer_.bytes(transcript.bytes());
  }
  SignedContent(const SignedContent&) = delete;
  SignedContent& operator=(const SignedContent&) = delete;
  [[nodiscard]] Bytes bytes() const { return writer_.written(); }

 private:
  std::array<std::uint8_t, 64 + 33 + 1 + kMaxHashSize> bytes_{};
  Writer writer_;
};

// RFC 8446 section 4.4.3:
//    struct {
//        SignatureScheme algorithm;
//        opaque signature<0..2^16-1>;
//    } CertificateVerify;
struct CertificateVerify {
  std::uint16_t scheme = 0;
  Bytes signature;

  static std::optional<CertificateVerify> parse(Bytes body) {
    Reader reader(body);
    CertificateVerify verify;
    verify.scheme = reader.u16();
    verify.signature = reader.opaque16();
    if (!reader.done()) return std::nullopt;
    return verify;
  }
  void write(Writer& writer) const {
    writer.u16(scheme);
    writer.opaque16(signature);
  }
};

}  // namespace redan::dtls::v13
