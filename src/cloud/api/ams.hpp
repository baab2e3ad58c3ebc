// The objects of AMS: applications, instances, nodes, operations. Each is one struct; to_json writes the form for
// clients, to_record the form for the store, which from_record reads.
#pragma once

#include <map>
#include <vector>

#include "cloud/api/members.hpp"

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
  std::int64_t created_at = 0;  ///< Unix seconds
  std::string address;
  std::string error_message;
  std::vector<std::string> tags{};
  std::string type = "container";
  json::object config{};  ///< display, enable_streaming, platform, security.delete_protected
  json::object resources{};
  json::array services{};

  // Stored, not shown.
  std::string user_data;
  std::string certificate_fingerprint;  ///< of the client certificate that it uses

  /// Its record cannot be read; this is the rest of it. It can be shown and deleted.
  bool damaged = false;

  [[nodiscard]] bool delete_protected() const;
};

json::object to_json(const Instance& instance);
std::string to_record(const Instance& instance);
std::optional<Instance> instance_from_record(std::string_view text);
/// What can be recovered of a damaged record: its status is error, its message gives the reason.
Instance instance_from_damaged_record(std::string id, std::string_view text);

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
};

struct Application {
  std::string id;
  std::string name;
  std::int64_t created_at = 0;
  std::vector<std::string> tags{};
  std::vector<ApplicationVersion> versions{};  ///< ascending

  /// The requested version; -1: the newest published one. nullptr: there is none.
  [[nodiscard]] const ApplicationVersion* version(std::int64_t number) const;
};

json::object to_json(const Application& application);
json::object to_json(const ApplicationVersion& version);
std::string to_record(const Application& application);
std::optional<Application> application_from_record(std::string_view text);

// Operations.

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

enum class OperationKind : std::uint8_t { launch, start, stop, remove, trust, distrust };
std::string_view name(OperationKind kind);

struct Operation {
  std::string id;  ///< a UUID
  OperationKind kind = OperationKind::launch;
  std::string resource;  ///< its object: an instance's id, or a certificate's fingerprint
  OperationStatus status = OperationStatus::pending;
  std::int64_t created_at = 0, updated_at = 0;  ///< Unix seconds
  std::string err;
  std::string unit;  ///< the AMS unit that carries it out
};

json::object to_json(const Operation& operation);
std::string to_record(const Operation& operation);
std::optional<Operation> operation_from_record(std::string_view text);

}  // namespace redan::cloud::api
