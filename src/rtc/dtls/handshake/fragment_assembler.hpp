// Puts handshake fragments together: any split, order, overlap or repetition, for every message, the first ClientHello
// included. Compares each fragment with the table of what may come, before it stores a byte.
#pragma once

#include <vector>

#include "rtc/dtls/handshake/message.hpp"

namespace redan::dtls {

class FragmentAssembler {
 public:
  /// Holds at most this much memory, whatever a peer announces; and never more than twice what came.
  static constexpr std::size_t kMaxBuffered = 16 * 1024;

  enum class Verdict : std::uint8_t {
    stored,
    repeated,    ///< of a flight that is already behind us
    unexpected,  ///< not in the table, or in the wrong epoch
    displacing,  ///< stored, in the place of a message of another type or length
    too_large
  };

  /// What comes next: `flight` starts at message number `first`. Forgets all that is held.
  void expect(std::uint16_t first, std::span<const ExpectedMessage> flight);

  /// `body` is the fragment alone. Of two fragments that disagree one is forged; which, nobody can say yet, so the
  /// later one wins: a forger can at most delay, for the genuine one is repeated until it is answered.
  Verdict add(const HandshakeHeader& header, Epoch epoch, Bytes body);

  /// The message in slot `index` of the flight, if it is whole. Lives until the next call that changes something.
  [[nodiscard]] std::optional<HandshakeMessage> message(std::size_t index) const;
  /// The first `count` messages are whole.
  [[nodiscard]] bool whole(std::size_t count) const;
  /// Another version of the message in slot `index` came, too.
  [[nodiscard]] bool contested(std::size_t index) const { return index < slots_.size() && slots_[index].contested; }
  [[nodiscard]] std::uint16_t first() const { return first_; }
  /// Bytes allocated for fragments.
  [[nodiscard]] std::size_t memory() const;

  /// Drops all that is held: it was judged, and the genuine messages may still come.
  void forget();

 private:
  struct Range {
    std::uint32_t begin = 0;
    std::uint32_t end = 0;
  };
  struct Slot {
    HandshakeType type{};
    std::uint32_t length = 0;
    bool started = false;
    bool contested = false;
    std::vector<std::uint8_t> bytes;  // what came, in order, without the gaps
    std::vector<Range> ranges;        // where it belongs; neither overlapping nor touching

    [[nodiscard]] std::size_t memory() const { return bytes.capacity() + ranges.capacity() * sizeof(Range); }
    /// Makes room for `added` more bytes and one more range, not beyond `limit` bytes of memory.
    bool reserve(std::size_t added, std::size_t limit);
    void store(Range range, Bytes body);
  };

  std::uint16_t first_ = 0;
  std::span<const ExpectedMessage> flight_;
  std::vector<Slot> slots_;
};

}  // namespace redan::dtls
