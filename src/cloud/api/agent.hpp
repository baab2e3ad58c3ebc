// The messages between gateways, agents and runtimes: over the bus between gateway and agent, over the supervisor
// socket between agent and runtime. Each is one struct with its JSON; docs/protocols/bus.md has the subjects and the
// permissions.
//
//   as.v1.agent.<id>.announce     agent -> gateways             Announcement, every kAnnouncePeriod and on request
//   as.v1.agent.hello             gateway -> agents             "{}": request to announce immediately
//   as.v1.agent.<id>.create       gateway -> agent, request     SessionSpec -> Created
//   as.v1.agent.<id>.claim        agent -> a gateway, request   Claim -> SessionSpec, with a new fence
//   as.v1.agent.<id>.state        agent -> a gateway, request   StateReport -> {}
//   as.v1.session.<sid>.ctl       gateway -> agent, request     Command -> CommandReply
//   as.v1.session.<sid>.down .up  gateway <-> runtime           LinkFrame (cloud/bus/link.hpp); forwarded by the agent
//   as.v1.session.<sid>.ready     agent -> gateways             "{}": the runtime has connected; retransmit
//
// The subjects on which an agent publishes contain its id, so that the bus can restrict it to its own; a message that
// names another agent is dropped.
//
// A reply is {"v":1,"ok":{...}} or {"v":1,"error":{"status":404,"code":"session_unknown","message":"..."}}.
#pragma once

#include <chrono>
#include <vector>

#include "cloud/api/envelope.hpp"
#include "cloud/api/screen.hpp"

namespace redan::cloud::api {

namespace subject {
inline constexpr std::string_view kHello = "as.v1.agent.hello";
// Patterns that cover all agents, for subscriptions.
inline constexpr std::string_view kAnnouncements = "as.v1.agent.*.announce";
inline constexpr std::string_view kClaims = "as.v1.agent.*.claim";
inline constexpr std::string_view kStates = "as.v1.agent.*.state";
inline constexpr std::string_view kGateways = "gateways";  ///< the queue for messages that one gateway handles
/// `leaf`: "create", "announce", "claim", "state".
std::string agent(std::string_view agent, std::string_view leaf);
/// The agent's id in such a subject; "" if there is none.
std::string_view agent_in(std::string_view subject);
/// `leaf`: "ctl", "down", "up", "ready".
std::string session(std::string_view session, std::string_view leaf);
}  // namespace subject

/// The name of the instance that an agent creates for a session, and the tags, in AMS, of all instances with sessions.
inline constexpr std::string_view kSessionTag = "session=";
inline constexpr std::string_view kAgentTag = "agent=";
std::string instance_name(std::string_view session);
std::string session_tag(std::string_view session);

/// A runtime's message about its status; longer ones are cut.
inline constexpr std::size_t kMaxStatusMessage = 1024;
/// One report a second for each session; intermediate changes are covered by the next.
inline constexpr std::chrono::seconds kReportInterval{1};

inline constexpr std::chrono::seconds kAnnouncePeriod{5};
/// Three missed announcements.
inline constexpr std::chrono::seconds kAgentLease{15};
/// Of gateways that do not name one.
inline constexpr std::int64_t kUserTimeout = 300;

struct IceServer {
  std::vector<std::string> urls;
  std::string username, password;  ///< empty: none, as for STUN
  friend bool operator==(const IceServer&, const IceServer&) = default;
};
/// {"urls":[...],"username":"...","password":"..."}; without empty username and password.
json::array to_json(const std::vector<IceServer>& servers);

struct Announcement {
  std::string agent;  ///< its id: a subject token
  std::string region, cluster;
  std::string url, fingerprint;  ///< its address for runtimes, and its certificate's SHA-256
  std::vector<std::string> applications;
  std::int64_t capacity = 0, sessions = 0;
  bool draining = false;  ///< accepts no new sessions, or is leaving
  friend bool operator==(const Announcement&, const Announcement&) = default;
};

/// A gateway's request for a session, with what the agent needs to know about it.
struct SessionSpec {
  std::string session;
  std::int64_t fence = 0;  ///< fencing token: rises when another agent takes over; older values are refused
  std::string app;
  std::int64_t app_version = -1;
  std::string region;
  Screen screen{};
  bool ephemeral = true;  ///< false: the instance is stopped at the end, not deleted
  bool joinable = false;
  std::int64_t idle_time_min = 0;            ///< without a client; 0: no limit
  std::string extra_data;                    ///< JSON, passed to the instance
  std::string client;                        ///< for which ICE servers are requested; "": none
  std::int64_t user_timeout = kUserTimeout;  ///< seconds for which the user's socket token stays valid

  /// A user that has left cannot return, and no idle time is set: nothing else would end the session.
  [[nodiscard]] bool ends_with_user() const { return !joinable && idle_time_min == 0; }
  friend bool operator==(const SessionSpec&, const SessionSpec&) = default;
};

struct Created {
  std::string agent, instance, cluster;
  std::vector<IceServer> ice_servers;
  friend bool operator==(const Created&, const Created&) = default;
};

/// What the gateways have to know about an instance that was launched through AMS, and not for one of their sessions.
struct Launched {
  std::string app;
  std::int64_t app_version = -1;
  std::string region, cluster;
  Screen screen{};
  friend bool operator==(const Launched&, const Launched&) = default;
};

/// An agent requests to serve a session: its runtime has connected to it, or (not `attached`) the agent has found the
/// instance in AMS, which is granted only if no other agent serves it.
struct Claim {
  std::string session, agent, instance;
  bool attached = true;
  std::optional<Launched> launched{};  ///< the gateways make the session
  friend bool operator==(const Claim&, const Claim&) = default;
};

enum class SessionStatus : std::uint8_t { created, active, error, terminating, terminated };
std::string_view name(SessionStatus status);
std::optional<SessionStatus> parse_session_status(std::string_view name);
/// error and terminated.
bool is_over(SessionStatus status);

struct StateReport {
  std::string session, agent;
  std::int64_t fence = 0;
  std::int64_t number = 0;  ///< increases with every report under this fence; older ones are ignored
  SessionStatus status = SessionStatus::created;
  std::string message;
  std::int64_t clients = 0;  ///< connected to the runtime
  friend bool operator==(const StateReport&, const StateReport&) = default;
};

struct Command {
  /// check: whether an agent serves the session; without one there is no responder.
  enum class Kind : std::uint8_t { join, remove, check } kind = Kind::join;
  std::int64_t fence = 0;
  std::string client;                          ///< join: the client that needs ICE servers
  bool force = false;                          ///< remove: do not wait for the runtime to finish
  std::string reason;                          ///< remove: for the instance and the record
  std::optional<std::int64_t> user_timeout{};  ///< join: the user has a new token, as SessionSpec::user_timeout
  friend bool operator==(const Command&, const Command&) = default;
};
struct CommandReply {
  std::vector<IceServer> ice_servers;  ///< join
  friend bool operator==(const CommandReply&, const CommandReply&) = default;
};

/// The controlling client of a session: none has connected yet; one is connecting or connected; the last one has left.
enum class User : std::uint8_t { awaited, present, left };
std::string_view name(User user);

/// Runtime -> agent, a text message. Binary messages on that socket are LinkFrames, in both directions.
struct RuntimeReport {
  SessionStatus status = SessionStatus::active;
  std::string message;
  std::int64_t clients = 0;
  json::object statistics{};
  User user = User::awaited;
};
/// Agent -> runtime, a text message: end immediately.
struct Terminate {
  std::string reason;
};

/// The first message on a link, from the gateway; the client's own messages follow.
struct LinkHello {
  /// Increases with every client that joins the session. A former client's message may arrive last: a controller
  /// displaces those with a lower or the same number, and is displaced by one with a higher number.
  std::int64_t order = 1;
  Screen screen{};
  /// adb: without picture and sound; it has a tunnel to the instance's adbd.
  enum class Role : std::uint8_t { controller, viewer, adb } role = Role::controller;
  friend bool operator==(const LinkHello&, const LinkHello&) = default;
};

// Each of them has to_json, and a parse that returns nullopt for any invalid text.
json::object to_json(const Announcement& value);
json::object to_json(const SessionSpec& value);
json::object to_json(const Created& value);
json::object to_json(const Claim& value);
json::object to_json(const StateReport& value);
json::object to_json(const Command& value);
json::object to_json(const CommandReply& value);
json::object to_json(const RuntimeReport& value);
json::object to_json(const Terminate& value);
json::object to_json(const LinkHello& value);
template <class T>
std::optional<T> parse(std::string_view text);

std::string json_text(const json::object& object);
/// A separate message.
template <class T>
std::string message_text(const T& value) {
  return json_text(to_json(value));
}
std::string reply_text(const json::object& ok);
std::string reply_text(const Refusal& error);
/// The "ok" of a reply as text for parse<T>; the refusal if there was one; 500 bus_protocol for anything else.
Outcome<std::string> parse_reply(std::string_view text);

}  // namespace redan::cloud::api
