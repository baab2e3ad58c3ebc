// The objects of AMS: applications, instances, nodes, operations. Each is one struct; to_json writes the form for
// clients, to_record the form for the store, which from_record reads.
#pragma once

#include <map>
#include <vector>

#include "cloud/api/described.hpp"
#include "cloud/api/members.hpp"
#include "cloud/api/screen.hpp"

namespace redan::cloud::api {

// Instances.

enum class InstanceStatus : std::int8_t {
  error = -1,
  unknown = 0,
  created = 1,   ///< recorded; nothing runs yet
  prepared = 2,  ///< the launcher has created what it needs
  started = 3,   ///< its process or container runs
  running = 4,   ///< reported by the instance itself
  stopped = 5,
  deleted = 6,
};
/// "running".
std::string_view name(InstanceStatus status);
std::optional<InstanceStatus> parse_instance_status(std::string_view name);
/// Whether a process of an instance with this status may exist.
bool may_run(InstanceStatus status);

struct Instance {
  std::string id;
  std::string name;
  InstanceStatus status = InstanceStatus::created;
  InstanceStatus desired_status = InstanceStatus::running;
  std::string node;
  std::string app_id, app_name;
  std::int64_t app_version = 0;
  std::string image_id;
  std::int64_t image_version = 0;
  bool base = false;            ///< of an image, without an application
  std::int64_t created_at = 0;  ///< Unix seconds
  std::string address;
  std::string error_message;
  std::vector<std::string> tags{};
  std::vector<std::string> addons{};
  std::string type = "container";
  json::object config{};     ///< display, enable_streaming, platform, security {delete_protected}
  json::object resources{};  ///< numbers of bytes: memory, disk-size
  json::array services{};

  // Stored, not shown.
  std::string user_data;
  std::string certificate_fingerprint;  ///< of the client certificate that it uses
  std::string session;      ///< which AMS wants for it, because it was launched with enable_streaming; "": none
  std::string stream_data;  ///< JSON, for the runtime: from the agent that has the session; "": no agent has it yet

  /// Its record cannot be read; this is the rest of it. It can be shown and deleted.
  bool damaged = false;

  /// It starts only when an agent has its session.
  [[nodiscard]] bool awaits_agent() const {
    return !session.empty() && stream_data.empty() && status == InstanceStatus::created &&
           desired_status == InstanceStatus::running;
  }
  /// With the tag that names it. A former session is forgotten.
  void want_session(std::string wanted);
  [[nodiscard]] bool delete_protected() const;
  void protect(bool is_protected);
};

json::object to_json(const Instance& instance);
/// In the older form, of /1.0/containers: sizes are text.
json::object to_container_json(const Instance& instance);
std::string to_record(const Instance& instance);
std::optional<Instance> instance_from_record(std::string_view text);
/// What can be recovered of a damaged record: its status is error, its message gives the reason.
Instance instance_from_damaged_record(std::string id, std::string_view text);

/// What an agent learns about an instance that awaits it.
struct AwaitingInstance {
  std::string name, session, app;
  std::int64_t app_version = 0;
  Screen screen{};
};
json::object to_json(const AwaitingInstance& instance);
std::optional<AwaitingInstance> awaiting_instance_from_json(const json::value& value);

/// Whether an application's sessions are signalled through sealed channels (docs/protocols/sealed.md).
enum class SealedPolicy : std::uint8_t { off, offered, required };
std::string_view name(SealedPolicy policy);
std::optional<SealedPolicy> parse_sealed_policy(std::string_view name);
/// The member "sealed" of a manifest or of an instance's config; default: offered. 400 for an invalid value.
Outcome<SealedPolicy> sealed_policy(const json::object& object);

// Applications.

struct ApplicationVersion {
  std::int64_t number = 0;
  bool published = false;
  std::int64_t created_at = 0;
  json::object manifest{};
  std::string package_sha256{};  ///< of its archive; empty: it was made from a manifest alone
};

struct Application {
  std::string id;
  std::string name;
  std::int64_t created_at = 0;
  std::vector<std::string> tags{};
  std::vector<ApplicationVersion> versions{};  ///< ascending
  /// Members of the manifest that belong to the application and not to one version: image, instance-type, tags,
  /// addons, resources, node_selector. They take precedence over the version's.
  json::object settings{};
  bool inhibit_auto_updates = false;
  std::int64_t next_version = 0;  ///< numbers are not used twice

  /// The requested version; -1: the newest published one. nullptr: there is none.
  [[nodiscard]] const ApplicationVersion* version(std::int64_t number) const;
  /// The version's manifest with the application's settings.
  [[nodiscard]] json::object manifest(const ApplicationVersion& version) const;
};

json::object to_json(const Application& application);
json::object to_json(const ApplicationVersion& version);
std::string to_record(const Application& application);
std::optional<Application> application_from_record(std::string_view text);

// Operations.

/// Of the operation, by the documented numbers.
enum class OperationStatus : std::uint16_t {
  running = 103,
  cancelling = 104,
  pending = 105,
  success = 200,
  failure = 400,
  cancelled = 401
};
std::string_view name(OperationStatus status);
inline bool is_final(OperationStatus status) { return static_cast<unsigned>(status) >= 200; }

/// What a unit has to do for it. `none`: the commit that recorded it has completed it, or its sockets do the work.
enum class OperationKind : std::uint8_t { none, launch, start, stop, remove };
std::string_view name(OperationKind kind);

enum class OperationClass : std::uint8_t { task, websocket };

struct Operation {
  std::string id;  ///< a UUID
  OperationKind kind = OperationKind::none;
  OperationClass type = OperationClass::task;
  std::string description;
  std::string resource_type = "instances";  ///< "applications"; part of the resources' paths
  std::vector<std::string> resources{};     ///< ids or names; of an operation with a kind: its one instance
  OperationStatus status = OperationStatus::pending;
  std::int64_t created_at = 0, updated_at = 0;  ///< Unix seconds
  std::string err;
  std::string unit;  ///< the AMS unit that carries it out
  bool may_cancel = false;
  json::object metadata{};

  /// The instance of an operation with a kind.
  [[nodiscard]] const std::string& instance() const { return resources.front(); }
};

json::object to_json(const Operation& operation);
std::string to_record(const Operation& operation);
std::optional<Operation> operation_from_record(std::string_view text);

}  // namespace redan::cloud::api
