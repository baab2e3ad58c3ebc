// The dealer of one realm (WAMP, "Remote Procedure Calls"): assigns calls to callees, and returns their results.
// Permissions are checked before.
#pragma once

#include <set>

#include "wamp/router/schema.hpp"
#include "wamp/router/session.hpp"

namespace redan::wamp {

struct DealerLimits {
  std::size_t max_registrations = 1'024;       ///< of one session
  std::size_t max_calls = 1'024;               ///< of one caller, awaiting results
  std::size_t max_invocations = 4'096;         ///< of one callee, unanswered; abandoned ones make room
  std::chrono::milliseconds max_call_time{0};  ///< 0: as long as the caller requests
};

/// Which of several callees of a procedure receives a call (WAMP, "Shared Registration").
enum class InvocationPolicy : std::uint8_t { single, first, last, roundrobin, random };
/// The option `invoke`, single if absent; nullopt for an unknown value.
std::optional<InvocationPolicy> parse_invocation_policy(const Value* option);

class Dealer {
 public:
  /// `typing` must outlive it. With `disclosure` false the caller can neither be disclosed nor be requested.
  Dealer(const DealerLimits& limits, const Typing& typing, bool disclosure, RandomSource& random)
      : limits_(limits), typing_(typing), disclosure_(disclosure), random_(random) {}

  void register_procedure(Session& session, const Register& message, Outbox& outbox);
  void unregister(Session& session, const Unregister& message, Outbox& outbox);
  void call(TimePoint now, Session& session, Call message, Outbox& outbox);
  void cancel(Session& session, const Cancel& message, Outbox& outbox);
  /// False if the callee never had such an invocation, or sends progress that was not requested: a protocol violation.
  [[nodiscard]] bool yield(Session& session, Yield message, Outbox& outbox);
  [[nodiscard]] bool error(Session& session, Error message, Outbox& outbox);
  /// The callee cannot receive this invocation: its caller is told.
  void undeliver(Session& callee, Id invocation, Outbox& outbox);
  /// The caller cannot receive what the callee answered to its call: the call ends with an ERROR instead.
  void withhold(Session& caller, Id call, Outbox& outbox);
  /// Removes the session: its procedures, its calls, and the calls that wait for it.
  void remove(Session& session, Outbox& outbox);

  /// The deadline of the next call.
  [[nodiscard]] TimePoint next_deadline() const { return deadlines_.empty() ? kNever : deadlines_.begin()->first; }
  void expire(TimePoint now, Outbox& outbox);

 private:
  struct Callee {
    Session* session = nullptr;
    bool discloses_caller = false;
  };
  struct Registration {
    Id id = 0;
    std::string procedure;
    InvocationPolicy policy{};
    std::vector<Callee> callees{};
    std::size_t turn = 0;
  };
  /// From the CALL to the callee's final answer. An abandoned call has no caller; its number is kept until the callee
  /// has answered, or the room is needed.
  struct Pending {
    Session* caller = nullptr;  ///< null: abandoned
    Id call = 0;
    Session* callee = nullptr;
    Id invocation = 0;
    std::string procedure;
    bool progress = false;
    TimePoint deadline = kNever;
  };
  using Pendings = std::unordered_map<std::uint64_t, Pending>;

  const Callee& choose(Registration& registration);
  [[nodiscard]] std::optional<std::string_view> full(const Session& caller, const Session& callee) const;
  void invoke(TimePoint now, Session& caller, Call message, const Registration& registration, const Callee& callee,
              Outbox& outbox);
  [[nodiscard]] TimePoint deadline(TimePoint now, const Dict& options) const;
  void leave(Session& session, Id registration);
  void make_room(Session& callee);
  void give_up(std::uint64_t number);
  void forget(std::uint64_t number);
  void end(Pending& pending, std::string_view error, std::string_view text, Outbox& outbox);
  static void interrupt(const Pending& pending, std::string_view mode, Outbox& outbox);

  DealerLimits limits_;
  const Typing& typing_;
  bool disclosure_;
  RandomSource& random_;
  std::unordered_map<std::string, Id> procedures_;
  std::unordered_map<Id, Registration> registrations_;
  Pendings pendings_;
  std::uint64_t last_number_ = 0;
  std::set<std::pair<TimePoint, std::uint64_t>> deadlines_;
};

}  // namespace redan::wamp
