// The members of a client's request. A handler names each member that it knows, with its type; `end` then refuses a
// wrong one by its name. An absent or null member leaves the value as it is.
#pragma once

#include <functional>
#include <initializer_list>
#include <limits>
#include <vector>

#include "cloud/api/envelope.hpp"

namespace redan::cloud::api {

/// What happens to a member that no handler knows: newer clients send members that this version does not have.
struct UnknownMembers {
  bool refused = false;                       ///< otherwise ignored and logged
  std::function<void(std::string_view)> log;  ///< logs one line
};

/// Refuses or logs these names of members, which nothing knows.
Outcome<void> report_unknown(const std::vector<std::string>& names, const UnknownMembers& unknown);

class Members {
 public:
  /// `object` outlives this. `path` is written before the names of members in refusals: "config.".
  explicit Members(const json::object& object, std::string path = {}) : object_(object), path_(std::move(path)) {}

  /// Refused: longer than `limit` bytes.
  Members& text(std::string_view key, std::string& into, std::size_t limit = 256);
  /// Refused: more than 64 texts, or one that is longer than 256 bytes.
  Members& texts(std::string_view key, std::vector<std::string>& into);
  Members& integer(std::string_view key, std::int64_t& into,
                   std::int64_t least = std::numeric_limits<std::int64_t>::min(),
                   std::int64_t most = std::numeric_limits<std::int64_t>::max());
  Members& boolean(std::string_view key, bool& into);
  Members& object(std::string_view key, json::object& into);
  /// Refused: more than `limit` elements.
  Members& array(std::string_view key, json::array& into, std::size_t limit = 64);
  /// Of any type.
  Members& any(std::string_view key, json::value& into);
  /// Documented members without an effect here: refused, unless they have a value that asks for nothing (null, false,
  /// 0, "", [], {}).
  Members& unimplemented(std::initializer_list<std::string_view> keys);
  /// Members that another reader of this object knows.
  Members& known(std::initializer_list<std::string_view> keys);

  /// Whether the member is there and not null.
  [[nodiscard]] bool has(std::string_view key) const;
  /// The first refusal, if any. Otherwise refuses or logs the members that were not named.
  [[nodiscard]] Outcome<void> end(const UnknownMembers& unknown) const;

 private:
  /// The member, which is known from now on; nullptr: absent, null, or a refusal came before.
  const json::value* take(std::string_view key);
  Members& refuse_member(std::string_view key, std::string_view wanted);
  [[nodiscard]] std::string named(std::string_view key) const;

  const json::object& object_;
  std::string path_;
  std::vector<std::string_view> known_;
  std::optional<Refusal> refusal_;
};

/// The string member `key`: empty if absent; a refusal if it is not a string or is longer than `limit` bytes.
Outcome<std::string> string_member(const json::object& object, std::string_view key, std::size_t limit = 256);
Outcome<std::vector<std::string>> strings_member(const json::object& object, std::string_view key);
Outcome<std::int64_t> integer_member(const json::object& object, std::string_view key, std::int64_t otherwise);
Outcome<bool> bool_member(const json::object& object, std::string_view key, bool otherwise);
Outcome<json::object> object_member(const json::object& object, std::string_view key);

}  // namespace redan::cloud::api
