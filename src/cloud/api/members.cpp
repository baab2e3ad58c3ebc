#include "cloud/api/members.hpp"

#include <algorithm>

#include "base/utf8.hpp"

namespace redan::cloud::api {
namespace {

constexpr std::size_t kMaxTexts = 64;
constexpr std::size_t kMaxText = 256;
constexpr std::size_t kMaxNamesLogged = 8;

bool asks_for_nothing(const json::value& value) {
  switch (value.kind()) {
    case json::kind::null:
      return true;
    case json::kind::bool_:
      return !value.get_bool();
    case json::kind::int64:
      return value.get_int64() == 0;
    case json::kind::uint64:
      return value.get_uint64() == 0;
    case json::kind::double_:
      return value.get_double() == 0.0;
    case json::kind::string:
      return value.get_string().empty();
    case json::kind::array:
      return value.get_array().empty();
    case json::kind::object:
      return std::all_of(value.get_object().begin(), value.get_object().end(),
                         [](const auto& member) { return asks_for_nothing(member.value()); });
  }
  return false;
}

/// A name that the client chose, in one line of limited length.
std::string quoted(std::string_view name) { return "\"" + escape_controls(name.substr(0, 96)) + "\""; }

}  // namespace

std::string Members::named(std::string_view key) const { return quoted(path_ + std::string(key)); }

bool Members::has(std::string_view key) const {
  const json::value* member = object_.if_contains(key);
  return member != nullptr && !member->is_null();
}

const json::value* Members::take(std::string_view key) {
  known_.push_back(key);
  return !refusal_ && has(key) ? object_.if_contains(key) : nullptr;
}

Members& Members::refuse_member(std::string_view key, std::string_view wanted) {
  if (!refusal_) refusal_ = bad_request(named(key) + " is not " + std::string(wanted));
  return *this;
}

Members& Members::text(std::string_view key, std::string& into, std::size_t limit) {
  const json::value* member = take(key);
  if (member == nullptr) return *this;
  if (!member->is_string()) return refuse_member(key, "a string");
  if (member->get_string().size() > limit) {
    return refuse_member(key, "at most " + std::to_string(limit) + " bytes long");
  }
  into.assign(member->get_string().data(), member->get_string().size());
  return *this;
}

Members& Members::texts(std::string_view key, std::vector<std::string>& into) {
  const json::value* member = take(key);
  if (member == nullptr) return *this;
  const bool is_list = member->is_array() && member->get_array().size() <= kMaxTexts;
  const auto is_text = [](const json::value& one) { return one.is_string() && one.get_string().size() <= kMaxText; };
  if (!is_list || !std::all_of(member->get_array().begin(), member->get_array().end(), is_text)) {
    return refuse_member(key, "an array of at most 64 strings of at most 256 bytes");
  }
  into.clear();
  for (const json::value& element : member->get_array()) into.emplace_back(element.get_string());
  return *this;
}

Members& Members::integer(std::string_view key, std::int64_t& into, std::int64_t least, std::int64_t most) {
  const json::value* member = take(key);
  if (member == nullptr) return *this;
  if (!member->is_int64()) return refuse_member(key, "an integer");
  if (member->get_int64() < least || member->get_int64() > most) {
    return refuse_member(key, "from " + std::to_string(least) + " to " + std::to_string(most));
  }
  into = member->get_int64();
  return *this;
}

Members& Members::boolean(std::string_view key, bool& into) {
  const json::value* member = take(key);
  if (member == nullptr) return *this;
  if (!member->is_bool()) return refuse_member(key, "true or false");
  into = member->get_bool();
  return *this;
}

Members& Members::object(std::string_view key, json::object& into) {
  const json::value* member = take(key);
  if (member == nullptr) return *this;
  if (!member->is_object()) return refuse_member(key, "an object");
  into = member->get_object();
  return *this;
}

Members& Members::array(std::string_view key, json::array& into, std::size_t limit) {
  const json::value* member = take(key);
  if (member == nullptr) return *this;
  if (!member->is_array() || member->get_array().size() > limit) {
    return refuse_member(key, "an array of at most " + std::to_string(limit) + " elements");
  }
  into = member->get_array();
  return *this;
}

Members& Members::any(std::string_view key, json::value& into) {
  if (const json::value* member = take(key)) into = *member;
  return *this;
}

Members& Members::unimplemented(std::initializer_list<std::string_view> keys) {
  for (const std::string_view key : keys) {
    const json::value* member = take(key);
    if (member == nullptr || asks_for_nothing(*member)) continue;
    refusal_ = Refusal{400, "not_implemented", named(key) + " is not implemented", "leave it out", 0};
  }
  return *this;
}

Members& Members::known(std::initializer_list<std::string_view> keys) {
  known_.insert(known_.end(), keys);
  return *this;
}

Outcome<void> Members::end(const UnknownMembers& unknown) const {
  if (refusal_) return refuse(*refusal_);
  std::vector<std::string> names;
  for (const auto& member : object_) {
    const std::string_view key(member.key());
    if (std::find(known_.begin(), known_.end(), key) == known_.end()) names.push_back(path_ + std::string(key));
  }
  return report_unknown(names, unknown);
}

Outcome<void> report_unknown(const std::vector<std::string>& names, const UnknownMembers& unknown) {
  if (names.empty()) return {};
  if (unknown.refused) return refuse(bad_request(quoted(names.front()) + " is not a member that this version knows"));
  if (!unknown.log) return {};
  std::string line = "a request has members that this version does not know: ";
  for (std::size_t i = 0; i < std::min(names.size(), kMaxNamesLogged); ++i)
    line += (i == 0 ? "" : ", ") + quoted(names[i]);
  if (names.size() > kMaxNamesLogged) line += " and " + std::to_string(names.size() - kMaxNamesLogged) + " more";
  unknown.log(line);
  return {};
}

Outcome<std::string> string_member(const json::object& object, std::string_view key, std::size_t limit) {
  std::string text;
  REDAN_CHECK(Members(object).text(key, text, limit).end({}));
  return text;
}

Outcome<std::vector<std::string>> strings_member(const json::object& object, std::string_view key) {
  std::vector<std::string> texts;
  REDAN_CHECK(Members(object).texts(key, texts).end({}));
  return texts;
}

Outcome<std::int64_t> integer_member(const json::object& object, std::string_view key, std::int64_t otherwise) {
  REDAN_CHECK(Members(object).integer(key, otherwise).end({}));
  return otherwise;
}

Outcome<bool> bool_member(const json::object& object, std::string_view key, bool otherwise) {
  REDAN_CHECK(Members(object).boolean(key, otherwise).end({}));
  return otherwise;
}

Outcome<json::object> object_member(const json::object& object, std::string_view key) {
  json::object found;
  REDAN_CHECK(Members(object).object(key, found).end({}));
  return found;
}

}  // namespace redan::cloud::api
