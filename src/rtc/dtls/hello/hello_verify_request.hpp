#pragma once

#include <optional>

#include "base/reader.hpp"
#include "base/writer.hpp"
#include "rtc/dtls/record/record_header.hpp"

namespace redan::dtls {

// RFC 6347 section 4.2.1:
//    struct {
//      ProtocolVersion server_version;
//      opaque cookie<0..2^8-1>;
//    } HelloVerifyRequest;
struct HelloVerifyRequest {
  /// Does not show the version in use (RFC 6347 section 4.2.1): any is accepted.
  std::uint16_t version = kDtls10;
  Bytes cookie;

  static std::optional<HelloVerifyRequest> parse(Bytes body) {
    Reader reader(body);
    HelloVerifyRequest request;
    request.version = reader.u16();
    request.cookie = reader.opaque8();
    if (!reader.done()) return std::nullopt;
    return request;
  }
  void write(Writer& writer) const {
    writer.u16(version);
    writer.opaque8(cookie);
  }
};

}  // namespace redan::dtls
