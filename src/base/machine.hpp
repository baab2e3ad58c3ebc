// The contract of every machine (ICE agent, DTLS connection, SCTP association, peer, endpoint).
//
//   handle_input(now, ...)      accepts received bytes, borrowed for the call, which it may change; returns nothing
//   poll_output(now, buffer)    returns the next action; Wait means that there is nothing to do until then
//
// After any other call, call poll_output until it returns Wait. Timers fire inside it. Polling late, or stopping before
// Wait, does no harm. A span inside an output is valid until the next call on the object.
#pragma once

#include <concepts>
#include <redan/types.hpp>
#include <variant>

namespace redan {

template <class M>
concept Machine = requires(M machine, TimePoint now, MutableBytes buffer) {
  { machine.poll_output(now, buffer) } -> std::same_as<typename M::Output>;
  requires requires(typename M::Output output) { std::get<Wait>(output); };
};

}  // namespace redan
