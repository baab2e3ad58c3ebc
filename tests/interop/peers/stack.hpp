// The stacks that the tests use, and what each of them does not support.
#pragma once

#include <map>
#include <ostream>

#include "tests/support/child_process.hpp"

namespace redan::test {

/// Features that some stack lacks.
enum class Feature {
  answer_active,        ///< answers "passive" to a full agent's offer that is "active"
  answer_active_lite,   ///< ... to a lite one's
  answer_passive,       ///< answers "active" to a full agent's offer that is "passive"
  answer_passive_lite,  ///< ... to a lite one's
  wide_labels,          ///< labels outside ASCII
  channel_parameters,   ///< reports order and limits of a channel
  unordered_limits,     ///< reports its channels as unordered if they have a limit
  empty_messages,
  close_notice,         ///< notifies the other side when it closes
  sees_channels_close,  ///< reports that the channels are closed when the other side closes
  sees_close,           ///< ... that the connection is
  ice_restart,          ///< offers an ICE restart, to a full agent
  ice_restart_lite,     ///< ... to a lite one
  older_data_section,   ///< offers DTLS/SCTP with a=sctpmap
  sctp_port,            ///< another than 5000
  media,
};

struct Stack {
  std::string name;
  Arguments program;
  std::size_t largest_message;  ///< that it accepts and sends
  std::map<Feature, std::string> cannot;

  friend std::ostream& operator<<(std::ostream& out, const Stack& stack) { return out << stack.name; }
};

const std::vector<Stack>& stacks();

}  // namespace redan::test
