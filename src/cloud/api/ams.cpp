#include "cloud/api/ams.hpp"

#include <array>
#include <boost/json/serialize.hpp>

#include "cloud/api/agent.hpp"
#include "cloud/api/ids.hpp"
#include "cloud/api/record.hpp"
#include "cloud/api/size.hpp"
#include "cloud/token/rfc3339.hpp"

namespace redan::cloud::api {
namespace {

/// Members of a manifest that the documented form of a version repeats.
constexpr std::array<std::string_view, 6> kVersionMembers{
    "boot_activity", "required_permissions", "extra_data", "video_encoder", "services", "features"};

json::value member_or(const json::object& object, std::string_view key, json::value otherwise) {
  const json::value* member = object.if_contains(key);
  return member == nullptr ? std::move(otherwise) : *member;
}

/// "512MB" for sizes, in the older form of an instance.
json::object with_size_texts(json::object resources) {
  for (const std::string_view key : {"memory", "disk-size"}) {
    json::value* size = resources.if_contains(key);
    if (size != nullptr && size->is_int64()) *size = size_text(size->get_int64());
  }
  return resources;
}

}  // namespace

template <>
struct Names<InstanceStatus> {
  static constexpr std::array<std::pair<InstanceStatus, std::string_view>, 8> table{
      {{InstanceStatus::error, "error"},
       {InstanceStatus::unknown, "unknown"},
       {InstanceStatus::created, "created"},
       {InstanceStatus::prepared, "prepared"},
       {InstanceStatus::started, "started"},
       {InstanceStatus::running, "running"},
       {InstanceStatus::stopped, "stopped"},
       {InstanceStatus::deleted, "deleted"}}};
};

template <>
struct Names<OperationKind> {
  static constexpr std::array<std::pair<OperationKind, std::string_view>, 5> table{{{OperationKind::none, "none"},
                                                                                    {OperationKind::launch, "launch"},
                                                                                    {OperationKind::start, "start"},
                                                                                    {OperationKind::stop, "stop"},
                                                                                    {OperationKind::remove, "delete"}}};
};

template <>
struct Names<OperationClass> {
  static constexpr std::array<std::pair<OperationClass, std::string_view>, 2> table{
      {{OperationClass::task, "task"}, {OperationClass::websocket, "websocket"}}};
};

template <>
struct Names<OperationStatus> {
  static constexpr std::array<std::pair<OperationStatus, std::string_view>, 6> table{
      {{OperationStatus::running, "Running"},
       {OperationStatus::cancelling, "Cancelling"},
       {OperationStatus::pending, "Pending"},
       {OperationStatus::success, "Success"},
       {OperationStatus::failure, "Failure"},
       {OperationStatus::cancelled, "Cancelled"}}};
};

template <>
struct Names<SealedPolicy> {
  static constexpr std::array<std::pair<SealedPolicy, std::string_view>, 3> table{
      {{SealedPolicy::off, "off"}, {SealedPolicy::offered, "offered"}, {SealedPolicy::required, "required"}}};
};

template <class Fields, Described<Instance> I>
void describe(Fields& fields, I& i) {
  fields("id", i.id);
  fields("name", i.name);
  fields("status", i.status);
  fields("desired_status", AsNumber{i.desired_status});
  fields("node", i.node);
  fields("app_id", i.app_id);
  fields("app_name", i.app_name);
  fields("app_version", i.app_version);
  fields("image_id", i.image_id);
  fields.optional("image_version", i.image_version);
  fields.optional("base", i.base);
  fields("created_at", i.created_at);
  fields("address", i.address);
  fields("error_message", i.error_message);
  fields("tags", i.tags);
  fields.optional("addons", i.addons);
  fields("type", i.type);
  fields("config", i.config);
  fields("resources", i.resources);
  fields("services", i.services);
  fields("user_data", i.user_data);
  fields("certificate_fingerprint", i.certificate_fingerprint);
  fields.optional("session", i.session);
  fields.optional("stream_data", i.stream_data);
}

template <class Fields, Described<ApplicationVersion> V>
void describe(Fields& fields, V& v) {
  fields("number", v.number);
  fields("published", v.published);
  fields("created_at", v.created_at);
  fields("manifest", v.manifest);
  fields.optional("package_sha256", v.package_sha256);
}

template <class Fields, Described<Application> A>
void describe(Fields& fields, A& a) {
  fields("id", a.id);
  fields("name", a.name);
  fields("created_at", a.created_at);
  fields("tags", a.tags);
  fields("versions", a.versions);
  fields.optional("settings", a.settings);
  fields.optional("inhibit_auto_updates", a.inhibit_auto_updates);
  fields.optional("next_version", a.next_version);
}

template <class Fields, Described<Operation> O>
void describe(Fields& fields, O& o) {
  fields("id", o.id);
  fields("kind", o.kind);
  fields("class", o.type);
  fields("description", o.description);
  fields("resource_type", o.resource_type);
  fields("resources", o.resources);
  fields("status", AsNumber{o.status});
  fields("created_at", o.created_at);
  fields("updated_at", o.updated_at);
  fields("err", o.err);
  fields("unit", o.unit);
  fields("may_cancel", o.may_cancel);
  fields("metadata", o.metadata);
}

// Instances.

std::string_view name(InstanceStatus status) { return name_of(status); }
std::optional<InstanceStatus> parse_instance_status(std::string_view text) { return from_name<InstanceStatus>(text); }
bool may_run(InstanceStatus status) {
  return status == InstanceStatus::prepared || status == InstanceStatus::started || status == InstanceStatus::running;
}

std::string_view name(SealedPolicy policy) { return name_of(policy); }
std::optional<SealedPolicy> parse_sealed_policy(std::string_view text) { return from_name<SealedPolicy>(text); }
Outcome<SealedPolicy> sealed_policy(const json::object& object) {
  const json::value* value = object.if_contains("sealed");
  if (value == nullptr) return SealedPolicy::offered;
  const auto policy = value->is_string() ? parse_sealed_policy(value->get_string()) : std::nullopt;
  if (!policy) return refuse(bad_request("\"sealed\" is off, offered or required"));
  return *policy;
}

bool Instance::delete_protected() const {
  const json::value* security = config.if_contains("security");
  if (security == nullptr || !security->is_object()) return false;
  const json::value* flag = security->get_object().if_contains("delete_protected");
  return flag != nullptr && flag->is_bool() && flag->get_bool();
}

void Instance::protect(bool is_protected) { config["security"] = {{"delete_protected", is_protected}}; }

void Instance::want_session(std::string wanted) {
  std::erase_if(tags, [&](const std::string& tag) {
    return !session.empty() && (tag == session_tag(session) || tag.starts_with(kAgentTag));
  });
  session = std::move(wanted);
  stream_data.clear();
  tags.push_back(session_tag(session));
}

json::object to_json(const AwaitingInstance& instance) {
  return {{"name", instance.name},
          {"session", instance.session},
          {"app", instance.app},
          {"app_version", instance.app_version},
          {"screen", to_json(instance.screen)}};
}

std::optional<AwaitingInstance> awaiting_instance_from_json(const json::value& value) {
  RecordReader record(value);
  AwaitingInstance instance{record.text("name"), record.text("session"), record.text("app"),
                            record.integer("app_version")};
  const auto screen = parse_screen(record.object("screen"));
  if (!record.ok() || !screen) return std::nullopt;
  instance.screen = *screen;
  return instance;
}

json::object to_json(const Instance& i) {
  json::object shown = to_object(i);
  for (const std::string_view hidden :
       {"desired_status", "user_data", "certificate_fingerprint", "session", "stream_data"}) {
    shown.erase(hidden);
  }
  shown["status_code"] = static_cast<int>(i.status);
  shown["status_message"] = i.error_message;
  shown["public_address"] = i.address;
  shown["stored_logs"] = json::array();
  shown["architecture"] = "x86_64";
  json::object config{{"display", {{"width", 0}, {"height", 0}, {"fps", 0}, {"density", 0}}},
                      {"security", {{"delete_protected", false}}}};
  for (const auto& member : i.config) config[member.key()] = member.value();
  shown["config"] = std::move(config);
  return shown;
}

json::object to_container_json(const Instance& i) {
  json::object shown = to_json(i);
  shown.erase("base");
  shown.erase("status_message");
  shown["type"] = i.base ? "base" : "regular";
  shown["resources"] = with_size_texts(i.resources);
  json::object& config = shown["config"].as_object();
  for (const std::string_view newer : {"display", "security", "enable_streaming"}) config.erase(newer);
  return shown;
}

std::string to_record(const Instance& i) { return to_record_text(i); }
std::optional<Instance> instance_from_record(std::string_view text) { return from_record_text<Instance>(text); }

Instance instance_from_damaged_record(std::string id, std::string_view text) {
  Instance left;
  left.id = std::move(id);
  left.name = left.id;
  left.status = InstanceStatus::error;
  left.error_message = "the record of this instance is damaged; delete the instance";
  left.damaged = true;
  json::parse_options lenient;
  lenient.allow_invalid_utf8 = true;
  json::error_code error;
  const json::value value = json::parse(text, error, {}, lenient);
  if (error || !value.is_object()) return left;
  const auto save = [&](std::string_view key, std::string& into) {
    const json::value* member = value.get_object().if_contains(key);
    if (member != nullptr && member->is_string() && is_name(member->get_string())) into = member->get_string().c_str();
  };
  save("name", left.name);
  save("node", left.node);
  return left;
}

// Applications.

const ApplicationVersion* Application::version(std::int64_t number) const {
  for (auto at = versions.rbegin(); at != versions.rend(); ++at) {
    if (number == -1 ? at->published : at->number == number) return &*at;
  }
  return nullptr;
}

json::object Application::manifest(const ApplicationVersion& version) const {
  json::object merged = version.manifest;
  for (const auto& member : settings) merged[member.key()] = member.value();
  return merged;
}

json::object to_json(const ApplicationVersion& v) {
  json::object shown{{"number", v.number},
                     {"manifest_version", member_or(v.manifest, "version", "")},
                     {"parent_image_id", member_or(v.manifest, "image", "")},
                     {"parent_image_version", 0},
                     {"status", "active"},
                     {"status_code", 3},
                     {"published", v.published},
                     {"created_at", v.created_at},
                     {"addons", json::array()},
                     {"watchdog", {{"disabled", false}}},
                     {"hooks", member_or(v.manifest, "hooks", json::object())},
                     {"bootstrap", member_or(v.manifest, "bootstrap", json::object())},
                     {"manifest", v.manifest}};
  if (const json::value* watchdog = v.manifest.if_contains("watchdog"); watchdog != nullptr && watchdog->is_object()) {
    for (const auto& member : watchdog->get_object()) shown["watchdog"].as_object()[member.key()] = member.value();
  }
  for (const std::string_view key : kVersionMembers) {
    if (const json::value* member = v.manifest.if_contains(key)) shown[key] = *member;
  }
  if (const json::value* addons = v.manifest.if_contains("addons"); addons != nullptr && addons->is_array()) {
    for (const json::value& addon : addons->get_array()) {
      shown["addons"].as_array().emplace_back(json::object{{"name", addon}, {"version", 0}});
    }
  }
  return shown;
}

json::object to_json(const Application& a) {
  json::array versions;
  for (const ApplicationVersion& version : a.versions) versions.emplace_back(to_json(version));
  const json::object newest = a.versions.empty() ? a.settings : a.manifest(a.versions.back());
  return {{"id", a.id},
          {"name", a.name},
          {"status", "ready"},
          {"status_code", 2},
          {"instance_type", member_or(newest, "instance-type", "")},
          {"boot_package", member_or(newest, "boot_package", "")},
          {"parent_image_id", member_or(newest, "image", "")},
          {"parent_image_variant", "generic"},
          {"published", a.version(-1) != nullptr},
          {"immutable", false},
          {"inhibit_auto_updates", a.inhibit_auto_updates},
          {"vm", false},
          {"abi", "x86_64"},
          {"created_at", a.created_at},
          {"tags", member_or(newest, "tags", described::write(a.tags))},
          {"addons", member_or(newest, "addons", json::array())},
          {"resources", member_or(newest, "resources", json::object())},
          {"node_selector", member_or(newest, "node_selector", json::array())},
          {"versions", std::move(versions)}};
}

std::string to_record(const Application& a) { return to_record_text(a); }
std::optional<Application> application_from_record(std::string_view text) {
  return from_record_text<Application>(text);
}

// Operations.

std::string_view name(OperationStatus status) { return name_of(status); }
std::string_view name(OperationKind kind) { return name_of(kind); }

json::object to_json(const Operation& o) {
  json::array resources;
  for (const std::string& resource : o.resources) {
    resources.emplace_back("/1.0/" + o.resource_type + "/" + resource);
  }
  json::object by_type;
  // Older clients look for the older name.
  if (o.resource_type == "instances" && !resources.empty()) {
    json::array containers;
    for (const std::string& resource : o.resources) containers.emplace_back("/1.0/containers/" + resource);
    by_type["containers"] = std::move(containers);
  }
  if (!resources.empty()) by_type[o.resource_type] = std::move(resources);
  return {{"id", o.id},
          {"class", name_of(o.type)},
          {"created_at", token::to_rfc3339({o.created_at})},
          {"updated_at", token::to_rfc3339({o.updated_at})},
          {"status", name_of(o.status)},
          {"status_code", static_cast<unsigned>(o.status)},
          {"resources", std::move(by_type)},
          {"metadata", o.metadata},
          {"may_cancel", o.may_cancel},
          {"err", o.err},
          {"description", o.description},
          {"server_address", ""}};
}

std::string to_record(const Operation& o) { return to_record_text(o); }
std::optional<Operation> operation_from_record(std::string_view text) {
  auto operation = from_record_text<Operation>(text);
  if (operation && operation->kind != OperationKind::none && operation->resources.size() != 1) return std::nullopt;
  return operation;
}

}  // namespace redan::cloud::api
