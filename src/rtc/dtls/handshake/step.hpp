// What a side of the handshake makes of a message.
#pragma once

#include <redan/error.hpp>
#include <variant>

#include "rtc/dtls/record/alert.hpp"

namespace redan::dtls {

struct Verdict {
  Errc reason{};
  AlertDescription alert{};
  /// The peer signed it over our random: nobody repeats what somebody else said.
  bool proven = false;
};
/// nullopt: in order.
using Check = std::optional<Verdict>;

struct Waiting {};
/// The handshake got on: there is a new flight to send.
struct Progress {};
/// The peer repeated a whole flight of its own: it waits for ours.
struct Repetition {};
/// The messages were dropped: they came in the clear, and the genuine ones may still come. `verdict` is the best guess
/// why.
struct Doubt {
  Verdict verdict;
};
using Step = std::variant<Waiting, Progress, Repetition, Doubt>;

/// What does not even parse.
inline constexpr Verdict kMalformed{Errc::dtls_illegal_parameter, AlertDescription::decode_error};
inline constexpr Verdict kIllegal{Errc::dtls_illegal_parameter, AlertDescription::illegal_parameter};

}  // namespace redan::dtls
