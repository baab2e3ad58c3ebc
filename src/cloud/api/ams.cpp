#include "cloud/api/ams.hpp"

#include <array>
#include <boost/json/serialize.hpp>

#include "cloud/api/ids.hpp"
#include "cloud/api/record.hpp"
#include "cloud/token/rfc3339.hpp"

namespace redan::cloud::api {
namespace {

constexpr std::array<std::pair<InstanceStatus, std::string_view>, 8> kInstanceStatus{
    {{InstanceStatus::error, "error"},
     {InstanceStatus::unknown, "unknown"},
     {InstanceStatus::created, "created"},
     {InstanceStatus::prepared, "prepared"},
     {InstanceStatus::started, "started"},
     {InstanceStatus::running, "running"},
     {InstanceStatus::stopped, "stopped"},
     {InstanceStatus::deleted, "deleted"}}};

constexpr std::string_view kUnknownStatus = "Unknown";

constexpr std::array<std::pair<OperationKind, std::string_view>, 6> kOperationKind{
    {{OperationKind::launch, "launch"},
     {OperationKind::start, "start"},
     {OperationKind::stop, "stop"},
     {OperationKind::remove, "delete"},
     {OperationKind::trust, "trust"},
     {OperationKind::distrust, "distrust"}}};

constexpr std::array<std::pair<SealedPolicy, std::string_view>, 3> kSealedPolicy{
    {{SealedPolicy::off, "off"}, {SealedPolicy::offered, "offered"}, {SealedPolicy::required, "required"}}};

json::array to_json(const std::vector<std::string>& texts) {
  json::array array;
  for (const std::string& text : texts) array.emplace_back(text);
  return array;
}

template <class T, class Table>
std::optional<T> find_in(const Table& table, std::string_view text) {
  for (const auto& [value, known] : table) {
    if (known == text) return value;
  }
  return std::nullopt;
}

template <class Table, class T>
std::string_view name_in(const Table& table, T value) {
  for (const auto& [known, text] : table) {
    if (known == value) return text;
  }
  return {};
}

std::optional<InstanceStatus> known_status(std::int64_t number) {
  for (const auto& [status, name] : kInstanceStatus) {
    if (static_cast<std::int64_t>(status) == number) return status;
  }
  return std::nullopt;
}

}  // namespace

// Instances.

std::string_view name(InstanceStatus status) { return name_in(kInstanceStatus, status); }
std::optional<InstanceStatus> parse_instance_status(std::string_view text) {
  return find_in<InstanceStatus>(kInstanceStatus, text);
}
bool may_run(InstanceStatus status) {
  return status == InstanceStatus::prepared || status == InstanceStatus::started || status == InstanceStatus::running;
}

std::string_view name(SealedPolicy policy) { return name_in(kSealedPolicy, policy); }
std::optional<SealedPolicy> parse_sealed_policy(std::string_view text) {
  return find_in<SealedPolicy>(kSealedPolicy, text);
}
Outcome<SealedPolicy> sealed_policy(const json::object& object) {
  const json::value* value = object.if_contains("sealed");
  if (value == nullptr) return SealedPolicy::offered;
  const auto policy = value->is_string() ? parse_sealed_policy(value->get_string()) : std::nullopt;
  if (!policy) return refuse(bad_request("\"sealed\" is off, offered or required"));
  return *policy;
}

bool Instance::delete_protected() const {
  const json::value* flag = config.if_contains("security.delete_protected");
  return flag != nullptr && flag->is_bool() && flag->get_bool();
}

json::object to_json(const Instance& i) {
  return {{"id", i.id},
          {"name", i.name},
          {"status", name(i.status)},
          {"status_code", static_cast<int>(i.status)},
          {"node", i.node},
          {"app_id", i.app_id},
          {"app_name", i.app_name},
          {"app_version", i.app_version},
          {"image_id", i.image_id},
          {"image_version", 0},
          {"created_at", i.created_at},
          {"address", i.address},
          {"public_address", i.address},
          {"services", i.services},
          {"stored_logs", json::array()},
          {"error_message", i.error_message},
          {"config", i.config},
          {"resources", i.resources},
          {"architecture", "x86_64"},
          {"tags", to_json(i.tags)},
          {"type", i.type}};
}

std::string to_record(const Instance& i) {
  json::object record = to_json(i);
  record["desired_status"] = static_cast<int>(i.desired_status);
  record["user_data"] = i.user_data;
  record["certificate_fingerprint"] = i.certificate_fingerprint;
  return json::serialize(record);
}

std::optional<Instance> instance_from_record(std::string_view text) {
  RecordReader record(text);
  Instance i;
  i.id = record.text("id");
  i.name = record.text("name");
  const auto status = find_in<InstanceStatus>(kInstanceStatus, record.text("status"));
  i.status = status.value_or(InstanceStatus::unknown);
  const auto desired = known_status(record.integer("desired_status"));
  i.desired_status = desired.value_or(InstanceStatus::unknown);
  i.node = record.text("node");
  i.app_id = record.text("app_id");
  i.app_name = record.text("app_name");
  i.app_version = record.integer("app_version");
  i.image_id = record.text("image_id");
  i.created_at = record.integer("created_at");
  i.address = record.text("address");
  i.error_message = record.text("error_message");
  i.tags = record.texts("tags");
  i.type = record.text("type");
  i.config = record.object("config");
  i.resources = record.object("resources");
  i.services = record.array("services");
  i.user_data = record.text("user_data");
  i.certificate_fingerprint = record.text("certificate_fingerprint");
  if (!record.ok() || !status || !desired) return std::nullopt;
  return i;
}

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

json::object to_json(const ApplicationVersion& v) {
  return {{"number", v.number},       {"status", "active"},         {"status_code", 2},
          {"published", v.published}, {"created_at", v.created_at}, {"manifest", v.manifest}};
}

json::object to_json(const Application& a) {
  json::array versions;
  for (const ApplicationVersion& version : a.versions) versions.emplace_back(to_json(version));
  return {{"id", a.id},
          {"name", a.name},
          {"status", "ready"},
          {"status_code", 2},
          {"instance_type", "container"},
          {"published", a.version(-1) != nullptr},
          {"immutable", false},
          {"created_at", a.created_at},
          {"tags", to_json(a.tags)},
          {"versions", std::move(versions)}};
}

std::string to_record(const Application& a) { return json::serialize(to_json(a)); }

std::optional<Application> application_from_record(std::string_view text) {
  RecordReader record(text);
  Application a;
  a.id = record.text("id");
  a.name = record.text("name");
  a.created_at = record.integer("created_at");
  a.tags = record.texts("tags");
  for (const json::value& element : record.array("versions")) {
    RecordReader version(element);
    ApplicationVersion v;
    v.number = version.integer("number");
    v.published = version.boolean("published");
    v.created_at = version.integer("created_at");
    v.manifest = version.object("manifest");
    if (!version.ok()) return std::nullopt;
    a.versions.push_back(std::move(v));
  }
  if (!record.ok()) return std::nullopt;
  return a;
}

// Operations.

std::string_view name(OperationStatus status) {
  switch (status) {
    case OperationStatus::running:
      return "Running";
    case OperationStatus::cancelling:
      return "Cancelling";
    case OperationStatus::pending:
      return "Pending";
    case OperationStatus::success:
      return "Success";
    case OperationStatus::failure:
      return "Failure";
    case OperationStatus::cancelled:
      return "Cancelled";
  }
  return kUnknownStatus;
}

std::string_view name(OperationKind kind) { return name_in(kOperationKind, kind); }

json::object to_json(const Operation& o) {
  const bool is_trust = o.kind == OperationKind::trust || o.kind == OperationKind::distrust;
  const std::string kind = is_trust ? "certificates" : "instances";
  return {{"id", o.id},
          {"class", "task"},
          {"created_at", token::to_rfc3339({o.created_at})},
          {"updated_at", token::to_rfc3339({o.updated_at})},
          {"status", name(o.status)},
          {"status_code", static_cast<unsigned>(o.status)},
          {"resources", {{kind, json::array{"/1.0/" + kind + "/" + o.resource}}}},
          {"metadata", json::object()},
          {"may_cancel", false},
          {"err", o.err},
          {"description", std::string(name(o.kind)) + (is_trust ? " certificate" : " instance")},
          {"server_address", ""}};
}

std::string to_record(const Operation& o) {
  return json::serialize(json::object{{"id", o.id},
                                      {"kind", name(o.kind)},
                                      {"resource", o.resource},
                                      {"status", static_cast<std::int64_t>(o.status)},
                                      {"created_at", o.created_at},
                                      {"updated_at", o.updated_at},
                                      {"err", o.err},
                                      {"unit", o.unit}});
}

std::optional<Operation> operation_from_record(std::string_view text) {
  RecordReader record(text);
  Operation o;
  o.id = record.text("id");
  const auto kind = find_in<OperationKind>(kOperationKind, record.text("kind"));
  o.resource = record.text("resource");
  const std::int64_t status = record.integer("status");
  o.status = static_cast<OperationStatus>(status);
  o.created_at = record.integer("created_at");
  o.updated_at = record.integer("updated_at");
  o.err = record.text("err");
  o.unit = record.text("unit");
  const bool known = name(o.status) != kUnknownStatus && static_cast<std::int64_t>(o.status) == status;
  if (!record.ok() || !kind || !known) return std::nullopt;
  o.kind = *kind;
  return o;
}

}  // namespace redan::cloud::api
