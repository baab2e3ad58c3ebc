// What clients of the stream gateway send and see, and what the gateway keeps (docs/API.md). Each thing kept is one
// struct: to_json writes what clients see, to_record what the store keeps, and the ..._from_record functions read that
// again.
//
// The gateway's envelopes are not quite those of AMS: "success" in lower case, and the HTTP status in each.
//
//   {"type":"sync","status":"success","status_code":201,"metadata":{...}}
//   {"type":"error","status":"failed","status_code":404,"error":"no such session","metadata":{"code":"not_found"}}
#pragma once

#include "cloud/api/agent.hpp"

namespace redan::cloud::api {

/// `total`, if given, is the number of all elements of a list of which the metadata is one page. 202 is "async".
std::string gateway_body(unsigned status, json::value metadata, std::optional<std::size_t> total = std::nullopt);
std::string gateway_error_body(const Refusal& refusal);

// ---- who may do what ------------------------------------------------------------------------------------------------

/// "read", "create", "join", "share", "delete", "admin": what an account is allowed, and what op= in a token names.
enum class GatewayOperation : std::uint8_t { read, create, join, share, remove, admin };
std::string_view name(GatewayOperation operation);
std::optional<GatewayOperation> parse_gateway_operation(std::string_view name);

struct Account {
  std::string name;
  std::int64_t created_at = 0, expires_at = 0;  ///< Unix seconds; of its token
  std::vector<GatewayOperation> allow{};        ///< none: everything
  std::string token_sha256;                     ///< of the token it was given: an older account's does not count
  friend bool operator==(const Account&, const Account&) = default;
};
json::object to_json(const Account& account);
std::string to_record(const Account& account);
std::optional<Account> account_from_record(std::string_view text);

// ---- sessions -------------------------------------------------------------------------------------------------------

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

  static Outcome<SessionRequest> parse(const json::object& body);
  friend bool operator==(const SessionRequest&, const SessionRequest&) = default;
};

struct Session {
  std::string id;
  std::string account;
  SessionRequest wanted{};
  std::string region;                      ///< where it runs
  std::string agent, instance, cluster{};  ///< "" before an agent has taken it
  std::int64_t fence = 0;                  ///< api/agent.hpp
  std::int64_t number = 0;                 ///< of the last report under this fence
  SessionStatus status = SessionStatus::created;
  std::string status_message;
  bool agent_lost = false;  ///< it is in error for want of its agent; a claim revives it
  std::int64_t clients = 0;
  std::int64_t created_at = 0, updated_at = 0;  ///< Unix seconds
  std::int64_t joins = 1;                       ///< clients it was given to; the last one's LinkHello::order
  std::string client;                           ///< of the one who created it
  std::vector<std::string> shares{};            ///< their ids

  [[nodiscard]] bool over() const { return is_over(status); }
  friend bool operator==(const Session&, const Session&) = default;
};
json::object to_json(const Session& session);
std::string to_record(const Session& session);
std::optional<Session> session_from_record(std::string_view text);

/// What whoever creates or joins a session is given.
struct SessionGrant {
  Session session;
  std::string url;  ///< "wss://...?token=..."
  std::vector<IceServer> ice_servers;
};
json::object to_json(const SessionGrant& grant);

/// The body of POST /1.0/sessions/{id}/join: a screen, or nothing.
Outcome<Screen> parse_join(const json::object& body);

/// What an Idempotency-Key stands for.
struct IdempotencyRecord {
  std::string session;
  std::string request_sha256;
  std::int64_t created_at = 0;
};
std::string to_record(const IdempotencyRecord& record);
std::optional<IdempotencyRecord> idempotency_from_record(std::string_view text);

}  // namespace redan::cloud::api
