#include "cloud/ams/records.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include "base/base64.hpp"
#include "cloud/token/json_object.hpp"

namespace redan::cloud::ams {
namespace {

namespace json = boost::json;

std::optional<std::int64_t> find_integer(const json::object& object, std::string_view key) {
  const json::value* member = object.if_contains(key);
  if (member == nullptr || !member->is_int64()) return std::nullopt;
  return member->get_int64();
}

/// Records of older versions have none.
std::optional<std::vector<std::string>> find_groups(const json::object& object) {
  const json::value* member = object.if_contains("groups");
  if (member == nullptr) return std::vector<std::string>();
  if (!member->is_array()) return std::nullopt;
  std::vector<std::string> groups;
  for (const json::value& element : member->get_array()) {
    if (!element.is_string()) return std::nullopt;
    groups.emplace_back(element.get_string());
  }
  return groups;
}

std::optional<std::vector<trust::Scope>> find_scopes(const json::object& object) {
  const json::value* member = object.if_contains("scopes");
  if (member == nullptr || !member->is_array()) return std::nullopt;
  std::vector<trust::Scope> scopes;
  for (const json::value& element : member->get_array()) {
    const auto scope = element.is_string() ? trust::parse_scope(element.get_string()) : std::nullopt;
    if (!scope) return std::nullopt;
    scopes.push_back(*scope);
  }
  return scopes;
}

}  // namespace

std::string to_record(const trust::TrustedCertificate& c) {
  json::array scopes, groups;
  for (const trust::Scope scope : c.scopes) scopes.emplace_back(name(scope));
  for (const std::string& group : c.groups) groups.emplace_back(group);
  return json::serialize(json::object{{"fingerprint", c.fingerprint},
                                      {"name", c.name},
                                      {"kind", c.kind == trust::TrustKind::client ? "client" : "authority"},
                                      {"role", name(c.role)},
                                      {"scopes", std::move(scopes)},
                                      {"certificate", to_base64(c.certificate_der)},
                                      {"added", c.added.seconds_since_1970},
                                      {"groups", std::move(groups)}});
}

std::optional<trust::TrustedCertificate> certificate_from_record(std::string_view text) {
  const auto record = token::parse_json_object(text);
  if (!record) return std::nullopt;
  const auto fingerprint = token::find_string(*record, "fingerprint");
  const auto label = token::find_string(*record, "name");
  const auto kind = token::find_string(*record, "kind");
  const auto role = trust::parse_role(token::find_string(*record, "role").value_or(""));
  auto scopes = find_scopes(*record);
  auto groups = find_groups(*record);
  auto der = from_base64(token::find_string(*record, "certificate").value_or("?"));
  const auto added = find_integer(*record, "added");
  if (!fingerprint || !label || !role || !scopes || !groups || !der || !added) return std::nullopt;
  if (kind != "client" && kind != "authority") return std::nullopt;
  return trust::TrustedCertificate{std::string(*fingerprint),
                                   std::string(*label),
                                   kind == "client" ? trust::TrustKind::client : trust::TrustKind::authority,
                                   *role,
                                   std::move(*scopes),
                                   std::move(*der),
                                   WallTime{*added},
                                   std::move(*groups)};
}

std::string to_record(const trust::JoinRecord& record) {
  return json::serialize(json::object{
      {"name", record.name}, {"role", name(record.role)}, {"expires_at", record.expires_at.seconds_since_1970}});
}

std::optional<trust::JoinRecord> join_from_record(std::string_view text) {
  const auto record = token::parse_json_object(text);
  if (!record) return std::nullopt;
  const auto label = token::find_string(*record, "name");
  const auto role = trust::parse_role(token::find_string(*record, "role").value_or(""));
  const auto expires = find_integer(*record, "expires_at");
  if (!label || !role || !expires) return std::nullopt;
  return trust::JoinRecord{std::string(*label), *role, WallTime{*expires}};
}

}  // namespace redan::cloud::ams
