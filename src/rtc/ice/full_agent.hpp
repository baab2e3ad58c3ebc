// A small full agent with host candidates (RFC 8445): paced checks of every pair of a local and a remote address,
// regular nomination of the first that answers, consent (RFC 7675). It starts as controlling and resolves role
// conflicts as in section 7.3.1.1.
//
// Only the answer to one of our checks opens a path or renews consent. A selected path that leaves checks unanswered is
// replaced by one that answers, so the session follows a peer whose NAT mapping changed.
#pragma once

#include <vector>

#include "base/machine.hpp"
#include "rtc/ice/responder.hpp"

namespace redan::ice {

class FullAgent {
 public:
  using Output = ice::Output;
  /// Remote candidates used; further ones are ignored.
  static constexpr std::size_t kMaxCandidates = 20;
  /// Pairs checked. A peer-reflexive pair that never answered makes room for the next.
  static constexpr std::size_t kMaxPairs = 64;

  /// `addresses`: our own, from which checks are sent.
  FullAgent(Credentials local, std::vector<Address> addresses, Provider& provider);

  /// The initial role (RFC 8445 section 6.1.1). Default: controlling.
  void set_controlling(bool controlling) { controlling_ = controlling; }
  /// Sets the peer's description; checks begin.
  void set_remote(Credentials remote, const std::vector<Address>& candidates);
  void set_remote(Credentials remote) { set_remote(std::move(remote), {}); }
  /// Both descriptions are known. If no pair works within 30 s: Failed{ice_timeout}.
  void start(TimePoint now);
  /// ICE restart (RFC 8445 section 9) with the candidates of the new description. The selected path stays in use until
  /// another one works.
  void restart(Credentials local, Credentials remote, const std::vector<Address>& candidates);

  /// `message` was parsed from the datagram that arrived on `path`, and borrows from it.
  void handle_input(TimePoint now, const Path& path, const stun::Message& message);
  Output poll_output(TimePoint now, MutableBytes buffer);

  /// Received data is not consent (RFC 7675 section 5.1), so this changes nothing.
  void heard(TimePoint, const Path&) {}
  /// The path belongs to another peer: it is no longer checked, and checks on it get no answer.
  void reject(const Path& path);

  /// Whether data may be sent on this path.
  [[nodiscard]] bool validated(const Path& path) const;
  /// When the peer last answered or sent a check on this path; nullopt if never.
  [[nodiscard]] std::optional<TimePoint> last_heard(const Path& path) const;
  /// The paths on which the peer's datagrams are accepted, and a version that changes with them.
  [[nodiscard]] std::vector<Path> paths() const;
  [[nodiscard]] std::uint32_t paths_version() const { return paths_version_; }
  /// All paths that are checked.
  [[nodiscard]] std::vector<Path> checked() const;
  [[nodiscard]] std::optional<Path> selected() const { return selected_; }
  /// Smoothed over the checks that were answered without a retransmission.
  [[nodiscard]] std::optional<Duration> rtt() const { return rtt_; }
  [[nodiscard]] const Credentials& local() const { return responder_.local(); }
  [[nodiscard]] bool controlling() const { return controlling_; }
  [[nodiscard]] const Counters<Drop>& drops() const { return drops_; }
  [[nodiscard]] Statistics statistics() const;

 private:
  /// One path and its current transaction.
  struct Pair {
    Path path;
    bool authenticated = false;  // a fresh check of the peer arrived on it
    bool valid = false;          // one of our checks was answered
    bool reflexive = false;      // learned from a check, not from the description
    bool nominate = false;       // the current or next check carries USE-CANDIDATE
    bool to_report = false;      // a Validated event is due
    bool running = false;        // a transaction awaits its response
    bool controlling = false;    // the role in its request
    int sent = 0;                // its number of transmissions
    TimePoint due = kNever;      // next transmission, or the transaction's end
    TimePoint first_sent{};
    TimePoint answered = TimePoint::min();
    TimePoint heard = TimePoint::min();  // a check or an answer
    std::size_t received_bytes = 0;      // of checks, until it is valid
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
  TimePoint failure_ = kNever;  // when there is still no pair, or consent expires
  bool selection_to_report_ = false;
  bool rejected_ = false;  // a path of the peer belongs to another peer
  bool failed_ = false;    // permanently
};

}  // namespace redan::ice
