// Alerts, RFC 5246 section 7.2. A plaintext alert is not authenticated, so it never terminates a connection.
#pragma once

#include <optional>

#include "base/reader.hpp"
#include "base/writer.hpp"

namespace redan::dtls {

enum class AlertLevel : std::uint8_t { warning = 1, fatal = 2 };

enum class AlertDescription : std::uint8_t {
  close_notify = 0,
  unexpected_message = 10,
  bad_record_mac = 20,
  record_overflow = 22,
  handshake_failure = 40,
  bad_certificate = 42,
  illegal_parameter = 47,
  decode_error = 50,
  decrypt_error = 51,
  protocol_version = 70,
  insufficient_security = 71,
  internal_error = 80,
  no_renegotiation = 100,
  missing_extension = 109,
  unsupported_extension = 110,
  certificate_required = 116,
};

//    struct { AlertLevel level; AlertDescription description; } Alert;
struct Alert {
  static constexpr std::size_t kSize = 2;

  AlertLevel level = AlertLevel::fatal;
  AlertDescription description = AlertDescription::internal_error;

  static std::optional<Alert> parse(Bytes bytes) {
    Reader reader(bytes);
    const std::uint8_t level = reader.u8();
    const std::uint8_t description = reader.u8();
    if (!reader.done() || (level != 1 && level != 2)) return std::nullopt;
    return Alert{static_cast<AlertLevel>(level), static_cast<AlertDescription>(description)};
  }
  void write(Writer& writer) const {
    writer.u8(static_cast<std::uint8_t>(level));
    writer.u8(static_cast<std::uint8_t>(description));
  }
};

}  // namespace redan::dtls
