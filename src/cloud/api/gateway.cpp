#include "cloud/api/gateway.hpp"

#include <algorithm>
#include <array>
#include <boost/json/serialize.hpp>
#include <tuple>

#include "cloud/api/record.hpp"

namespace redan::cloud::api {
namespace {

constexpr std::size_t kMaxExtraData = 8 * 1024;  // AMS accepts 10 KiB of user data, and the agent adds its own
constexpr std::size_t kMaxRemovals = 1000;
constexpr std::size_t kMaxDescription = 256;
constexpr std::int64_t kMaxIdleMinutes = 366 * 24 * 60;

constexpr std::array<std::pair<GatewayOperation, std::string_view>, 6> kOperations{
    {{GatewayOperation::read, "read"},
     {GatewayOperation::create, "create"},
     {GatewayOperation::join, "join"},
     {GatewayOperation::share, "share"},
     {GatewayOperation::remove, "delete"},
     {GatewayOperation::admin, "admin"}}};

json::array names(const std::vector<GatewayOperation>& operations) {
  json::array array;
  for (const GatewayOperation operation : operations) array.emplace_back(name(operation));
  return array;
}

json::array texts(const std::vector<std::string>& all) {
  json::array array;
  for (const std::string& text : all) array.emplace_back(text);
  return array;
}

std::optional<std::vector<GatewayOperation>> parse_all(const std::vector<std::string>& names) {
  std::vector<GatewayOperation> operations;
  for (const std::string& text : names) {
    const auto operation = parse_gateway_operation(text);
    if (!operation) return std::nullopt;
    operations.push_back(*operation);
  }
  return operations;
}

json::object request_json(const SessionRequest& request) {
  return {{"app", request.app},
          {"app_version", request.app_version},
          {"region", request.region},
          {"screen", to_json(request.screen)},
          {"ephemeral", request.ephemeral},
          {"joinable", request.joinable},
          {"idle_time_min", request.idle_time_min},
          {"extra_data", request.extra_data}};
}

std::optional<SessionRequest> request_from(const json::object& object) {
  RecordReader record{json::value(object)};
  SessionRequest request;
  request.app = record.text("app");
  request.app_version = record.integer("app_version");
  request.region = record.text("region");
  const auto screen = parse_screen(record.object("screen"));
  request.ephemeral = record.boolean("ephemeral");
  request.joinable = record.boolean("joinable");
  request.idle_time_min = record.integer("idle_time_min");
  request.extra_data = record.text("extra_data");
  if (!record.ok() || !screen) return std::nullopt;
  request.screen = *screen;
  return request;
}

}  // namespace

// Envelopes.

std::string gateway_body(unsigned status, json::value metadata, std::optional<std::size_t> total) {
  json::object body{{"type", status == 202 ? "async" : "sync"}, {"status", "success"}, {"status_code", status}};
  if (total) body["total_size"] = *total;
  body["metadata"] = std::move(metadata);
  return json::serialize(body);
}

std::string gateway_error_body(const Refusal& refusal) {
  json::object metadata{{"code", refusal.code}};
  if (!refusal.hint.empty()) metadata["hint"] = refusal.hint;
  return json::serialize(json::object{{"type", "error"},
                                      {"status", "failed"},
                                      {"status_code", refusal.status},
                                      {"error", refusal.message},
                                      {"metadata", std::move(metadata)}});
}

// Accounts.

std::string_view name(GatewayOperation operation) { return kOperations.at(static_cast<std::size_t>(operation)).second; }

std::optional<GatewayOperation> parse_gateway_operation(std::string_view name) {
  for (const auto& [operation, text] : kOperations) {
    if (text == name) return operation;
  }
  return std::nullopt;
}

std::string Account::reference() const { return name + "/" + token_sha256.substr(0, 16); }

std::string_view account_name(std::string_view reference) { return reference.substr(0, reference.find('/')); }

json::object to_json(const Account& account) {
  return {{"name", account.name},
          {"created_at", account.created_at},
          {"expires_at", account.expires_at},
          {"allow", names(account.allow)},
          {"max_sessions", account.quota.max_sessions},
          {"max_shares", account.quota.max_shares}};
}

std::string to_record(const Account& account) {
  json::object record = to_json(account);
  record["token_sha256"] = account.token_sha256;
  return json::serialize(record);
}

std::optional<Account> account_from_record(std::string_view text) {
  RecordReader record(text);
  Account account;
  account.name = record.text("name");
  account.created_at = record.integer("created_at");
  account.expires_at = record.integer("expires_at");
  auto allow = parse_all(record.texts("allow"));
  account.token_sha256 = record.text("token_sha256");
  const Quota otherwise;
  const auto quota = [&](std::string_view key, std::size_t absent) {
    const std::int64_t number = record.integer_or(key, static_cast<std::int64_t>(absent));
    return static_cast<std::size_t>(std::clamp<std::int64_t>(number, 0, kMaxQuota));
  };
  account.quota = {quota("max_sessions", otherwise.max_sessions), quota("max_shares", otherwise.max_shares)};
  if (!record.ok() || !allow) return std::nullopt;
  account.allow = std::move(*allow);
  return account;
}

// Sessions.

namespace {

/// The members of a screen that the request names; their values are checked by parse_screen.
Outcome<json::object> screen_member(const json::object& screen, const UnknownMembers& unknown) {
  REDAN_CHECK(Members(screen, "screen.").known({"width", "height", "fps", "density"}).end(unknown));
  return screen;
}

}  // namespace

Outcome<SessionRequest> SessionRequest::parse(const json::object& body, const UnknownMembers& unknown) {
  SessionRequest request;
  json::object screen;
  json::value extra;
  REDAN_CHECK(Members(body)
                  .text("app", request.app)
                  .integer("app_version", request.app_version, -1)
                  .text("region", request.region, 64)
                  .object("screen", screen)
                  .boolean("ephemeral", request.ephemeral)
                  .boolean("joinable", request.joinable)
                  .integer("idle_time_min", request.idle_time_min, 0, kMaxIdleMinutes)
                  .any("extra_data", extra)
                  .end(unknown));
  if (request.app.empty()) return refuse(bad_request("\"app\" names no application"));
  REDAN_TRY(screen, screen_member(screen, unknown));
  REDAN_TRY(request.screen, parse_screen(screen));
  if (!extra.is_null()) request.extra_data = json::serialize(extra);
  if (request.extra_data.size() > kMaxExtraData) {
    return refuse(bad_request("\"extra_data\" is larger than 8 KiB as JSON"));
  }
  return request;
}

Outcome<json::object> parse_join(const json::object& body, const UnknownMembers& unknown) {
  json::object screen;
  // A new client always displaces the former one.
  REDAN_CHECK(Members(body).object("screen", screen).known({"disconnect_clients"}).end(unknown));
  REDAN_CHECK(parse_screen(screen));
  return screen_member(screen, unknown);
}

json::object to_json(const Session& session) {
  return {{"id", session.id},
          {"app", session.wanted.app},
          {"cluster_id", session.cluster},
          {"container_id", session.instance},
          {"joinable", session.wanted.joinable},
          {"region", session.region},
          {"status", name(session.status)},
          {"status_message", session.status_message}};
}

std::string to_record(const Session& session) {
  return json::serialize(json::object{{"id", session.id},
                                      {"account", session.account},
                                      {"wanted", request_json(session.wanted)},
                                      {"region", session.region},
                                      {"agent", session.agent},
                                      {"instance", session.instance},
                                      {"cluster", session.cluster},
                                      {"fence", session.fence},
                                      {"number", session.number},
                                      {"status", name(session.status)},
                                      {"status_message", session.status_message},
                                      {"agent_lost", session.agent_lost},
                                      {"clients", session.clients},
                                      {"created_at", session.created_at},
                                      {"updated_at", session.updated_at},
                                      {"joins", session.joins},
                                      {"client", session.client},
                                      {"idempotency", session.idempotency},
                                      {"shares", texts(session.shares)},
                                      {"user_until", session.user_until}});
}

std::optional<Session> session_from_record(std::string_view text) {
  RecordReader record(text);
  Session session;
  session.id = record.text("id");
  session.account = record.text("account");
  auto wanted = request_from(record.object("wanted"));
  session.region = record.text("region");
  session.agent = record.text("agent");
  session.instance = record.text("instance");
  session.cluster = record.text("cluster");
  session.fence = record.integer("fence");
  session.number = record.integer("number");
  const auto status = parse_session_status(record.text("status"));
  session.status_message = record.text("status_message");
  session.agent_lost = record.boolean("agent_lost");
  session.clients = record.integer("clients");
  session.created_at = record.integer("created_at");
  session.updated_at = record.integer("updated_at");
  session.joins = record.integer("joins");
  session.client = record.text("client");
  session.idempotency = record.text("idempotency");
  session.shares = record.texts("shares");
  session.user_until = record.integer_or("user_until", session.created_at + kUserTimeout);
  if (!record.ok() || !wanted || !status) return std::nullopt;
  session.wanted = std::move(*wanted);
  session.status = *status;
  return session;
}

json::object to_json(const SessionGrant& grant) {
  return {{"id", grant.session.id},
          {"region", grant.session.region},
          {"status", name(grant.session.status)},
          {"joinable", grant.session.wanted.joinable},
          {"url", grant.url},
          {"stun_servers", to_json(grant.ice_servers)}};
}

// Lists.

std::optional<SessionList::Key> parse_sort_key(std::string_view name) {
  using Key = SessionList::Key;
  for (const auto& [key, text] :
       {std::pair(Key::id, "id"), std::pair(Key::app, "app"), std::pair(Key::region, "region"),
        std::pair(Key::status, "status"), std::pair(Key::created_at, "created_at")}) {
    if (text == name) return key;
  }
  return std::nullopt;
}

std::pair<std::vector<Session>, std::size_t> cut(std::vector<Session> sessions, const SessionList& list) {
  using Key = SessionList::Key;
  if (list.status) std::erase_if(sessions, [&](const Session& session) { return session.status != *list.status; });
  const auto rank = [&](const Session& session) -> std::tuple<std::string_view, std::int64_t, std::string_view> {
    switch (list.sort_by) {
      case Key::app:
        return {session.wanted.app, 0, session.id};
      case Key::region:
        return {session.region, 0, session.id};
      case Key::status:
        return {name(session.status), 0, session.id};
      case Key::created_at:
        return {{}, session.created_at, session.id};
      case Key::id:
        break;
    }
    return {{}, 0, session.id};
  };
  std::sort(sessions.begin(), sessions.end(), [&](const Session& a, const Session& b) {
    return list.descending ? rank(b) < rank(a) : rank(a) < rank(b);
  });
  const std::size_t total = sessions.size();
  const auto begin = sessions.begin() + static_cast<std::ptrdiff_t>(std::min(list.offset, total));
  sessions.erase(sessions.begin(), begin);
  if (sessions.size() > list.limit) sessions.resize(list.limit);
  return {std::move(sessions), total};
}

Outcome<RemovalRequest> RemovalRequest::parse(const json::object& body, const UnknownMembers& unknown) {
  json::array ids;
  REDAN_CHECK(Members(body).array("ids", ids, kMaxRemovals).known({"force", "sync"}).end(unknown));
  if (ids.empty()) return refuse(bad_request("\"ids\" is an array of 1 to 1000 sessions' ids"));
  RemovalRequest request;
  for (const json::value& id : ids) {
    if (!id.is_string()) return refuse(bad_request("\"ids\" is an array of strings"));
    request.ids.emplace_back(id.get_string());
  }
  std::sort(request.ids.begin(), request.ids.end());
  request.ids.erase(std::unique(request.ids.begin(), request.ids.end()), request.ids.end());
  return request;
}

std::string canonical(const SessionRequest& request) { return json::serialize(request_json(request)); }

std::string to_record(const IdempotencyRecord& record) {
  return json::serialize(json::object{
      {"session", record.session}, {"request_sha256", record.request_sha256}, {"created_at", record.created_at}});
}

std::optional<IdempotencyRecord> idempotency_from_record(std::string_view text) {
  RecordReader reader(text);
  IdempotencyRecord record{reader.text("session"), reader.text("request_sha256"), reader.integer("created_at")};
  if (!reader.ok()) return std::nullopt;
  return record;
}

// Shares.

std::string_view name(ShareType type) { return type == ShareType::adb ? "adb" : "view"; }

std::optional<ShareType> parse_share_type(std::string_view name) {
  if (name == "adb") return ShareType::adb;
  if (name == "view" || name == "webrtc") return ShareType::view;
  return std::nullopt;
}

Outcome<ShareRequest> ShareRequest::parse(const json::object& body, WallTime now, const UnknownMembers& unknown) {
  std::string type, description;
  std::int64_t expiry_at = 0, expiry_min = 0;
  REDAN_CHECK(Members(body)
                  .text("type", type)
                  .text("description", description, kMaxDescription)
                  .integer("expiry_at", expiry_at)
                  .integer("expiry_min", expiry_min, 0)
                  .end(unknown));
  const auto known = parse_share_type(type);
  if (!known) return refuse(bad_request("\"type\" is adb or view"));
  const std::int64_t seconds = now.seconds_since_1970;
  std::int64_t expiry = seconds + kShareLife;
  if (expiry_min > 0) expiry = seconds + 60 * std::min(expiry_min, kMaxShareLife);
  if (expiry_at != 0) expiry = expiry_at;
  if (expiry <= seconds || expiry > seconds + kMaxShareLife) {
    return refuse(bad_request("\"expiry_at\" is a time of the next 30 days, in seconds since 1970"));
  }
  return ShareRequest{*known, std::move(description), expiry};
}

Outcome<ShareChange> ShareChange::parse(const json::object& body, const UnknownMembers& unknown) {
  std::string description;
  std::int64_t expiry_at = 0;
  Members members(body);
  REDAN_CHECK(members.text("description", description, kMaxDescription).integer("expiry_at", expiry_at).end(unknown));
  ShareChange change;
  if (members.has("description")) change.description = std::move(description);
  if (members.has("expiry_at")) change.expiry_at = expiry_at;
  return change;
}

json::object to_json(const Share& share, std::string_view url) {
  return {{"id", share.id},
          {"session_id", share.session},
          {"type", name(share.type)},
          {"url", url},
          {"description", share.description},
          {"created_at", share.created_at},
          {"expiry_at", share.expiry_at}};
}

std::string to_record(const Share& share) {
  json::object record = to_json(share, {});
  record["account"] = share.account;
  return json::serialize(record);
}

std::optional<Share> share_from_record(std::string_view text) {
  RecordReader record(text);
  Share share;
  share.id = record.text("id");
  share.session = record.text("session_id");
  const auto type = parse_share_type(record.text("type"));
  share.description = record.text("description");
  share.created_at = record.integer("created_at");
  share.expiry_at = record.integer("expiry_at");
  share.account = record.text_or("account", {});
  if (!record.ok() || !type) return std::nullopt;
  share.type = *type;
  return share;
}

}  // namespace redan::cloud::api
