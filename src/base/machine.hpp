// The contract of every machine (ICE agent, DTLS connection, SCTP association, peer, endpoint), stated once.
//
//   handle_input(now, ...)      bytes came in; returns nothing; the span is borrowed for the call and may be changed
//   poll_output(now, buffer)    the next thing to do; Wait means: nothing until then
//
// Call poll_output after anything else until it returns Wait. Timers fire inside it. A late or partial drain is
// harmless. A span inside an output lives until the next call on the object.
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
