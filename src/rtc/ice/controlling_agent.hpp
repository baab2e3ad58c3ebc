// A small full agent with host candidates (RFC 8445): paced checks to the peer's candidates, regular nomination of the
// first that answers, consent (RFC 7675). It starts controlling and gives way in a role conflict as section 7.3.1.1
// says.
#pragma once

#include <vector>

#include "base/machine.hpp"
#include "rtc/ice/responder.hpp"

namespace redan::ice {

class ControllingAgent {
 public:
  using Output = ice::Output;
  /// Remote candidates checked; more are ignored.
  static constexpr std::size_t kMaxCandidates = 20;

  ControllingAgent(Credentials local, Provider& provider);

  void start(TimePoint now);
  /// The peer's description: checks begin.
  void set_remote(Credentials remote, const std::vector<Address>& candidates);
  void set_remote(Credentials remote) { set_remote(std::move(remote), {}); }
  /// ICE restart: all known addresses are checked again under the new credentials.
  void restart(Credentials local, Credentials remote);

  void handle_input(TimePoint now, const Address& remote, Bytes message);
  Output poll_output(TimePoint now, MutableBytes buffer);

  [[nodiscard]] bool validated(const Address& remote) const;
  [[nodiscard]] std::optional<Address> selected() const { return selected_; }
  /// Smoothed over the checks that were answered at the first attempt.
  [[nodiscard]] std::optional<Duration> rtt() const { return rtt_; }
  [[nodiscard]] const Credentials& local() const { return responder_.local(); }
  [[nodiscard]] bool controlling() const { return controlling_; }
  [[nodiscard]] const Counters<Drop>& drops() const { return drops_; }

 private:
  /// One remote address and the transaction that runs towards it.
  struct Pair {
    Address remote;
    bool valid = false;
    bool nominate = false;     // the running or next check carries USE-CANDIDATE
    bool to_report = false;    // Validated is due
    bool running = false;      // a transaction waits for its response
    bool controlling = false;  // the role its request said
    int sent = 0;              // transmissions of it
    TimePoint due = kNever;    // next transmission, or the transaction's end
    TimePoint first_sent{};
    stun::TransactionId transaction{};
  };
  Pair* find(const Address& remote);
  Pair* learn(const Address& remote);
  void schedule_check(Pair& pair, TimePoint due);
  MutableBytes write_check(Pair& pair, TimePoint now, MutableBytes buffer);
  Pair* next_due(TimePoint now);
  void on_request(TimePoint now, const Address& remote, const stun::Message& request);
  void on_response(TimePoint now, const Address& remote, const stun::Message& response);
  void take_role(TimePoint now, bool controlling);
  void on_success(TimePoint now, Pair& pair);
  void select(TimePoint now, Pair& pair);
  void keep_consent(TimePoint now, Pair& pair);
  void measure(TimePoint now, const Pair& pair);
  Duration consent_interval();
  void fail();

  Provider* provider_;
  Responder responder_;
  Counters<Drop> drops_;
  Credentials remote_;
  std::unique_ptr<Hmac> remote_key_;
  std::uint64_t tie_breaker_ = 0;
  bool controlling_ = true;
  bool nominating_ = false;  // a pair was chosen
  std::vector<Pair> pairs_;
  std::optional<Address> selected_;
  std::optional<Duration> rtt_;
  TimePoint next_check_{};      // pacing
  TimePoint failure_ = kNever;  // no pair by then, or consent gone
  bool selection_to_report_ = false;
  bool failed_ = false;  // for good
};

}  // namespace redan::ice
