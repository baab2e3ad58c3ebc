// Assembles handshake messages from fragments in any split, order, overlap or repetition; the first ClientHello, too.
// Compares each fragment with the table of expected messages before it stores a byte.
#pragma once

#include <vector>

#include "rtc/dtls/handshake/message.hpp"

namespace redan::dtls {

class FragmentAssembler {
 public:
  /// Allocates at most this much memory, and never more than twice the bytes received, whatever a peer announces.
  static constexpr std::size_t kMaxBuffered = 16 * 1024;

  enum class Verdict : std::uint8_t {
    stored,
    repeated,    ///< of a flight that is complete
    unexpected,  ///< not in the table, or in the wrong epoch
    displacing,  ///< stored, in the place of a message of another type or length
    too_large
  };

  /// Expects the messages of `flight`, which starts at message number `first`. Forgets all fragments.
  void expect(std::uint16_t first, std::span<const ExpectedMessage> flight);

  /// `body` is the fragment alone. Of two fragments that disagree one is forged, and it is not known which: the later
  /// one wins. A forger can only delay, because the genuine fragment is repeated until it is answered.
  Verdict add(const HandshakeHeader& header, Epoch epoch, Bytes body);

  /// The message in slot `index` of the flight, if it is whole. Lives until the next call that changes something.
  [[nodiscard]] std::optional<HandshakeMessage> message(std::size_t index) const;
  /// The first `count` messages are whole.
  [[nodiscard]] bool whole(std::size_t count) const;
  /// Two versions of the message in slot `index` came.
  [[nodiscard]] bool contested(std::size_t index) const { return index < slots_.size() && slots_[index].contested; }
  [[nodiscard]] std::uint16_t first() const { return first_; }
  /// Bytes allocated for fragments.
  [[nodiscard]] std::size_t memory() const;

  /// Forgets all fragments: the messages were processed, and genuine ones may still come.
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
    std::vector<std::uint8_t> bytes;  // received, in order, without the gaps
    std::vector<Range> ranges;        // where they belong; neither overlapping nor touching

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
