// A full agent (RFC 8445): paced checks of the pairs of our candidates and the peer's, regular nomination, consent (RFC
// 7675). It starts as controlling and resolves role conflicts as in section 7.3.1.1. Candidates of both sides may come
// at any time.
//
// Only the answer to one of our checks opens a path or renews consent. A selected path that leaves checks unanswered is
// replaced by one that answers, so the session follows a peer whose NAT mapping changed.
//
// A direct path is nominated as soon as it works. A relayed one waits a moment for a better one, and is given up for a
// direct path that works later.
#pragma once

#include <vector>

#include "base/machine.hpp"
#include "rtc/ice/check_list.hpp"
#include "rtc/ice/responder.hpp"

namespace redan::ice {

class FullAgent {
 public:
  using Output = ice::Output;
  static constexpr std::size_t kMaxCandidates = CheckList::kMaxCandidates;
  /// Checks sent on one pair until the agent has a path or fails, retransmissions included.
  static constexpr std::uint32_t kMaxChecks = 36;

  /// `addresses`: our own, from which checks are sent. The other constructor: our candidates, host and relayed.
  FullAgent(Credentials local, const std::vector<Address>& addresses, Provider& provider);
  FullAgent(Credentials local, const std::vector<Candidate>& candidates, Provider& provider);

  /// The initial role (RFC 8445 section 6.1.1). Default: controlling.
  void set_controlling(bool controlling);
  /// Default: any.
  void set_reach(RemoteAddresses reach) { list_.set_reach(reach); }
  /// Sets the peer's description; checks begin.
  void set_remote(Credentials remote, const std::vector<Candidate>& candidates);
  void set_remote(Credentials remote) { set_remote(std::move(remote), {}); }
  /// A further candidate of the peer, even before its description.
  void add_remote(const Candidate& candidate);
  /// A further candidate of ours, host or relayed, and the end of one.
  void add_local(const Candidate& candidate) { list_.add_local(candidate, next_check_); }
  void remove_local(const Address& address);
  /// It ends soon. The controlling side moves the session to another pair that works.
  void retire_local(const Address& address) { list_.retire_local(address); }
  /// The TURN server passes on from now on what we send from `relayed` to this IP address (the port does not count): a
  /// check that it dropped is sent again.
  void permitted(TimePoint now, const Address& relayed, const Address& ip);
  /// Both descriptions are known. If no pair works within 30 s: Failed{ice_timeout}.
  void start(TimePoint now);
  /// ICE restart (RFC 8445 section 9) with the candidates of the new description. The selected path stays in use until
  /// another one works.
  void restart(Credentials local, Credentials remote, const std::vector<Candidate>& candidates);

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
  /// The pair of this path, if there is one.
  [[nodiscard]] const Pair* pair(const Path& path) const { return list_.find(path); }
  /// Smoothed over the checks that were answered without a retransmission.
  [[nodiscard]] std::optional<Duration> rtt() const { return rtt_; }
  [[nodiscard]] const Credentials& local() const { return responder_.local(); }
  [[nodiscard]] bool controlling() const { return controlling_; }
  [[nodiscard]] const Counters<Drop>& drops() const { return drops_; }
  [[nodiscard]] Statistics statistics() const;

 private:
  FullAgent(Credentials local, Provider& provider);
  [[nodiscard]] Pair* selected_pair() { return selected_ ? list_.find(*selected_) : nullptr; }
  void count_removals();
  void lose_selected();
  MutableBytes write_check(Pair& pair, TimePoint now, MutableBytes buffer);
  [[nodiscard]] bool may_check(const Pair& pair) const;
  Pair* next_due(TimePoint now);
  [[nodiscard]] TimePoint next_wake() const;
  void on_request(TimePoint now, const Path& path, const stun::Message& request);
  void on_response(TimePoint now, const Path& path, const stun::Message& response);
  void take_role(TimePoint now, bool controlling);
  void on_success(TimePoint now, Pair& pair);
  void consider(TimePoint now, Pair& pair);
  void nominate(TimePoint now, Pair& pair);
  void select(TimePoint now, Pair& pair);
  void check_alternatives(TimePoint now);
  void keep_consent(TimePoint now, Pair& pair);
  void measure(TimePoint now, const Pair& pair);
  Duration consent_interval();
  void fail();

  Provider* provider_;
  Responder responder_;
  Counters<Drop> drops_;
  std::uint64_t requests_sent_ = 0;
  std::uint64_t responses_received_ = 0;
  std::uint64_t candidates_ignored_ = 0;
  Credentials remote_;
  std::unique_ptr<Hmac> remote_key_;
  std::uint64_t tie_breaker_ = 0;
  bool controlling_ = true;
  bool nominating_ = false;        // a pair was chosen
  TimePoint nomination_ = kNever;  // of a relayed pair, unless a better one works before
  CheckList list_;
  std::uint32_t removals_ = 0;  // of list_, counted in paths_version_
  std::uint32_t paths_version_ = 0;
  std::optional<Path> selected_;
  std::optional<Duration> rtt_;
  std::size_t check_size_ = 0;  // bytes of the last check
  TimePoint next_check_{};      // pacing
  TimePoint failure_ = kNever;  // when there is still no pair, or consent expires
  bool selection_to_report_ = false;
  bool had_selection_ = false;
  bool rejected_ = false;  // a path of the peer belongs to another peer
  bool failed_ = false;    // permanently
};

}  // namespace redan::ice
