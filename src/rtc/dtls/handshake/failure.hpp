// Why a handshake message, or the whole handshake, is rejected.
#pragma once

#include <optional>
#include <redan/error.hpp>

#include "rtc/dtls/record/alert.hpp"

namespace redan::dtls {

struct Failure {
  Errc reason{};
  AlertDescription alert{};
  /// The peer signed the rejected messages over our random, so they cannot come from another handshake.
  bool proven = false;
};
/// Empty if the check passed.
using Check = std::optional<Failure>;

inline constexpr Failure kMalformed{Errc::dtls_illegal_parameter, AlertDescription::decode_error};
inline constexpr Failure kIllegal{Errc::dtls_illegal_parameter, AlertDescription::illegal_parameter};
inline constexpr Failure kUnexpected{Errc::dtls_illegal_parameter, AlertDescription::unexpected_message};

/// How a connection ends.
struct Ending {
  Errc reason{};
  /// The alert that we send, if any.
  std::optional<Alert> alert{};
  /// The alert that the peer sent, with dtls_peer_alert.
  AlertDescription peer_alert = AlertDescription::close_notify;
};

}  // namespace redan::dtls
