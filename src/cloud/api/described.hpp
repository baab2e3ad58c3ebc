// Structs as JSON objects of our own: records of the store, messages between units. A struct lists its members once,
//
//   template <class Fields, Described<Account> A>
//   void describe(Fields& fields, A& account) {
//     fields("name", account.name);
//     fields.optional("note", account.note);
//   }
//
// and is written by to_object() and read by from_object(). A value is a bool, a number, a string, an enumeration with
// a table of Names, a JSON object or array, another described struct, or a vector or optional of these. Data of another
// form counts as damaged: nothing is guessed.
#pragma once

#include <boost/json/serialize.hpp>
#include <concepts>
#include <optional>
#include <utility>

#include "cloud/api/record.hpp"

namespace redan::cloud::api {

template <class A, class T>
concept Described = std::same_as<std::remove_const_t<A>, T>;

/// The names of an enumeration's values: specialise with `static constexpr std::array<std::pair<E, string_view>, n>
/// table`.
template <class E>
struct Names;
template <class E>
concept Named = requires {
  Names<E>::table;
};

template <Named E>
std::string_view name_of(E value) {
  for (const auto& [known, text] : Names<E>::table) {
    if (known == value) return text;
  }
  return {};
}
template <Named E>
std::optional<E> from_name(std::string_view name) {
  for (const auto& [value, known] : Names<E>::table) {
    if (known == name) return value;
  }
  return std::nullopt;
}

/// An enumeration that is written as its number.
template <class E>
struct AsNumber {
  E& value;
};
template <class E>
AsNumber(E&) -> AsNumber<E>;

template <class T>
json::object to_object(const T& value);
template <class T>
bool read_object(const json::value& json, T& into);

namespace described {

template <class T>
json::value write(const T& value) {
  if constexpr (std::same_as<T, bool> || std::same_as<T, json::object> || std::same_as<T, json::array> ||
                std::same_as<T, json::value>) {
    return json::value(value);
  } else if constexpr (std::integral<T>) {
    return json::value(static_cast<std::int64_t>(value));
  } else if constexpr (std::floating_point<T>) {
    return json::value(value);
  } else if constexpr (std::same_as<T, std::string>) {
    return json::value(std::string_view(value));
  } else if constexpr (Named<T>) {
    return json::value(name_of(value));
  } else if constexpr (requires { value.begin(); }) {
    json::array array;
    for (const auto& element : value) array.emplace_back(write(element));
    return array;
  } else {
    return to_object(value);
  }
}
template <class E>
json::value write(const AsNumber<E>& number) {
  return json::value(static_cast<std::int64_t>(number.value));
}

template <class T>
bool read(const json::value& json, T& into) {
  if constexpr (std::same_as<T, bool>) {
    if (json.is_bool()) into = json.get_bool();
    return json.is_bool();
  } else if constexpr (std::integral<T>) {
    if (!json.is_int64() || !std::in_range<T>(json.get_int64())) return false;
    into = static_cast<T>(json.get_int64());
    return true;
  } else if constexpr (std::floating_point<T>) {
    if (json.is_number()) into = json.to_number<T>();
    return json.is_number();
  } else if constexpr (std::same_as<T, std::string>) {
    if (json.is_string()) into.assign(json.get_string().data(), json.get_string().size());
    return json.is_string();
  } else if constexpr (std::same_as<T, json::object>) {
    if (json.is_object()) into = json.get_object();
    return json.is_object();
  } else if constexpr (std::same_as<T, json::array>) {
    if (json.is_array()) into = json.get_array();
    return json.is_array();
  } else if constexpr (std::same_as<T, json::value>) {
    into = json;
    return true;
  } else if constexpr (Named<T>) {
    const auto value = json.is_string() ? from_name<T>(json.get_string()) : std::nullopt;
    if (value) into = *value;
    return value.has_value();
  } else if constexpr (requires { into.emplace_back(); }) {
    if (!json.is_array()) return false;
    for (const json::value& element : json.get_array()) {
      if (!read(element, into.emplace_back())) return false;
    }
    return true;
  } else {
    return read_object(json, into);
  }
}
template <class E>
bool read(const json::value& json, AsNumber<E>& into) {
  if (!json.is_int64()) return false;
  for (const auto& [value, text] : Names<std::remove_const_t<E>>::table) {
    if (static_cast<std::int64_t>(value) != json.get_int64()) continue;
    into.value = value;
    return true;
  }
  return false;
}

struct Writer {
  template <class T>
  void operator()(std::string_view key, const T& value) {
    object[key] = write(value);
  }
  template <class T>
  void optional(std::string_view key, const T& value) {
    (*this)(key, value);
  }
  json::object object;
};

struct Reader {
  template <class T>
  void operator()(std::string_view key, T&& into) {
    const json::value* member = object.if_contains(key);
    ok = ok && member != nullptr && read(*member, into);
  }
  template <class T>
  void optional(std::string_view key, T&& into) {
    if (object.if_contains(key) != nullptr) (*this)(key, into);
  }
  const json::object& object;
  bool ok = true;
};

}  // namespace described

template <class T>
json::object to_object(const T& value) {
  described::Writer fields;
  describe(fields, value);
  return std::move(fields.object);
}

template <class T>
bool read_object(const json::value& json, T& into) {
  if (!json.is_object()) return false;
  described::Reader fields{json.get_object()};
  describe(fields, into);
  return fields.ok;
}

template <class T>
std::string to_record_text(const T& value) {
  return json::serialize(to_object(value));
}

/// nullopt: the text is not one object of this form, or is nested more than 12 levels deep.
template <class T>
std::optional<T> from_record_text(std::string_view text) {
  json::parse_options limits;
  limits.max_depth = 12;
  json::error_code error;
  const json::value json = json::parse(text, error, {}, limits);
  T value{};
  if (error || !read_object(json, value)) return std::nullopt;
  return value;
}

}  // namespace redan::cloud::api
