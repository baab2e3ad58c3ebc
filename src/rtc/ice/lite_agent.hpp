// A lite, controlled agent (RFC 8445 section 2.5): it answers checks, learns peer-reflexive addresses from them, and
// obeys the peer's nomination, aggressive or regular. It never sends first.
#pragma once

#include "base/machine.hpp"
#include "base/timers.hpp"
#include "rtc/ice/responder.hpp"

namespace redan::ice {

class LiteAgent {
 public:
  using Output = ice::Output;
  /// Remote addresses remembered as validated; the longest unheard one makes room.
  static constexpr std::size_t kMaxPaths = 16;

  LiteAgent(Credentials local, Provider& provider) : provider_(&provider), responder_(std::move(local), provider) {}

  /// Without an authenticated check within 30 s: Failed{ice_timeout}.
  void start(TimePoint now);
  void set_remote(Credentials remote) { responder_.set_remote_ufrag(std::move(remote.ufrag)); }
  /// ICE restart (RFC 8445 section 9). The selected path stays in use until another is nominated.
  void restart(Credentials local, Credentials remote);

  void handle_input(TimePoint now, const Address& remote, Bytes message);
  Output poll_output(TimePoint now, MutableBytes buffer);

  [[nodiscard]] bool validated(const Address& remote) const;
  [[nodiscard]] std::optional<Address> selected() const { return selected_; }
  /// A lite agent sends no checks, so it measures nothing.
  [[nodiscard]] std::optional<Duration> rtt() const { return std::nullopt; }
  [[nodiscard]] const Credentials& local() const { return responder_.local(); }
  [[nodiscard]] const Counters<Drop>& drops() const { return drops_; }

 private:
  enum class Timer : std::uint8_t { first_check, consent, count_ };
  struct Path {
    Address remote;
    TimePoint heard{};
    bool to_report = false;  // Validated is due
  };
  void on_check(TimePoint now, const Address& remote, const stun::Message& request);
  void remember(TimePoint now, const Address& remote);
  void nominate(const Address& remote);
  std::span<Path> paths() { return std::span(paths_).first(path_count_); }
  void refresh_consent(TimePoint now, const Address& remote);

  Provider* provider_;
  Responder responder_;
  Counters<Drop> drops_;
  TimerTable<Timer> timers_;
  std::array<Path, kMaxPaths> paths_{};
  std::size_t path_count_ = 0;
  std::optional<Address> selected_;
  bool selection_to_report_ = false;
  bool failed_ = false;  // for good
};

}  // namespace redan::ice
