#include "cloud/ams/lxd_api.hpp"

#include <algorithm>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include "base/utf8.hpp"
#include "cloud/errors.hpp"

namespace redan::cloud::ams {
namespace {

namespace json = boost::json;

constexpr std::size_t kMaxWords = 500;
constexpr std::size_t kMaxName = 63;
constexpr std::size_t kMaxOperationId = 64;
constexpr std::size_t kMaxSecret = 256;
// LXD's status codes (doc/rest-api.md in LXD's repository).
constexpr std::int64_t kStopped = 102;
constexpr std::int64_t kSuccess = 200;
constexpr std::int64_t kFailure = 400;

const json::value* member(const json::value& value, std::string_view key) {
  const json::object* object = value.if_object();
  return object != nullptr ? object->if_contains(key) : nullptr;
}

/// Empty if the member is absent or not a string.
std::string_view text_of(const json::value& value, std::string_view key) {
  const json::value* found = member(value, key);
  const json::string* text = found != nullptr ? found->if_string() : nullptr;
  return text != nullptr ? std::string_view(*text) : std::string_view();
}

std::optional<std::int64_t> integer_of(const json::value& value, std::string_view key) {
  const json::value* found = member(value, key);
  const std::int64_t* integer = found != nullptr ? found->if_int64() : nullptr;
  return integer != nullptr ? std::optional(*integer) : std::nullopt;
}

bool consists_of(std::string_view text, std::size_t limit, bool (*allowed)(char)) {
  return !text.empty() && text.size() <= limit && std::all_of(text.begin(), text.end(), allowed);
}
bool in_name(char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-'; }
bool in_uuid(char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || c == '-'; }
bool in_hex(char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }

/// The name in "/1.0/instances/<name>?project=<project>"; empty for other paths.
std::string_view instance_name(std::string_view path) {
  constexpr std::string_view kInstances = "/1.0/instances/";
  if (!path.starts_with(kInstances)) return {};
  path.remove_prefix(kInstances.size());
  path = path.substr(0, path.find('?'));
  return consists_of(path, kMaxName, in_name) ? path : std::string_view();
}

bool works_on(const json::value& operation, std::string_view name) {
  const json::value* resources = member(operation, "resources");
  const json::value* instances = resources != nullptr ? member(*resources, "instances") : nullptr;
  const json::array* paths = instances != nullptr ? instances->if_array() : nullptr;
  if (paths == nullptr) return false;
  return std::any_of(paths->begin(), paths->end(), [name](const json::value& path) {
    const json::string* text = path.if_string();
    return text != nullptr && instance_name(*text) == name;
  });
}

std::optional<json::value> parse_json(std::string_view text) {
  json::error_code error;
  json::value value = json::parse(text, error);
  if (error) return std::nullopt;
  return value;
}

}  // namespace

std::string lxd_name(std::string_view id) { return "ams-" + std::string(id); }

std::string lxd_words(std::string_view text) {
  std::string words(first_bytes(text, kMaxWords));
  std::replace_if(
      words.begin(), words.end(), [](unsigned char c) { return c < 0x20 || c == 0x7F; }, ' ');
  return words;
}

Result<LxdReply> LxdReply::parse(std::string_view text) {
  std::optional<json::value> value = parse_json(text);
  if (!value || !value->is_object()) return refuse(errc::lxd_protocol);
  LxdReply reply;
  const std::string_view type = text_of(*value, "type");
  if (type == "error") {
    reply.type = Type::error;
    const std::int64_t code = integer_of(*value, "error_code").value_or(0);
    if (code < 400 || code > 599) return refuse(errc::lxd_protocol);
    reply.error_code = static_cast<unsigned>(code);
    reply.error = lxd_words(text_of(*value, "error"));
    return reply;
  }
  if (type != "sync" && type != "async") return refuse(errc::lxd_protocol);
  reply.type = type == "sync" ? Type::sync : Type::async;
  if (json::value* metadata = value->get_object().if_contains("metadata")) reply.metadata = std::move(*metadata);
  return reply;
}

Result<LxdOperation> LxdOperation::parse(const json::value& metadata) {
  LxdOperation operation;
  operation.id = text_of(metadata, "id");
  const auto code = integer_of(metadata, "status_code");
  if (!consists_of(operation.id, kMaxOperationId, in_uuid) || !code) return refuse(errc::lxd_protocol);
  operation.state = *code == kSuccess ? State::success : *code >= kFailure ? State::failure : State::running;
  operation.error = lxd_words(text_of(metadata, "err"));
  if (const json::value* own = member(metadata, "metadata")) {
    if (const auto exit_code = integer_of(*own, "return")) operation.exit_code = static_cast<int>(*exit_code & 0xFF);
  }
  return operation;
}

// {"running":[{...},{...}],"success":[...]}
Result<std::optional<LxdOperation>> LxdOperation::parse_list(const json::value& metadata, std::string_view name) {
  const json::object* by_status = metadata.if_object();
  if (by_status == nullptr) return refuse(errc::lxd_protocol);
  for (const auto& [status, list] : *by_status) {
    if (!list.is_array()) continue;
    for (const json::value& element : list.get_array()) {
      if (!works_on(element, name)) continue;
      auto operation = parse(element);
      if (operation && operation->state == State::running) return std::optional(std::move(*operation));
    }
  }
  return std::optional<LxdOperation>();
}

Result<LxdInstance> LxdInstance::parse(const json::value& metadata) {
  LxdInstance instance;
  instance.name = text_of(metadata, "name");
  const auto code = integer_of(metadata, "status_code");
  if (!consists_of(instance.name, kMaxName, in_name) || !code) return refuse(errc::lxd_protocol);
  instance.existence = *code == kStopped ? Existence::stopped : Existence::running;
  // Not expanded_config: a profile must not be able to mark an instance as this AMS's.
  if (const json::value* config = member(metadata, "config")) {
    const std::string_view unit = text_of(*config, kLxdUnitKey);
    const std::string_view id = text_of(*config, kLxdIdKey);
    if (instance.name == lxd_name(id)) {
      instance.unit = unit.substr(0, kMaxName);
      instance.id = id;
    }
  }
  return instance;
}

Result<std::vector<LxdInstance>> LxdInstance::parse_list(const json::value& metadata, std::string_view unit) {
  const json::array* list = metadata.if_array();
  if (list == nullptr) return refuse(errc::lxd_protocol);
  std::vector<LxdInstance> ours;
  for (const json::value& element : *list) {
    auto instance = parse(element);
    if (instance && !instance->id.empty() && instance->unit == unit) ours.push_back(std::move(*instance));
  }
  return ours;
}

// [{"fingerprint":"<hex>","properties":{"redan.unit":"ams-1",...},...},...]
Result<std::vector<std::string>> parse_lxd_images(const json::value& metadata, std::string_view unit) {
  const json::array* list = metadata.if_array();
  if (list == nullptr) return refuse(errc::lxd_protocol);
  std::vector<std::string> fingerprints;
  for (const json::value& image : *list) {
    const json::value* properties = member(image, "properties");
    if (properties == nullptr || text_of(*properties, kLxdImageProperty) != unit) continue;
    const std::string_view fingerprint = text_of(image, "fingerprint");
    if (fingerprint.size() == 64 && consists_of(fingerprint, 64, in_hex)) fingerprints.emplace_back(fingerprint);
  }
  return fingerprints;
}

std::optional<LxdEnded> LxdEnded::parse(std::string_view text) {
  const std::optional<json::value> value = parse_json(text);
  if (!value || text_of(*value, "type") != "lifecycle") return std::nullopt;
  const json::value* metadata = member(*value, "metadata");
  if (metadata == nullptr) return std::nullopt;
  const std::string_view action = text_of(*metadata, "action");
  if (action != "instance-shutdown" && action != "instance-stopped" && action != "instance-deleted") {
    return std::nullopt;
  }
  const std::string_view name = instance_name(text_of(*metadata, "source"));
  if (name.empty()) return std::nullopt;
  return LxdEnded{std::string(name)};
}

std::string LxdNewInstance::write() const {
  const bool by_fingerprint = image.size() == 64 && consists_of(image, 64, in_hex);
  json::object config{{kLxdUnitKey, unit}, {kLxdIdKey, id}, {"boot.autostart", "false"}};
  if (memory_bytes > 0) config["limits.memory"] = std::to_string(memory_bytes);
  if (cpus > 0) config["limits.cpu"] = std::to_string(cpus);
  json::object source{{"type", "image"}, {by_fingerprint ? "fingerprint" : "alias", image}};
  json::array profile_names(profiles.begin(), profiles.end());
  return json::serialize(json::object{{"name", name},
                                      {"type", "container"},
                                      {"source", std::move(source)},
                                      {"profiles", std::move(profile_names)},
                                      {"config", std::move(config)}});
}

std::string LxdCommand::write() const {
  json::object environment;
  for (const auto& [name, value] : spec.environment) environment[name] = value;
  return json::serialize(json::object{{"command", json::array(spec.command.begin(), spec.command.end())},
                                      {"environment", std::move(environment)},
                                      {"interactive", spec.interactive},
                                      {"width", spec.width},
                                      {"height", spec.height},
                                      {"wait-for-websocket", true}});
}

// {"id":"<uuid>","status_code":103,"metadata":{"fds":{"0":"<hex>","1":"<hex>","2":"<hex>","control":"<hex>"}}}
Result<LxdCommandSockets> LxdCommandSockets::parse(const json::value& metadata, bool interactive) {
  REDAN_TRY(const auto operation, LxdOperation::parse(metadata));
  const json::value* own = member(metadata, "metadata");
  const json::value* secrets = own != nullptr ? member(*own, "fds") : nullptr;
  if (secrets == nullptr) return refuse(errc::lxd_protocol);
  LxdCommandSockets sockets{operation.id, {}};
  for (const char* name : {"control", "0", "1", "2"}) {
    if (interactive && (*name == '1' || *name == '2')) continue;
    const std::string_view secret = text_of(*secrets, name);
    if (!consists_of(secret, kMaxSecret, in_hex)) return refuse(errc::lxd_protocol);
    sockets.secrets.emplace(name, secret);
  }
  return sockets;
}

std::string LxdStateChange::write() const {
  return json::serialize(json::object{{"action", action == Action::start ? "start" : "stop"},
                                      {"timeout", force ? -1 : timeout.count()},
                                      {"force", force}});
}

}  // namespace redan::cloud::ams
