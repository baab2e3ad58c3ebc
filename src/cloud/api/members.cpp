#include "cloud/api/members.hpp"

namespace redan::cloud::api {
namespace {

Refusal wrong_member(std::string_view key, std::string_view wanted) {
  return bad_request("\"" + std::string(key) + "\" is not " + std::string(wanted));
}

}  // namespace

Outcome<std::string> string_member(const json::object& object, std::string_view key, std::size_t limit) {
  const json::value* member = object.if_contains(key);
  if (member == nullptr || member->is_null()) return std::string();
  if (!member->is_string()) return refuse(wrong_member(key, "a string"));
  if (member->get_string().size() > limit) {
    return refuse(wrong_member(key, "at most " + std::to_string(limit) + " bytes long"));
  }
  return std::string(member->get_string());
}

Outcome<std::vector<std::string>> strings_member(const json::object& object, std::string_view key) {
  const json::value* member = object.if_contains(key);
  if (member == nullptr || member->is_null()) return std::vector<std::string>();
  if (!member->is_array() || member->get_array().size() > 64) {
    return refuse(wrong_member(key, "an array of at most 64 strings"));
  }
  std::vector<std::string> texts;
  for (const json::value& element : member->get_array()) {
    if (!element.is_string() || element.get_string().size() > 256) {
      return refuse(wrong_member(key, "an array of strings of at most 256 bytes"));
    }
    texts.emplace_back(element.get_string());
  }
  return texts;
}

Outcome<std::int64_t> integer_member(const json::object& object, std::string_view key, std::int64_t otherwise) {
  const json::value* member = object.if_contains(key);
  if (member == nullptr || member->is_null()) return otherwise;
  if (!member->is_int64()) return refuse(wrong_member(key, "an integer"));
  return member->get_int64();
}

Outcome<bool> bool_member(const json::object& object, std::string_view key, bool otherwise) {
  const json::value* member = object.if_contains(key);
  if (member == nullptr || member->is_null()) return otherwise;
  if (!member->is_bool()) return refuse(wrong_member(key, "true or false"));
  return member->get_bool();
}

Outcome<json::object> object_member(const json::object& object, std::string_view key) {
  const json::value* member = object.if_contains(key);
  if (member == nullptr || member->is_null()) return json::object();
  if (!member->is_object()) return refuse(wrong_member(key, "an object"));
  return member->get_object();
}

}  // namespace redan::cloud::api
