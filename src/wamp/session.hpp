// A client's WAMP session: caller, callee, publisher and subscriber in one (WAMP, "Sessions"). A machine: messages and
// the current time go in, messages and events come out; it has no transport and no clock.
//
// With a KeyRing it encrypts end to end. Where the ring requires encryption, nothing is sent without a key, and
// plaintext EVENTs, INVOCATIONs, RESULTs and ERRORs are refused: such an ERROR ends its call, but its text is not
// passed on, because it is unauthenticated. In addition, repeated boxes are refused (seen_boxes.hpp).
#pragma once

#include <map>
#include <set>

#include "wamp/credential.hpp"
#include "wamp/key_ring.hpp"
#include "wamp/seen_boxes.hpp"

namespace redan::wamp {

struct SessionLimits {
  DecodeLimits decode{};
  std::size_t max_sent = std::numeric_limits<std::size_t>::max();  ///< bytes of a message with a payload
  std::size_t max_requests = 4'096;                                ///< ours, unanswered
  std::size_t max_invocations = 1'024;                             ///< unanswered by us; further ones are refused
  std::size_t max_seen_boxes = 4'096;                              ///< remembered to refuse repeated ones
  Duration join_timeout = std::chrono::seconds(10);
  Duration request_timeout = std::chrono::seconds(10);  ///< for all requests except calls
  Duration goodbye_timeout = std::chrono::seconds(2);
};

struct SessionConfig {
  std::string realm;
  Serializer serializer = Serializer::json;
  Credential credential{};
  const KeyRing* key_ring = nullptr;  ///< must outlive the session; may change meanwhile
  SessionLimits limits{};
};

class ClientSession {
 public:
  /// One message for the transport: text if the serializer is JSON, otherwise binary.
  struct Transmit {
    std::vector<std::uint8_t> message;
  };
  struct Joined {
    Id session = 0;
    Dict details{};
  };
  /// For SUBSCRIBE, UNSUBSCRIBE, REGISTER, UNREGISTER and acknowledged PUBLISH: the router has confirmed it.
  struct Granted {
    Id request = 0;
    Id id = 0;  ///< subscription, registration or publication
  };
  struct Returned {
    Id request = 0;
    bool progress = false;  ///< more will follow
    Payload payload{};
    Dict details{};
  };
  /// A request has failed.
  struct Failed {
    Id request = 0;
    Failure failure{};
  };
  struct Delivered {
    Id subscription = 0;
    Id publication = 0;
    std::string topic{};
    bool encrypted = false;
    Payload payload{};
    Dict details{};
  };
  /// Answer with yield() or fail().
  struct Invoked {
    Id invocation = 0;
    Id registration = 0;
    std::string procedure{};
    bool encrypted = false;
    bool receive_progress = false;
    Payload payload{};
    Dict details{};
  };
  /// The caller no longer needs the result. With `forgotten` an answer is refused.
  struct Interrupted {
    Id invocation = 0;
    bool forgotten = false;
  };
  /// The router has removed a subscription or registration.
  struct Revoked {
    Id id = 0;
    bool registration = false;
  };
  /// An EVENT or INVOCATION refused because of encryption: there may be an attacker in between.
  struct Refused {
    Errc why{};
    std::string uri{};
  };
  /// The final output; all requests have failed before. Reasons: closed_locally, wamp_aborted, wamp_protocol,
  /// wamp_authentication, wamp_timeout, or the transport's.
  struct Closed {
    Failure failure{};
  };
  using Output = std::variant<Wait, Transmit, Joined, Granted, Returned, Failed, Delivered, Invoked, Interrupted,
                              Revoked, Refused, Closed>;

  /// Sends HELLO. `provider` must outlive it.
  ClientSession(TimePoint now, SessionConfig config, Provider& provider);

  void handle_input(TimePoint now, Bytes message);
  /// The transport has closed.
  void handle_close(Failure why);
  Output poll_output(TimePoint now);

  // Requests; each returns the id of its outcome. Options are those of WAMP. Errors: not_connected before Joined and
  // after termination; invalid_argument for an invalid URI; too_many; wamp_no_key; wamp_too_large.

  /// `match`: exact, prefix or wildcard.
  redan::Result<Id> subscribe(TimePoint now, std::string topic, Dict options = {});
  redan::Result<Id> unsubscribe(TimePoint now, Id subscription);
  /// An outcome follows only with `acknowledge`.
  redan::Result<Id> publish(TimePoint now, std::string topic, Payload payload, Dict options = {});
  redan::Result<Id> register_procedure(TimePoint now, std::string procedure, Dict options = {});
  redan::Result<Id> unregister(TimePoint now, Id registration);
  /// `timeout`, in milliseconds, is also enforced here; without it a call waits indefinitely.
  redan::Result<Id> call(TimePoint now, std::string procedure, Payload payload, Dict options = {});
  /// The call fails with wamp_canceled when the router confirms. `mode`: skip, kill or killnowait.
  redan::Result<void> cancel(Id request, std::string_view mode = "kill");

  /// Answers an invocation, once, or several times with `progress` in the options.
  redan::Result<void> yield(Id invocation, Payload payload, Dict options = {});
  redan::Result<void> fail(Id invocation, std::string error, Payload payload = {});

  /// Other keys for what is sent and received from now on; it must outlive the session, as the first one must.
  void set_key_ring(const KeyRing* key_ring) { config_.key_ring = key_ring; }

  /// Sends GOODBYE; Closed follows the router's answer.
  void leave(TimePoint now, std::string_view reason = "wamp.close.normal");

  [[nodiscard]] bool joined() const { return std::holds_alternative<Established>(state_); }
  [[nodiscard]] bool ended() const { return std::holds_alternative<Ended>(state_); }

 private:
  enum class Match : std::uint8_t { exact, prefix, wildcard };
  struct Pattern {
    std::string uri;
    Match match = Match::exact;
    friend bool operator==(const Pattern&, const Pattern&) = default;
  };
  /// A request awaiting its answer.
  struct Request {
    MessageType type{};
    Pattern pattern{};
    TimePoint deadline = kNever;
    Id subject = 0;  ///< UNSUBSCRIBE, UNREGISTER: of what
    bool receive_progress = false;
    bool canceled = false;
  };
  /// An invocation awaiting our answer.
  struct Answering {
    std::string procedure;
    Protection protection{};
  };
  struct Joining {
    TimePoint deadline;
    bool challenged = false;
  };
  struct Established {
    Id session = 0;
    bool dealer_cancels = false;
    Id last_request = 0;
    std::map<Id, Request> requests{};
    std::set<std::pair<TimePoint, Id>> deadlines{};
    std::map<Id, Pattern> subscriptions{};
    std::map<Id, Pattern> registrations{};
    std::map<Id, Answering> invocations{};
  };
  struct Leaving {
    TimePoint deadline;
    Failure why;
  };
  struct Ended {};
  static constexpr std::uint64_t kMaxTimeout = 1'000'000'000;  ///< milliseconds

  void send(Message message);
  /// wamp_too_large if the router would not accept it.
  redan::Result<void> send_payload(Message message);
  void fail_all(const Failure& why);
  void close(Failure why);
  /// The router may not send this, or not now. It ends the session, because the state that a caller relies on is lost.
  void violation(std::string_view what);
  void expire(TimePoint now);

  redan::Result<Established*> established();
  static Id begin(Established& state, Request request);
  /// Removes a request. nullopt: a late answer, or a violation.
  std::optional<Request> finish(Established& state, Id request, MessageType type);
  redan::Result<Id> enter(TimePoint now, MessageType type, std::string uri, Dict options);
  redan::Result<Id> undo(TimePoint now, MessageType type, Id subject);

  void on(Joining& state, Message message);
  void on(Established& state, Message message);
  void on(Leaving& state, const Message& message);
  void on(Ended&, const Message&) {}
  void on_challenge(Joining& state, const Challenge& message);
  void on_welcome(Welcome&& message);
  void on_abort(Abort&& message);

  void act(Established& state, Goodbye&& message);
  void act(Established& state, Abort&& message);
  void act(Established& state, Published&& message);
  void act(Established& state, Subscribed&& message);
  void act(Established& state, Unsubscribed&& message);
  void act(Established& state, Event&& message);
  void act(Established& state, Result&& message);
  void act(Established& state, Error&& message);
  void act(Established& state, Registered&& message);
  void act(Established& state, Unregistered&& message);
  void act(Established& state, Invocation&& message);
  void act(Established& state, Interrupt&& message);
  template <class M>
  void act(Established&, M&&) {
    violation("a router may not send this");
  }
  void on_granted(Established& state, Id request, Id id, MessageType type);
  void on_undone(Established& state, Id request, const Dict& details, MessageType type);
  void refuse_invocation(Id invocation, Errc why, std::string_view procedure);
  void refuse_invocation(Id invocation, std::string_view error);

  static std::optional<Match> parse_match(const Dict& options);
  static bool is_well_formed(const Pattern& pattern);
  /// The URI that an EVENT or INVOCATION is about. nullopt: the router contradicts the request.
  static std::optional<std::string> uri_of(const Pattern& pattern, const Value* said);
  static bool has_feature(const Value* role, std::string_view name);

  redan::Result<Payload> sealed(std::string_view uri, Payload&& payload, Dict& options,
                                const Protection* like = nullptr);
  redan::Result<Payload> opened(Party party, std::string_view uri, Payload&& payload, const Dict& attributes,
                                SeenBoxes& seen, Id place, Protection& how);
  redan::Result<Payload> opened_error(std::string_view procedure, std::string_view error, Payload&& payload,
                                      const Dict& attributes);
  [[nodiscard]] bool seals(const Answering& answering) const;

  SessionConfig config_;
  Provider& provider_;
  std::variant<Joining, Established, Leaving, Ended> state_;
  std::deque<Output> outputs_;
  // Grouped by possible confusion: one of our boxes must not be accepted as an answer to it.
  SeenBoxes called_;   ///< CALLs sent, RESULTs and ERRORs received
  SeenBoxes invoked_;  ///< INVOCATIONs received, YIELDs and ERRORs sent
  SeenBoxes events_;   ///< EVENTs received, by subscription
};

}  // namespace redan::wamp
