// Setting an association up: INIT, INIT ACK, COOKIE ECHO and COOKIE ACK (RFC 9260 section 5). Either side may connect,
// or both at once (RFC 8841 section 9.3).
//
// No heap is used before a valid COOKIE ECHO.
#pragma once

#include <redan/random.hpp>

#include <array>
#include <optional>
#include <utility>
#include <variant>
#include <vector>

#include "base/counters.hpp"
#include "rtc/sctp/control/repeat_timer.hpp"
#include "rtc/sctp/packet/control.hpp"
#include "rtc/sctp/packet/init.hpp"
#include "rtc/sctp/packet/packet.hpp"

namespace redan::sctp {

/// What this side chose for an association.
struct LocalSide {
  VerificationTag tag;
  Tsn initial_tsn;
};

/// What the peer's INIT or INIT ACK says.
struct PeerSide {
  VerificationTag tag;
  Tsn initial_tsn;
  std::uint32_t a_rwnd = 0;
  bool forward_tsn = false;
  bool re_config = false;
  bool zero_checksum = false;

  PeerSide() = default;
  explicit PeerSide(const Init& init)
      : tag(init.initiate_tag),
        initial_tsn(init.initial_tsn),
        a_rwnd(init.a_rwnd),
        forward_tsn(init.forward_tsn),
        re_config(init.re_config),
        zero_checksum(init.zero_checksum) {}
};

struct Sides {
  LocalSide local;
  PeerSide peer;
};

/// What a COOKIE ECHO led to.
enum class CookieResult : std::uint8_t {
  refused,
  repeated,     ///< the COOKIE ACK was lost
  established,  ///< sides() is complete
  restarted,    ///< the peer began anew: sides() replaces the old association
};

class Setup {
 public:
  struct Config {
    std::size_t max_packet = 1163;
    unsigned max_retransmits = 40;
    bool accept_zero_checksum = false;
  };

  Setup(const Config& config, Counters<Drop>& drops) : config_(config), drops_(drops) {}

  /// Sends INIT, if nothing has begun yet. Offers made before are void.
  void connect(RandomSource& random);
  /// An INIT with possible values, alone in its packet and without a tag (RFC 9260 section 8.5.1).
  static bool is_init(const Packet& packet, const Chunk& chunk);
  void on_init(TimePoint now, const Packet& packet, const Chunk& chunk, RandomSource& random);
  void on_init_ack(const Packet& packet, const Chunk& chunk);
  /// `may_restart`: the association is not being shut down.
  CookieResult on_cookie_echo(TimePoint now, const Packet& packet, const Chunk& chunk, bool may_restart);
  /// True if this establishes the association.
  bool on_cookie_ack();

  /// False: the peer has not answered for too long.
  [[nodiscard]] bool run_timers(TimePoint now);
  /// INIT ACK, INIT or COOKIE ECHO have to go.
  [[nodiscard]] bool packet_due() const {
    return (offer_ && offer_->init_ack_due) || (!established() && timer() != nullptr && timer()->due());
  }
  /// Writes the first of those that are due, in a packet of its own. `header` lacks the tag.
  MutableBytes write(TimePoint now, MutableBytes buffer, CommonHeader header, std::uint32_t a_rwnd);
  void write_cookie_ack(Writer& chunks);
  [[nodiscard]] TimePoint deadline() const;

  [[nodiscard]] bool established() const { return std::holds_alternative<Established>(state_); }
  /// Null before the peer's INIT ACK or its COOKIE ECHO.
  [[nodiscard]] const Sides* sides() const;
  /// Whether the packet has the tag that its first chunk calls for (RFC 9260 section 8.5).
  [[nodiscard]] bool accepts_tag(const Packet& packet) const;
  /// RFC 9653: what a packet of the peer may come with, and whether ours need a checksum.
  [[nodiscard]] Packet::Checksum accepted_checksum() const;
  [[nodiscard]] bool needs_checksum() const;

 private:
  static constexpr std::size_t kCookieSize = 32;
  using Cookie = std::array<std::uint8_t, kCookieSize>;

  struct Closed {};
  struct CookieWait {
    LocalSide local;
    RepeatTimer init{Rto::kInitial};
  };
  struct CookieEchoed {
    Sides sides;
    std::vector<std::uint8_t> cookie;  // the peer's
    RepeatTimer cookie_echo{Rto::kInitial};
  };
  struct Established {
    Sides sides;
    bool cookie_ack_due = false;
  };
  /// What an INIT ACK of ours promised. The cookie names it: random bytes, made for one INIT and compared in full, so
  /// it cannot be forged and carries nothing.
  struct Offer {
    Sides sides;
    TimePoint made;
    Cookie cookie{};
    std::array<std::uint8_t, 64> unrecognized{};
    std::size_t unrecognized_size = 0;
    bool init_ack_due = false;
  };

  [[nodiscard]] const LocalSide* local() const;
  [[nodiscard]] bool offers_zero_checksum() const;
  [[nodiscard]] bool repeats_offer(TimePoint now, const Init& init) const;
  [[nodiscard]] bool names_offer(TimePoint now, const Packet& packet, const Chunk& chunk) const;
  CookieResult refuse(Drop reason);
  [[nodiscard]] const RepeatTimer* timer() const;
  [[nodiscard]] RepeatTimer* timer() { return const_cast<RepeatTimer*>(std::as_const(*this).timer()); }
  MutableBytes write_init_ack(MutableBytes buffer, CommonHeader header, std::uint32_t a_rwnd);
  MutableBytes write_init(MutableBytes buffer, CommonHeader header, std::uint32_t a_rwnd,
                          const CookieWait& state) const;

  Config config_;
  Counters<Drop>& drops_;
  std::variant<Closed, CookieWait, CookieEchoed, Established> state_;
  std::optional<Offer> offer_;
};

}  // namespace redan::sctp
