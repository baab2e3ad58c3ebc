// The requests and answers of the stream gateway, and its stored objects (docs/API.md). Each stored object is one
// struct: to_json writes the form for clients, to_record the form for the store, which the ..._from_record functions
// read.
//
// The gateway's envelopes differ from those of AMS: "success" in lower case, and the HTTP status in each.
//
//   {"type":"sync","status":"success","status_code":201,"metadata":{...}}
//   {"type":"error","status":"failed","status_code":404,"error":"no such session","metadata":{"code":"not_found"}}
#pragma once

#include "cloud/api/agent.hpp"
#include "cloud/api/members.hpp"

namespace redan::cloud::api {

/// `total`, if given, is the number of all elements of a list of which `metadata` is one page. 202 is "async".
std::string gateway_body(unsigned status, json::value metadata, std::optional<std::size_t> total = std::nullopt);
std::string gateway_error_body(const Refusal& refusal);

// Permissions.

/// "read", "create", "join", "share", "delete", "admin": the permissions of an account, and the values of op= in a
/// token.
enum class GatewayOperation : std::uint8_t { read, create, join, share, remove, admin };
std::string_view name(GatewayOperation operation);
std::optional<GatewayOperation> parse_gateway_operation(std::string_view name);

/// Limits on the resources of an account.
struct Quota {
  std::size_t max_sessions = 100;  ///< that have not ended
  std::size_t max_shares = 100;    ///< of all its sessions; the limit of one is kMaxShares
  friend bool operator==(const Quota&, const Quota&) = default;
};
inline constexpr std::size_t kMaxQuota = 100'000;
inline constexpr Quota kUnlimited{SIZE_MAX, SIZE_MAX};

struct Account {
  std::string name;
  std::int64_t created_at = 0, expires_at = 0;  ///< Unix seconds; of its token
  /// Empty: everything with its own sessions. `admin`: everything with all sessions, and the settings.
  std::vector<GatewayOperation> allow{};
  std::string token_sha256;  ///< of its current token: tokens of an older account with this name are invalid
  Quota quota{};

  /// Distinguishes this account from others that have had its name: "web/3a5c...". Objects that the account creates are
  /// marked with it.
  [[nodiscard]] std::string reference() const;
  friend bool operator==(const Account&, const Account&) = default;
};
/// The name in a reference; older records contain only the name.
std::string_view account_name(std::string_view reference);
json::object to_json(const Account& account);
std::string to_record(const Account& account);
std::optional<Account> account_from_record(std::string_view text);

// Sessions.

/// The body of POST /1.0/sessions.
struct SessionRequest {
  std::string app;
  std::int64_t app_version = -1;
  std::string region;  ///< "": any
  Screen screen{};
  bool ephemeral = true;
  bool joinable = false;
  std::int64_t idle_time_min = 0;
  std::string extra_data;  ///< JSON; "" if there is none

  static Outcome<SessionRequest> parse(const json::object& body, const UnknownMembers& unknown = {});
  friend bool operator==(const SessionRequest&, const SessionRequest&) = default;
};

struct Session {
  std::string id;
  std::string account;  ///< its owner: Account::reference
  SessionRequest wanted{};
  std::string region;                      ///< where it runs
  std::string agent, instance, cluster{};  ///< "" before an agent has accepted it
  std::int64_t fence = 0;                  ///< api/agent.hpp
  std::int64_t number = 0;                 ///< of the last report under this fence
  SessionStatus status = SessionStatus::created;
  std::string status_message;
  bool agent_lost = false;  ///< it is in error because its agent was lost; a claim revives it
  std::int64_t clients = 0;
  std::int64_t created_at = 0, updated_at = 0;  ///< Unix seconds
  std::int64_t joins = 1;                       ///< number of clients so far; the last one's LinkHello::order
  std::string client;                           ///< of its creator
  std::string idempotency;                      ///< the id of its Idempotency-Key; "": none
  std::vector<std::string> shares{};            ///< their ids
  std::int64_t user_until = 0;                  ///< Unix seconds; when its creator's last socket token expires

  [[nodiscard]] bool over() const { return is_over(status); }
  friend bool operator==(const Session&, const Session&) = default;
};
json::object to_json(const Session& session);
std::string to_record(const Session& session);
std::optional<Session> session_from_record(std::string_view text);

/// The result of creating or joining a session.
struct SessionGrant {
  Session session;
  std::string url;  ///< "wss://...?token=..."
  std::vector<IceServer> ice_servers;
};
json::object to_json(const SessionGrant& grant);

/// The body of POST /1.0/sessions/{id}/join: some members of a screen, or empty.
Outcome<json::object> parse_join(const json::object& body, const UnknownMembers& unknown = {});

/// A page of sessions, as requested by a query.
struct SessionList {
  std::optional<SessionStatus> status;
  enum class Key : std::uint8_t { id, app, region, status, created_at } sort_by = Key::created_at;
  bool descending = false;
  std::size_t limit = 1000, offset = 0;
};
std::optional<SessionList::Key> parse_sort_key(std::string_view name);
/// Filtered, sorted and cut as requested; the second value is the number before the cut.
std::pair<std::vector<Session>, std::size_t> cut(std::vector<Session> sessions, const SessionList& list);

/// The body of DELETE /1.0/sessions.
struct RemovalRequest {
  std::vector<std::string> ids;
  static Outcome<RemovalRequest> parse(const json::object& body, const UnknownMembers& unknown = {});
};

/// The request that an Idempotency-Key stands for.
struct IdempotencyRecord {
  std::string session;
  std::string request_sha256;
  std::int64_t created_at = 0;
};
std::string to_record(const IdempotencyRecord& record);
std::optional<IdempotencyRecord> idempotency_from_record(std::string_view text);
/// Equal requests have equal texts.
std::string canonical(const SessionRequest& request);

// Shares.

enum class ShareType : std::uint8_t {
  adb,   ///< a tunnel to the adbd of the instance, without picture and sound
  view,  ///< a viewer: receives picture and sound, without control
};
std::string_view name(ShareType type);
/// "adb", "view", and "webrtc", another name of "view".
std::optional<ShareType> parse_share_type(std::string_view name);

inline constexpr std::size_t kMaxShares = 5;  ///< of one session
inline constexpr std::int64_t kShareLife = 12 * 3600;
inline constexpr std::int64_t kMaxShareLife = 30 * 24 * 3600;

/// The body of POST /1.0/sessions/{id}/share.
struct ShareRequest {
  ShareType type = ShareType::view;
  std::string description;
  std::int64_t expiry_at = 0;  ///< Unix seconds

  /// The default expiry is kShareLife from `now`. 400 for an expiry in the past or later than kMaxShareLife.
  static Outcome<ShareRequest> parse(const json::object& body, WallTime now, const UnknownMembers& unknown = {});
};
/// The body of PATCH /1.0/shares/{id}: absent members are not changed.
struct ShareChange {
  std::optional<std::string> description;
  std::optional<std::int64_t> expiry_at;

  static Outcome<ShareChange> parse(const json::object& body, const UnknownMembers& unknown = {});
};

struct Share {
  std::string id;
  std::string session;
  ShareType type = ShareType::view;
  std::string description;
  std::int64_t created_at = 0, expiry_at = 0;  ///< Unix seconds
  std::string account{};                       ///< its creator: Account::reference; "" in older records
  friend bool operator==(const Share&, const Share&) = default;
};
json::object to_json(const Share& share, std::string_view url);
std::string to_record(const Share& share);
std::optional<Share> share_from_record(std::string_view text);

}  // namespace redan::cloud::api
