// What AMS lists beside applications and instances: images, addons, nodes and groups of identities. Each is one record
// and has one form for clients.
#pragma once

#include "cloud/api/described.hpp"

namespace redan::cloud::api {

/// A version of an image or of an addon: one uploaded archive.
struct UploadedVersion {
  std::int64_t number = 0;
  std::string fingerprint;  ///< SHA-256 of the archive
  std::int64_t size = 0;    ///< bytes
  std::int64_t created_at = 0;
};
template <class Fields, Described<UploadedVersion> V>
void describe(Fields& fields, V& v) {
  fields("version", v.number);
  fields("fingerprint", v.fingerprint);
  fields("size", v.size);
  fields("created_at", v.created_at);
}

struct Image {
  std::string name;
  std::string id;
  bool is_default = false;
  std::string type = "container";
  std::vector<UploadedVersion> versions{};
  std::int64_t next_version = 0;  ///< numbers are not used twice
};
template <class Fields, Described<Image> I>
void describe(Fields& fields, I& i) {
  fields("name", i.name);
  fields("id", i.id);
  fields("default", i.is_default);
  fields("type", i.type);
  fields("versions", i.versions);
  fields("next_version", i.next_version);
}
/// `used_by`: ids of applications.
json::object to_json(const Image& image, const std::vector<std::string>& used_by);

struct Addon {
  std::string name;
  std::vector<UploadedVersion> versions{};
  std::int64_t next_version = 0;  ///< numbers are not used twice
};
template <class Fields, Described<Addon> A>
void describe(Fields& fields, A& a) {
  fields("name", a.name);
  fields("versions", a.versions);
  fields("next_version", a.next_version);
}
json::object to_json(const Addon& addon, const std::vector<std::string>& used_by);

/// A machine that runs instances: the unit of AMS of that name announces its address; the rest is what operators set.
struct Node {
  std::string name;
  std::string address;  ///< the unit's URL
  std::string public_address{};
  std::int64_t cpus = 0;
  double cpu_allocation_rate = 4, memory_allocation_rate = 2;
  std::string memory{};  ///< "8GB"
  std::int64_t gpu_slots = 0, gpu_encoder_slots = 0;
  std::vector<std::string> tags{};
  bool unschedulable = false;
  bool announced = false;  ///< by its unit, which was started at least once
};
template <class Fields, Described<Node> N>
void describe(Fields& fields, N& n) {
  fields("name", n.name);
  fields("address", n.address);
  fields.optional("public_address", n.public_address);
  fields.optional("cpus", n.cpus);
  fields.optional("cpu_allocation_rate", n.cpu_allocation_rate);
  fields.optional("memory", n.memory);
  fields.optional("memory_allocation_rate", n.memory_allocation_rate);
  fields.optional("gpu_slots", n.gpu_slots);
  fields.optional("gpu_encoder_slots", n.gpu_encoder_slots);
  fields.optional("tags", n.tags);
  fields.optional("unschedulable", n.unschedulable);
  fields.optional("announced", n.announced);
}
json::object to_json(const Node& node);

/// What the members of a group may do with a type of resource.
struct Permission {
  std::string entitlement;  ///< "can_create_instances"
  std::string resource;     ///< "server"
  friend bool operator==(const Permission&, const Permission&) = default;
};
template <class Fields, Described<Permission> P>
void describe(Fields& fields, P& p) {
  fields("entitlement", p.entitlement);
  fields("resource", p.resource);
}

struct Group {
  std::string name;
  std::string description{};
  std::int64_t created_at = 0, updated_at = 0;
  std::vector<Permission> permissions{};
};
template <class Fields, Described<Group> G>
void describe(Fields& fields, G& g) {
  fields("name", g.name);
  fields("description", g.description);
  fields("created_at", g.created_at);
  fields("updated_at", g.updated_at);
  fields("permissions", g.permissions);
}
/// `immutable`: a built-in group, which is a role.
json::object to_json(const Group& group, const std::vector<std::string>& identities, bool immutable);

}  // namespace redan::cloud::api
