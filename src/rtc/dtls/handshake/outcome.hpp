// What a handshake message leads to.
#pragma once

#include <variant>

#include "rtc/dtls/handshake/failure.hpp"

namespace redan::dtls {

/// More messages must come first.
struct Incomplete {};
/// The handshake made progress: there is a new flight to send.
struct NewFlight {};
/// The peer repeated a whole flight: it waits for ours.
struct RepeatedFlight {};
/// The messages were dropped. They are plaintext and may be forged, so the genuine ones may still come.
struct Rejected {
  Failure failure;
};
/// A HelloRetryRequest is to be sent; there is no state behind it (DTLS 1.3).
struct RetryRequest {};
/// There are keys: protected messages may be read now (DTLS 1.3).
struct NewKeys {};
/// The peer is proven (DTLS 1.3).
struct Proven {};
using Outcome = std::variant<Incomplete, NewFlight, RepeatedFlight, Rejected, RetryRequest, NewKeys, Proven>;

}  // namespace redan::dtls
