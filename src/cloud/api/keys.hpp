// Objects of clients that a table of keys reads and writes: manifests and what is in them. A key may be written with
// dashes or underscores. null is the default value. Values merge: what the object does not have stays as it is.
#pragma once

#include <algorithm>
#include <array>
#include <chrono>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "cloud/api/envelope.hpp"

namespace redan::cloud::api {

/// Of keys with several words: as documented for the HTTP API, or with dashes as in YAML.
enum class Spelling : std::uint8_t { api, yaml };

/// What a text must be, and the words for a refusal: "\"version\" is not a text of at most 50 characters".
struct Rule {
  bool (*valid)(std::string_view);
  std::string_view wanted;
};
bool is_plain_text(std::string_view text);
inline constexpr Rule kPlainText{is_plain_text, "a text of at most 256 bytes without control characters"};

/// Longer lists, and objects with more entries, are refused.
inline constexpr std::size_t kMaxElements = 256;

template <class T>
struct Key;

/// The value of a key. Each function reads one type into `into`, or returns a refusal that names the key. null resets
/// `into` to its default, which is `T{}` where none is given.
class Value {
 public:
  /// `ignored` receives the names of unknown keys, at most kMaxIgnored.
  Value(const json::value& json, std::string name, std::vector<std::string>& ignored)
      : json_(json), name_(std::move(name)), ignored_(ignored) {}

  [[nodiscard]] Outcome<void> text(std::string& into, const Rule& rule = kPlainText) const;
  [[nodiscard]] Outcome<void> text(std::optional<std::string>& into) const;
  [[nodiscard]] Outcome<void> texts(std::vector<std::string>& into, const Rule& rule = kPlainText) const;
  [[nodiscard]] Outcome<void> boolean(bool& into) const;
  [[nodiscard]] Outcome<void> boolean(std::optional<bool>& into) const;
  [[nodiscard]] Outcome<void> integer(std::optional<std::int64_t>& into, std::int64_t least, std::int64_t most) const;
  /// An integer that is required where it is read: null is refused.
  [[nodiscard]] Outcome<void> port(std::uint16_t& into) const;
  /// Text with a unit, or a number of bytes.
  [[nodiscard]] Outcome<void> size(std::optional<std::int64_t>& into) const;
  [[nodiscard]] Outcome<void> duration(std::chrono::seconds& into, std::chrono::seconds otherwise,
                                       std::chrono::seconds most) const;
  template <class E>
  [[nodiscard]] Outcome<void> choice(E& into, std::optional<E> (*parse)(std::string_view), E otherwise,
                                     std::string_view wanted) const;
  template <class T, std::size_t N>
  [[nodiscard]] Outcome<void> object(T& into, const Key<T> (&keys)[N]) const;

  [[nodiscard]] const json::value& json() const { return json_; }
  [[nodiscard]] const std::string& name() const { return name_; }
  /// The value of a member of this object: "watchdog.disabled".
  [[nodiscard]] Value member(std::string_view key, const json::value& json) const;
  /// An element of this array: "services[0]".
  [[nodiscard]] Value element(std::size_t index) const;
  void ignore(std::string_view key) const;
  [[nodiscard]] tl::unexpected<Refusal> wrong(std::string_view wanted) const;

 private:
  [[nodiscard]] std::string path_to(std::string_view key) const;

  const json::value& json_;
  std::string name_;  ///< empty: the whole document
  std::vector<std::string>& ignored_;
};
inline constexpr std::size_t kMaxIgnored = 64;

/// A key of an object that is kept as a T.
template <class T>
struct Key {
  std::string_view name;  ///< with dashes
  std::string_view api;   ///< the API's spelling
  Outcome<void> (*read)(T& into, const Value& value);
  json::value (*write)(const T& from, Spelling spelling);  ///< null: it has its default and is left out
};

std::string with_dashes(std::string_view key);

template <class T, std::size_t N>
json::object write(const T& from, const Key<T> (&keys)[N], Spelling spelling) {
  json::object object;
  for (const Key<T>& key : keys) {
    json::value value = key.write(from, spelling);
    if (!value.is_null()) object.emplace(spelling == Spelling::api ? key.api : key.name, std::move(value));
  }
  return object;
}

// For writers: null if there is nothing to write.
json::value written(const std::string& text);
json::value written(const std::vector<std::string>& texts);
json::value written(bool truth);
json::value written(json::object object);
template <class T>
json::value written(const std::optional<T>& value) {
  return value ? json::value(*value) : json::value();
}

template <class E>
Outcome<void> Value::choice(E& into, std::optional<E> (*parse)(std::string_view), E otherwise,
                            std::string_view wanted) const {
  into = otherwise;
  if (json_.is_null()) return {};
  const auto known = json_.is_string() ? parse(json_.get_string()) : std::nullopt;
  if (!known) return wrong(wanted);
  into = *known;
  return {};
}

template <class T, std::size_t N>
Outcome<void> Value::object(T& into, const Key<T> (&keys)[N]) const {
  if (json_.is_null()) {
    into = T{};
    return {};
  }
  if (!json_.is_object()) return wrong("an object");
  std::array<bool, N> seen{};
  for (const auto& member : json_.get_object()) {
    const auto known = [name = with_dashes(member.key())](const Key<T>& key) { return key.name == name; };
    const auto found = std::find_if(std::begin(keys), std::end(keys), known);
    if (found == std::end(keys)) {
      ignore(member.key());
      continue;
    }
    const Value value = this->member(member.key(), member.value());
    if (std::exchange(seen[static_cast<std::size_t>(found - keys)], true)) {
      return value.wrong("given once: its other spelling is there, too");
    }
    REDAN_CHECK(found->read(into, value));
  }
  return {};
}

}  // namespace redan::cloud::api
