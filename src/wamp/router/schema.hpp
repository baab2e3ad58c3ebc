// Payload typing: the format of args and kwargs for a URI. A small subset of JSON Schema: type (also "binary"), enum,
// minimum, maximum, maxLength, items (one schema for all elements, or one for each of the first), minItems, maxItems,
// properties, required, additionalProperties.
#pragma once

#include <memory>
#include <vector>

#include "wamp/router/pattern.hpp"

namespace redan::wamp {

/// One schema, made from the configuration and applied to each message; no deeper than its own text.
class Schema {
 public:
  /// Refuses unknown keywords, with a human-readable text.
  static tl::expected<Schema, std::string> parse(const Value& value);

  /// Where and why the value does not match, without its content: "args[0]: not an integer". nullopt if it matches.
  [[nodiscard]] std::optional<std::string> violation(const Value& value, const std::string& at) const;
  [[nodiscard]] std::optional<std::string> violation(const List& list, const std::string& at) const;
  [[nodiscard]] std::optional<std::string> violation(const Dict& dict, const std::string& at) const;

 private:
  enum Type : std::uint8_t {
    null = 1,
    boolean = 2,
    integer = 4,
    number = 8,
    string = 16,
    binary = 32,
    array = 64,
    object = 128
  };
  static std::optional<std::uint8_t> parse_types(const Value& value);
  static Type type_of(const Value& value);
  bool set(const std::string& word, const Value& value, std::string& why);
  bool set_child(std::unique_ptr<Schema>& child, const Value& value, std::string& why);
  bool set_items(const Value& value, std::string& why);
  bool set_properties(const Value& value, std::string& why);
  bool set_required(const Value& value);
  template <class T>
  [[nodiscard]] std::optional<std::string> kind_violation(Type type, const T& value, const std::string& at) const;

  std::uint8_t types_ = 0xff;
  std::optional<List> enum_;
  std::optional<double> minimum_, maximum_;
  std::optional<std::size_t> max_length_;  ///< of text in code points, of binary in bytes
  std::optional<std::size_t> min_items_, max_items_;
  std::unique_ptr<Schema> items_;
  std::vector<Schema> first_items_;
  std::vector<std::pair<std::string, Schema>> properties_;
  std::vector<std::string> required_;
  bool additional_ = true;
  std::unique_ptr<Schema> additional_properties_;
};

/// The kind of payload that a rule of types applies to.
enum class Traffic : std::uint8_t { publish, call, result };

/// The rules of a realm. All rules that match a URI must be satisfied.
class Typing {
 public:
  struct Rule {
    Match match = Match::exact;
    std::string uri;
    std::uint8_t traffic = 0;  ///< bits of 1 << Traffic
    bool opaque_refused = false;
    std::optional<Schema> args, kwargs;
  };
  void add(Rule rule) { rules_.push_back(std::move(rule)); }

  /// Why a payload is refused; nullopt if it is accepted. A sealed payload and one in passthru mode, recognised by the
  /// attributes, are opaque: they are not inspected, and are refused if a rule requires it.
  [[nodiscard]] std::optional<std::string> violation(Traffic traffic, std::string_view uri, const Payload& payload,
                                                     const Dict& attributes) const;

 private:
  std::vector<Rule> rules_;
};

}  // namespace redan::wamp
