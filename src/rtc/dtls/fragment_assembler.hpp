// Puts handshake fragments together: any split, order, overlap or repetition, for every message, the first ClientHello
// included. Compares each fragment with the table of what may come, before it stores a byte.
#pragma once

#include <vector>

#include "rtc/dtls/handshake.hpp"

namespace redan::dtls {

class FragmentAssembler {
 public:
  /// A handshake holds at most this much here, whatever a peer announces.
  static constexpr std::size_t kMaxBuffered = 16 * 1024;
  static constexpr std::size_t kMaxSlots = 5;

  enum class Verdict : std::uint8_t {
    stored,
    repeated,     ///< of a flight that is already behind us: the peer repeats itself
    unexpected,   ///< not in the table, or in the wrong epoch
    displacing,   ///< stored, in the place of an unfinished message of another type or length
    disagreeing,  ///< its type or length is not that of the whole message held
    too_large
  };

  /// What comes next: `flight` starts at message number `first`. Forgets all that is held.
  void expect(std::uint16_t first, std::span<const ExpectedMessage> flight);

  /// `body` is the fragment alone. Bytes once stored stay. Of two fragments that disagree about a message's type or
  /// length one is forged; which, nobody can say yet, so the later one wins until a message is whole. The genuine one
  /// is repeated until it arrives; a whole message stays until it is judged.
  Verdict add(const HandshakeHeader& header, std::uint16_t epoch, Bytes body);

  /// The message in slot `index` of the flight, if it is whole. Lives until expect() or forget().
  [[nodiscard]] std::optional<HandshakeMessage> message(std::size_t index) const;
  /// The first `count` messages are whole.
  [[nodiscard]] bool whole(std::size_t count) const;
  [[nodiscard]] std::uint16_t first() const { return first_; }

  /// Drops what slots from..to-1 hold: it did not verify, and the genuine messages may still come.
  void forget(std::size_t from, std::size_t to);

 private:
  struct Slot {
    HandshakeType type{};
    std::uint32_t length = 0;
    bool started = false;
    std::uint32_t received = 0;
    std::vector<std::uint8_t> bytes;
    std::vector<bool> present;
  };
  [[nodiscard]] std::size_t buffered() const;

  std::uint16_t first_ = 0;
  std::span<const ExpectedMessage> flight_;
  std::array<Slot, kMaxSlots> slots_;
};

}  // namespace redan::dtls
