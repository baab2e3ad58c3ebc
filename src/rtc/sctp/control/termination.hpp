// The end of an association (RFC 9260 section 9): its reason, and the last chunk that goes.
#pragma once

#include <redan/error.hpp>

#include <utility>
#include <variant>

#include "rtc/sctp/packet/control.hpp"

namespace redan::sctp {

/// First the last chunk is written, then the reason is reported, each once.
class Termination {
 public:
  [[nodiscard]] bool begun() const { return !std::holds_alternative<Running>(state_); }
  /// `last_chunk` is ABORT, with a cause, or SHUTDOWN COMPLETE; without one the association ends in silence. The first
  /// call counts.
  void begin(Errc reason, std::optional<ChunkType> last_chunk = {}, CauseCode cause = CauseCode::none) {
    if (!begun()) state_ = Ending{reason, last_chunk, cause};
  }
  [[nodiscard]] bool chunk_due() const {
    const auto* ending = std::get_if<Ending>(&state_);
    return ending != nullptr && ending->last_chunk;
  }
  void write(Writer& chunks) {
    if (!chunk_due()) return;
    auto& ending = std::get<Ending>(state_);
    ErrorCauses{0, ending.cause, {}}.write(chunks, *ending.last_chunk);
    ending.last_chunk.reset();
  }
  std::optional<Errc> take_reason() {
    const auto* ending = std::get_if<Ending>(&state_);
    if (ending == nullptr) return std::nullopt;
    const Errc reason = ending->reason;
    state_ = Ended{};
    return reason;
  }

 private:
  struct Running {};
  struct Ending {
    Errc reason;
    std::optional<ChunkType> last_chunk;
    CauseCode cause;
  };
  struct Ended {};

  std::variant<Running, Ending, Ended> state_;
};

}  // namespace redan::sctp
