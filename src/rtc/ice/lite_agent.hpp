// A lite, controlled agent (RFC 8445 section 2.5): it answers checks, learns peer-reflexive addresses from them, and
// follows the peer's nomination, aggressive or regular. It never sends first.
//
// It cannot test a path, so it relies on what it receives: a fresh authenticated check opens a path, and other
// authenticated packets (DTLS, SRTP) show that the peer still uses it. A peer whose NAT mapping changed may not
// nominate again, so a selected path that falls silent is replaced by one on which the peer is heard.
#pragma once

#include "base/machine.hpp"
#include "base/timers.hpp"
#include "rtc/ice/responder.hpp"

namespace redan::ice {

class LiteAgent {
 public:
  using Output = ice::Output;
  /// Paths remembered; the one not heard for the longest time makes room, except the selected one.
  static constexpr std::size_t kMaxPaths = 16;
  /// Silence that ends the session. Longer than two checks of peers that check every 30 or 31 s (RFC 7675 section 5.1
  /// has 30 s for the side that requests consent; we do not request it).
  static constexpr Duration kSilenceLimit = std::chrono::seconds(65);
  /// The selected path is replaced after this silence, once another path was heard twice.
  static constexpr Duration kGivesWayAfter = std::chrono::seconds(1);

  LiteAgent(Credentials local, Provider& provider) : provider_(&provider), responder_(std::move(local), provider) {}

  void set_remote(Credentials remote) { responder_.set_remote_ufrag(std::move(remote.ufrag)); }
  /// Both descriptions are known. If no authenticated check arrives within 30 s: Failed{ice_timeout}.
  void start(TimePoint now);
  /// ICE restart (RFC 8445 section 9). The selected path stays in use until another is nominated.
  void restart(Credentials local, Credentials remote);

  /// `message` was parsed from the datagram that arrived on `path`, and borrows from it.
  void handle_input(TimePoint now, const Path& path, const stun::Message& message);
  Output poll_output(TimePoint now, MutableBytes buffer);

  /// Data of the peer arrived on this path: a DTLS or SRTP packet, authenticated and not replayed.
  void heard(TimePoint now, const Path& path);
  /// The path belongs to another peer: it is dropped, and checks on it get no answer.
  void reject(const Path& path);

  /// Whether data may be sent on this path.
  [[nodiscard]] bool validated(const Path& path) const { return find(path) != nullptr; }
  /// When the peer was last heard on this path; nullopt if it is not known.
  [[nodiscard]] std::optional<TimePoint> last_heard(const Path& path) const;
  /// The paths on which the peer's datagrams are accepted, and a version that changes with them.
  [[nodiscard]] std::vector<Path> paths() const;
  [[nodiscard]] std::uint32_t paths_version() const { return paths_version_; }
  [[nodiscard]] std::optional<Path> selected() const { return selected_; }
  /// A lite agent sends no checks, so it measures nothing.
  [[nodiscard]] std::optional<Duration> rtt() const { return std::nullopt; }
  [[nodiscard]] const Credentials& local() const { return responder_.local(); }
  [[nodiscard]] const Counters<Drop>& drops() const { return drops_; }
  [[nodiscard]] const Statistics& statistics() const { return responder_.statistics(); }

 private:
  enum class Timer : std::uint8_t { first_check, silence, count_ };
  struct Known {
    Path path;
    TimePoint heard{};
    TimePoint data = TimePoint::min();       // when heard() was last called with it
    unsigned ahead = 0;                      // times heard since the selected path was heard
    unsigned data_ahead = 0;                 // calls of heard() since the one for the selected path
    TimePoint nominable = TimePoint::min();  // not before this time
    bool to_report = false;                  // a Validated event is due
  };
  void on_check(TimePoint now, const Path& path, const stun::Message& request);
  void learn(TimePoint now, const Path& path);
  void note(TimePoint now, Known& speaking);
  void select(TimePoint now, const Path& path);
  [[nodiscard]] std::span<Known> known() { return std::span(known_).first(count_); }
  [[nodiscard]] std::span<const Known> known() const { return std::span(known_).first(count_); }
  [[nodiscard]] const Known* find(const Path& path) const;
  [[nodiscard]] Known* find(const Path& path) { return const_cast<Known*>(std::as_const(*this).find(path)); }

  Provider* provider_;
  Responder responder_;
  Counters<Drop> drops_;
  TimerTable<Timer> timers_;
  std::array<Known, kMaxPaths> known_{};
  std::size_t count_ = 0;
  std::uint32_t paths_version_ = 0;
  std::optional<Path> selected_;
  TimePoint selected_at_{};
  bool had_path_ = false;  // a path was reported
  bool had_selection_ = false;
  bool selection_to_report_ = false;
  bool started_ = false;
  bool rejected_ = false;  // a path of the peer belongs to another peer
  bool failed_ = false;    // permanently
};

}  // namespace redan::ice
