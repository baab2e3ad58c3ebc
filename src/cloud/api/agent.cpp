#include "cloud/api/agent.hpp"

#include <array>
#include <boost/json/serialize.hpp>

#include "base/utf8.hpp"
#include "cloud/api/record.hpp"
#include "cloud/api/stream_figures.hpp"
#include "cloud/errors.hpp"

namespace redan::cloud::api {
namespace {

constexpr std::array<std::pair<SessionStatus, std::string_view>, 5> kStatus{
    {{SessionStatus::created, "created"},
     {SessionStatus::active, "active"},
     {SessionStatus::error, "error"},
     {SessionStatus::terminating, "terminating"},
     {SessionStatus::terminated, "terminated"}}};
constexpr std::array<std::pair<User, std::string_view>, 3> kUsers{
    {{User::awaited, "awaited"}, {User::present, "present"}, {User::left, "left"}}};
constexpr std::array<std::pair<Command::Kind, std::string_view>, 3> kCommands{
    {{Command::Kind::join, "join"}, {Command::Kind::remove, "delete"}, {Command::Kind::check, "check"}}};
constexpr std::array<std::pair<LinkHello::Role, std::string_view>, 3> kRoles{
    {{LinkHello::Role::controller, "controller"}, {LinkHello::Role::viewer, "viewer"}, {LinkHello::Role::adb, "adb"}}};
constexpr std::int64_t kVersion = 1;

template <class Value, std::size_t size>
std::string_view name_in(const std::array<std::pair<Value, std::string_view>, size>& table, Value value) {
  return table.at(static_cast<std::size_t>(value)).second;
}
template <class Value, std::size_t size>
std::optional<Value> find_in(const std::array<std::pair<Value, std::string_view>, size>& table, std::string_view name) {
  for (const auto& [value, text] : table) {
    if (text == name) return value;
  }
  return std::nullopt;
}
constexpr std::size_t kMaxIceServers = 8;

json::array texts(const std::vector<std::string>& all) {
  json::array array;
  for (const std::string& text : all) array.emplace_back(text);
  return array;
}

std::optional<std::vector<IceServer>> read_ice_servers(RecordReader& record) {
  std::vector<IceServer> servers;
  for (const json::value& element : record.array("ice_servers")) {
    RecordReader inner(element);
    IceServer server{inner.texts("urls"), inner.text_or("username", ""), inner.text_or("password", "")};
    if (!inner.ok() || servers.size() == kMaxIceServers) return std::nullopt;
    servers.push_back(std::move(server));
  }
  return servers;
}

/// A missing value is valid, a value out of range is not.
std::optional<Screen> read_screen(RecordReader& record) {
  if (!record.has("screen")) return Screen{};
  auto screen = parse_screen(record.object("screen"));
  if (!screen) return std::nullopt;
  return *screen;
}

template <class T>
std::optional<T> checked(const RecordReader& record, T value) {
  if (!record.ok()) return std::nullopt;
  return value;
}

}  // namespace

namespace subject {
namespace {
constexpr std::string_view kAgents = "as.v1.agent.";
}
std::string agent(std::string_view agent, std::string_view leaf) {
  return std::string(kAgents).append(agent).append(".").append(leaf);
}
std::string_view agent_in(std::string_view subject) {
  if (!subject.starts_with(kAgents)) return {};
  subject.remove_prefix(kAgents.size());
  const std::size_t dot = subject.find('.');
  return dot == std::string_view::npos ? std::string_view() : subject.substr(0, dot);
}
std::string session(std::string_view session, std::string_view leaf) {
  return "as.v1.session." + std::string(session) + "." + std::string(leaf);
}
}  // namespace subject

std::string instance_name(std::string_view session) { return "s-" + std::string(session); }
std::string session_tag(std::string_view session) { return std::string(kSessionTag) + std::string(session); }

std::string_view name(SessionStatus status) { return name_in(kStatus, status); }
std::string_view name(User user) { return name_in(kUsers, user); }

std::optional<SessionStatus> parse_session_status(std::string_view name) { return find_in(kStatus, name); }

bool is_over(SessionStatus status) { return status == SessionStatus::error || status == SessionStatus::terminated; }

json::array to_json(const std::vector<IceServer>& servers) {
  json::array array;
  for (const IceServer& server : servers) {
    json::object object{{"urls", texts(server.urls)}};
    if (!server.username.empty()) object["username"] = server.username;
    if (!server.password.empty()) object["password"] = server.password;
    array.push_back(std::move(object));
  }
  return array;
}

json::object to_json(const Announcement& value) {
  return {{"v", kVersion},
          {"agent", value.agent},
          {"region", value.region},
          {"cluster", value.cluster},
          {"url", value.url},
          {"fingerprint", value.fingerprint},
          {"applications", texts(value.applications)},
          {"capacity", value.capacity},
          {"sessions", value.sessions},
          {"draining", value.draining}};
}

template <>
std::optional<Announcement> parse(std::string_view text) {
  RecordReader record(text);
  Announcement value;
  value.agent = record.text("agent");
  value.region = record.text("region");
  value.cluster = record.text("cluster");
  value.url = record.text("url");
  value.fingerprint = record.text("fingerprint");
  value.applications = record.texts("applications");
  value.capacity = record.integer("capacity");
  value.sessions = record.integer("sessions");
  value.draining = record.boolean("draining");
  return checked(record, std::move(value));
}

json::object to_json(const SessionSpec& value) {
  return {{"v", kVersion},
          {"session", value.session},
          {"fence", value.fence},
          {"app", value.app},
          {"app_version", value.app_version},
          {"region", value.region},
          {"screen", to_json(value.screen)},
          {"ephemeral", value.ephemeral},
          {"joinable", value.joinable},
          {"idle_time_min", value.idle_time_min},
          {"extra_data", value.extra_data},
          {"client", value.client},
          {"user_timeout", value.user_timeout}};
}

template <>
std::optional<SessionSpec> parse(std::string_view text) {
  RecordReader record(text);
  SessionSpec value;
  value.session = record.text("session");
  value.fence = record.integer("fence");
  value.app = record.text("app");
  value.app_version = record.integer("app_version");
  value.region = record.text("region");
  const auto screen = read_screen(record);
  if (!screen) return std::nullopt;
  value.screen = *screen;
  value.ephemeral = record.boolean("ephemeral");
  value.joinable = record.boolean("joinable");
  value.idle_time_min = record.integer("idle_time_min");
  value.extra_data = record.text("extra_data");
  value.client = record.text("client");
  value.user_timeout = record.integer_or("user_timeout", kUserTimeout);
  if (value.user_timeout < 0) return std::nullopt;
  return checked(record, std::move(value));
}

json::object to_json(const Created& value) {
  return {{"agent", value.agent},
          {"instance", value.instance},
          {"cluster", value.cluster},
          {"ice_servers", to_json(value.ice_servers)}};
}

template <>
std::optional<Created> parse(std::string_view text) {
  RecordReader record(text);
  Created value{record.text("agent"), record.text("instance"), record.text("cluster"), {}};
  auto servers = read_ice_servers(record);
  if (!servers) return std::nullopt;
  value.ice_servers = std::move(*servers);
  return checked(record, std::move(value));
}

json::object to_json(const Claim& value) {
  json::object object{{"v", kVersion},
                      {"session", value.session},
                      {"agent", value.agent},
                      {"instance", value.instance},
                      {"attached", value.attached}};
  if (value.launched) {
    const Launched& launched = *value.launched;
    object["launched"] = {{"app", launched.app},
                          {"app_version", launched.app_version},
                          {"region", launched.region},
                          {"cluster", launched.cluster},
                          {"screen", to_json(launched.screen)}};
  }
  return object;
}

template <>
std::optional<Claim> parse(std::string_view text) {
  RecordReader record(text);
  Claim value{record.text("session"), record.text("agent"), record.text("instance"), record.boolean("attached")};
  if (record.has("launched")) {
    RecordReader inner{json::value(record.object("launched"))};
    value.launched =
        Launched{inner.text("app"), inner.integer("app_version"), inner.text("region"), inner.text("cluster")};
    const auto screen = read_screen(inner);
    if (!inner.ok() || !screen) return std::nullopt;
    value.launched->screen = *screen;
  }
  return checked(record, std::move(value));
}

json::object to_json(const StateReport& value) {
  return {
      {"v", kVersion},          {"session", value.session},     {"agent", value.agent},     {"fence", value.fence},
      {"number", value.number}, {"status", name(value.status)}, {"message", value.message}, {"clients", value.clients}};
}

template <>
std::optional<StateReport> parse(std::string_view text) {
  RecordReader record(text);
  StateReport value;
  value.session = record.text("session");
  value.agent = record.text("agent");
  value.fence = record.integer("fence");
  value.number = record.integer("number");
  const auto status = parse_session_status(record.text("status"));
  if (!status) return std::nullopt;
  value.status = *status;
  value.message = first_bytes(record.text("message"), kMaxStatusMessage);
  value.clients = record.integer("clients");
  if (value.clients < 0) return std::nullopt;
  return checked(record, std::move(value));
}

json::object to_json(const Command& value) {
  json::object object{{"v", kVersion},        {"op", name_in(kCommands, value.kind)},
                      {"fence", value.fence}, {"client", value.client},
                      {"force", value.force}, {"reason", value.reason}};
  if (value.user_timeout) object["user_timeout"] = *value.user_timeout;
  return object;
}

template <>
std::optional<Command> parse(std::string_view text) {
  RecordReader record(text);
  Command value;
  const auto kind = find_in(kCommands, record.text("op"));
  if (!kind) return std::nullopt;
  value.kind = *kind;
  value.fence = record.integer("fence");
  value.client = record.text("client");
  value.force = record.boolean("force");
  value.reason = record.text("reason");
  if (record.has("user_timeout")) value.user_timeout = record.integer("user_timeout");
  if (value.user_timeout.value_or(0) < 0) return std::nullopt;
  return checked(record, std::move(value));
}

json::object to_json(const CommandReply& value) { return {{"ice_servers", to_json(value.ice_servers)}}; }

template <>
std::optional<CommandReply> parse(std::string_view text) {
  RecordReader record(text);
  auto servers = read_ice_servers(record);
  if (!servers) return std::nullopt;
  return checked(record, CommandReply{std::move(*servers)});
}

json::object to_json(const RuntimeReport& value) {
  return {{"type", "status"},         {"status", name(value.status)},   {"message", value.message},
          {"clients", value.clients}, {"statistics", value.statistics}, {"user", name(value.user)}};
}

template <>
std::optional<RuntimeReport> parse(std::string_view text) {
  RecordReader record(text);
  RuntimeReport value;
  const auto status = parse_session_status(record.text("status"));
  if (record.text("type") != "status" || !status) return std::nullopt;
  value.status = *status;
  value.message = first_bytes(record.text("message"), kMaxStatusMessage);
  value.clients = record.integer("clients");
  if (value.clients < 0) return std::nullopt;
  value.statistics = known_figures(record.object("statistics"));
  // A runtime that does not report its user is never taken for one whose user has left.
  const auto user = find_in(kUsers, record.text_or("user", std::string(name(User::present))));
  if (!user) return std::nullopt;
  value.user = *user;
  return checked(record, std::move(value));
}

json::object to_json(const Terminate& value) { return {{"type", "terminate"}, {"reason", value.reason}}; }

template <>
std::optional<Terminate> parse(std::string_view text) {
  RecordReader record(text);
  if (record.text("type") != "terminate") return std::nullopt;
  return checked(record, Terminate{record.text("reason")});
}

json::object to_json(const LinkHello& value) {
  return {{"type", "hello"},
          {"order", value.order},
          {"screen", to_json(value.screen)},
          {"role", name_in(kRoles, value.role)}};
}

template <>
std::optional<LinkHello> parse(std::string_view text) {
  RecordReader record(text);
  LinkHello value;
  value.order = record.integer("order");
  const auto role = find_in(kRoles, record.text("role"));
  const auto screen = read_screen(record);
  if (record.text("type") != "hello" || !role || !screen) return std::nullopt;
  value.screen = *screen;
  value.role = *role;
  return checked(record, value);
}

std::string json_text(const json::object& object) { return json::serialize(object); }

std::string reply_text(const json::object& ok) { return json::serialize(json::object{{"v", kVersion}, {"ok", ok}}); }

std::string reply_text(const Refusal& error) {
  return json::serialize(json::object{
      {"v", kVersion}, {"error", {{"status", error.status}, {"code", error.code}, {"message", error.message}}}});
}

Outcome<std::string> parse_reply(std::string_view text) {
  RecordReader record(text);
  if (record.ok() && record.has("ok")) {
    const json::object ok = record.object("ok");
    if (record.ok()) return json::serialize(ok);
  }
  if (record.ok() && record.has("error")) {
    RecordReader error{json::value(record.object("error"))};
    Refusal refusal;
    refusal.status = static_cast<unsigned>(error.integer("status"));
    refusal.code = error.text("code");
    refusal.message = error.text("message");
    if (error.ok() && refusal.status >= 400 && refusal.status < 600) return refuse(std::move(refusal));
  }
  return refuse(refusal_of(errc::bus_protocol));
}

}  // namespace redan::cloud::api
