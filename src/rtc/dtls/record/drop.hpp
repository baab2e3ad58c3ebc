// Why input is dropped. Each drop increments one counter.
#pragma once

#include <cstdint>

namespace redan::dtls {

enum class Drop : std::uint8_t {
  malformed_record,    ///< header or length does not parse, or an unknown type or version
  wrong_epoch,         ///< an epoch we have no keys for
  replayed,            ///< outside the window, or seen
  bad_tag,             ///< did not authenticate
  early_data,          ///< application data in the clear, or more than is kept before the handshake is done
  malformed_message,   ///< a handshake message, alert or extension that does not parse
  unexpected_message,  ///< a handshake message that the flight table does not allow now
  refused_message,     ///< a well-formed message in the clear that failed a check
  disagreeing_fragment,
  plaintext_alert,  ///< an alert in epoch 0: a hint, no more
  over_budget,      ///< an unproven peer asks for more answers, work or room than there is
  inbox_full,       ///< nobody drained the application data
  count_
};

}  // namespace redan::dtls
