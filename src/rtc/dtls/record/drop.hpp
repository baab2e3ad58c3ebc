// Why input is dropped. Each drop increments one counter.
#pragma once

#include <cstdint>

namespace redan::dtls {

enum class Drop : std::uint8_t {
  malformed_record,    ///< header or length does not parse, or an unknown type or version
  wrong_epoch,         ///< an epoch without keys
  replayed,            ///< too old for the window, or seen before
  bad_tag,             ///< did not authenticate
  early_data,          ///< plaintext application data, or more early records than are kept
  malformed_message,   ///< a handshake message, alert or extension that does not parse
  unexpected_message,  ///< a handshake message that is not expected now
  refused_message,     ///< a well-formed plaintext message that failed a check
  disagreeing_fragment,
  plaintext_alert,  ///< an alert without protection
  over_budget,      ///< an unproven peer asks for more answers, work or room than it may have
  inbox_full,       ///< the application data was not taken in time
  count_
};

}  // namespace redan::dtls
