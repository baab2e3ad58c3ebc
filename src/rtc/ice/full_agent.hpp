// A small full agent with host candidates (RFC 8445): paced checks of every pair of a local and a remote address,
// regular nomination of the first that answers, consent (RFC 7675). It starts controlling and gives way in a role
// conflict as section 7.3.1.1 says.
//
// Only the answer to a check of ours opens a path or keeps consent. A selected path that leaves checks unanswered gives
// way to one that answers: so the session follows a peer whose address translator moved it.
#pragma once

#include <vector>

#include "base/machine.hpp"
#include "rtc/ice/responder.hpp"

namespace redan::ice {

class FullAgent {
 public:
  using Output = ice::Output;
  /// Remote candidates used; more are ignored.
  static constexpr std::size_t kMaxCandidates = 20;
  /// Pairs checked. A peer-reflexive one that never answered makes room for the next.
  static constexpr std::size_t kMaxPairs = 64;

  /// `addresses`: our own, where checks leave from.
  FullAgent(Credentials local, std::vector<Address> addresses, Provider& provider);

  /// The role to begin with (RFC 8445 section 6.1.1): controlling, unless this says otherwise.
  void set_controlling(bool controlling) { controlling_ = controlling; }
  /// The peer's description: checks begin.
  void set_remote(Credentials remote, const std::vector<Address>& candidates);
  void set_remote(Credentials remote) { set_remote(std::move(remote), {}); }
  /// Both descriptions are known. Without a pair that works within 30 s from here: Failed{ice_timeout}.
  void start(TimePoint now);
  /// ICE restart (RFC 8445 section 9) to the candidates of the new description. The selected path stays in use until
  /// another one works.
  void restart(Credentials local, Credentials remote, const std::vector<Address>& candidates);

  /// The message was parsed from the datagram that came on this path, and borrows from it.
  void handle_input(TimePoint now, const Path& path, const stun::Message& message);
  Output poll_output(TimePoint now, MutableBytes buffer);

  /// What the peer sends is no consent (RFC 7675 section 5.1), so this changes nothing.
  void heard(TimePoint, const Path&) {}
  /// The path belongs to another peer: it is checked no more, and checks on it get no answer.
  void reject(const Path& path);

  /// Data may be sent on this path.
  [[nodiscard]] bool validated(const Path& path) const;
  /// When the peer last answered or checked on this path; nullopt if it did neither.
  [[nodiscard]] std::optional<TimePoint> last_heard(const Path& path) const;
  /// The paths on which the peer may speak, and a number that changes when they do.
  [[nodiscard]] std::vector<Path> paths() const;
  [[nodiscard]] std::uint32_t paths_version() const { return paths_version_; }
  /// All that is checked.
  [[nodiscard]] std::vector<Path> checked() const;
  [[nodiscard]] std::optional<Path> selected() const { return selected_; }
  /// Smoothed over the checks that were answered at the first attempt.
  [[nodiscard]] std::optional<Duration> rtt() const { return rtt_; }
  [[nodiscard]] const Credentials& local() const { return responder_.local(); }
  [[nodiscard]] bool controlling() const { return controlling_; }
  [[nodiscard]] const Counters<Drop>& drops() const { return drops_; }
  [[nodiscard]] Statistics statistics() const;

 private:
  /// One path and the transaction that runs on it.
  struct Pair {
    Path path;
    bool authenticated = false;  // a fresh check of the peer came on it
    bool valid = false;          // a check of ours was answered
    bool reflexive = false;      // learned from a check, not from the description
    bool nominate = false;       // the running or next check carries USE-CANDIDATE
    bool to_report = false;      // Validated is due
    bool running = false;        // a transaction waits for its response
    bool controlling = false;    // the role its request said
    int sent = 0;                // transmissions of it
    TimePoint due = kNever;      // next transmission, or the transaction's end
    TimePoint first_sent{};
    TimePoint answered = TimePoint::min();
    TimePoint heard = TimePoint::min();  // a check or an answer
    std::size_t received_bytes = 0;      // of checks, while it is not valid
    std::size_t sent_bytes = 0;
    stun::TransactionId transaction{};
  };
  [[nodiscard]] const Pair* find(const Path& path) const;
  [[nodiscard]] Pair* find(const Path& path) { return const_cast<Pair*>(std::as_const(*this).find(path)); }
  [[nodiscard]] Pair* running(const stun::TransactionId& transaction);
  [[nodiscard]] Pair* selected_pair() { return selected_ ? find(*selected_) : nullptr; }
  void describe(const std::vector<Address>& candidates);
  Pair* learn(const Path& path, bool reflexive);
  bool make_room();
  void schedule_check(Pair& pair, TimePoint due);
  MutableBytes write_check(Pair& pair, TimePoint now, MutableBytes buffer);
  [[nodiscard]] bool may_check(const Pair& pair) const;
  Pair* next_due(TimePoint now);
  void on_request(TimePoint now, const Path& path, const stun::Message& request);
  void on_response(TimePoint now, const Path& path, const stun::Message& response);
  void take_role(TimePoint now, bool controlling);
  void on_success(TimePoint now, Pair& pair);
  void select(TimePoint now, Pair& pair);
  void check_alternatives(TimePoint now);
  void keep_consent(TimePoint now, Pair& pair);
  void measure(TimePoint now, const Pair& pair);
  Duration consent_interval();
  void fail();

  Provider* provider_;
  Responder responder_;
  std::vector<Address> addresses_;
  Counters<Drop> drops_;
  std::uint64_t requests_sent_ = 0;
  std::uint64_t responses_received_ = 0;
  Credentials remote_;
  std::unique_ptr<Hmac> remote_key_;
  std::uint64_t tie_breaker_ = 0;
  bool controlling_ = true;
  bool nominating_ = false;  // a pair was chosen
  std::vector<Pair> pairs_;
  std::uint32_t paths_version_ = 0;
  std::optional<Path> selected_;
  std::optional<Duration> rtt_;
  std::size_t check_size_ = 0;  // bytes of the last check
  TimePoint next_check_{};      // pacing
  TimePoint failure_ = kNever;  // no pair by then, or consent gone
  bool selection_to_report_ = false;
  bool rejected_ = false;  // a path of the peer belongs to another peer
  bool failed_ = false;    // for good
};

}  // namespace redan::ice
