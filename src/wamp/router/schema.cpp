#include "wamp/router/schema.hpp"

#include <algorithm>

namespace redan::wamp {
namespace {

std::optional<double> number_of(const Value& value) {
  if (const auto* i = value.get_if<std::int64_t>()) return static_cast<double>(*i);
  if (const auto* u = value.get_if<std::uint64_t>()) return static_cast<double>(*u);
  if (const auto* d = value.get_if<double>()) return *d;
  return std::nullopt;
}

std::optional<std::size_t> size_from(const Value& value) {
  const auto* size = value.get_if<std::int64_t>();
  if (size == nullptr || *size < 0) return std::nullopt;
  return static_cast<std::size_t>(*size);
}

bool equals(const Value& a, const Value& b) { return a == b; }
template <class T>
bool equals(const Value& a, const T& b) {
  const T* same = a.get_if<T>();
  return same != nullptr && *same == b;
}

std::size_t code_points(std::string_view utf8) {
  return static_cast<std::size_t>(
      std::count_if(utf8.begin(), utf8.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }));
}

}  // namespace

// Reading a schema.

tl::expected<Schema, std::string> Schema::parse(const Value& value) {
  const Dict* dict = value.get_if<Dict>();
  if (dict == nullptr) return tl::unexpected<std::string>("a schema is an object");
  Schema schema;
  for (const auto& [word, meaning] : *dict) {
    std::string why;
    if (!schema.set(word, meaning, why)) {
      return tl::unexpected("\"" + word + "\" of a schema: " + (why.empty() ? "not understood" : why));
    }
  }
  return schema;
}

bool Schema::set(const std::string& word, const Value& value, std::string& why) {
  if (word == "type") {
    const auto types = parse_types(value);
    types_ = types.value_or(0);
    return types.has_value();
  }
  if (word == "enum") {
    if (const List* list = value.get_if<List>()) enum_ = *list;
    return enum_.has_value();
  }
  if (word == "minimum") return (minimum_ = number_of(value)).has_value();
  if (word == "maximum") return (maximum_ = number_of(value)).has_value();
  if (word == "maxLength") return (max_length_ = size_from(value)).has_value();
  if (word == "minItems") return (min_items_ = size_from(value)).has_value();
  if (word == "maxItems") return (max_items_ = size_from(value)).has_value();
  if (word == "items") return set_items(value, why);
  if (word == "properties") return set_properties(value, why);
  if (word == "required") return set_required(value);
  if (word == "additionalProperties") {
    if (!value.boolean()) return set_child(additional_properties_, value, why);
    additional_ = *value.boolean();
    return true;
  }
  return false;
}

std::optional<std::uint8_t> Schema::parse_types(const Value& value) {
  static constexpr std::array<std::pair<std::string_view, unsigned>, 8> kTypes = {{{"null", null},
                                                                                   {"boolean", boolean},
                                                                                   {"integer", integer},
                                                                                   {"number", number | integer},
                                                                                   {"string", string},
                                                                                   {"binary", binary},
                                                                                   {"array", array},
                                                                                   {"object", object}}};
  unsigned types = 0;
  const List one{value};
  const List* names = value.get_if<List>();
  for (const Value& each : names != nullptr ? *names : one) {
    const auto text = each.text();
    const auto* known =
        std::find_if(kTypes.begin(), kTypes.end(), [&](const auto& k) { return text && k.first == *text; });
    if (known == kTypes.end()) return std::nullopt;
    types |= known->second;
  }
  return static_cast<std::uint8_t>(types);
}

bool Schema::set_child(std::unique_ptr<Schema>& child, const Value& value, std::string& why) {
  auto parsed = parse(value);
  if (!parsed) {
    why = parsed.error();
    return false;
  }
  child = std::make_unique<Schema>(std::move(*parsed));
  return true;
}

bool Schema::set_items(const Value& value, std::string& why) {
  const List* list = value.get_if<List>();
  if (list == nullptr) return set_child(items_, value, why);
  for (const Value& each : *list) {
    auto parsed = parse(each);
    if (!parsed) {
      why = parsed.error();
      return false;
    }
    first_items_.push_back(std::move(*parsed));
  }
  return true;
}

bool Schema::set_properties(const Value& value, std::string& why) {
  const Dict* dict = value.get_if<Dict>();
  if (dict == nullptr) return false;
  for (const auto& [key, schema] : *dict) {
    auto parsed = parse(schema);
    if (!parsed) {
      why = parsed.error();
      return false;
    }
    properties_.emplace_back(key, std::move(*parsed));
  }
  return true;
}

bool Schema::set_required(const Value& value) {
  const List* list = value.get_if<List>();
  if (list == nullptr) return false;
  for (const Value& each : *list) {
    if (!each.text()) return false;
    required_.emplace_back(*each.text());
  }
  return true;
}

// Checking.

Schema::Type Schema::type_of(const Value& value) {
  static constexpr std::array<Type, 9> kByIndex = {null,   boolean, integer, integer, number,
                                                   string, binary,  array,   object};
  const double* real = value.get_if<double>();
  // 5.0 is an integer in JSON Schema, and JavaScript sends it as 5.
  if (real != nullptr && *real >= -9007199254740992.0 && *real <= 9007199254740992.0 &&
      static_cast<double>(static_cast<std::int64_t>(*real)) == *real) {
    return integer;
  }
  return kByIndex[value.storage().index()];
}

template <class T>
std::optional<std::string> Schema::kind_violation(Type type, const T& value, const std::string& at) const {
  if ((types_ & type) == 0) return at + ": of the wrong type";
  if (!enum_) return std::nullopt;
  const bool named = std::any_of(enum_->begin(), enum_->end(), [&](const Value& each) { return equals(each, value); });
  return named ? std::nullopt : std::optional(at + ": not one of the values");
}

std::optional<std::string> Schema::violation(const Value& value, const std::string& at) const {
  if (const List* list = value.get_if<List>()) return violation(*list, at);
  if (const Dict* dict = value.get_if<Dict>()) return violation(*dict, at);
  if (auto wrong = kind_violation(type_of(value), value, at)) return wrong;
  if (const auto n = number_of(value)) {
    if (minimum_ && *n < *minimum_) return at + ": too small";
    if (maximum_ && *n > *maximum_) return at + ": too large";
  }
  const auto text = value.text();
  const Binary* bytes = value.get_if<Binary>();
  const std::size_t length = text ? code_points(*text) : bytes != nullptr ? bytes->size() : 0;
  if (max_length_ && length > *max_length_) return at + ": too long";
  return std::nullopt;
}

std::optional<std::string> Schema::violation(const List& list, const std::string& at) const {
  if (auto wrong = kind_violation(array, list, at)) return wrong;
  if (min_items_ && list.size() < *min_items_) return at + ": too few elements";
  if (max_items_ && list.size() > *max_items_) return at + ": too many elements";
  for (std::size_t i = 0; i < list.size(); ++i) {
    const Schema* schema = i < first_items_.size() ? &first_items_[i] : items_.get();
    if (schema == nullptr) continue;
    if (auto wrong = schema->violation(list[i], at + "[" + std::to_string(i) + "]")) return wrong;
  }
  return std::nullopt;
}

std::optional<std::string> Schema::violation(const Dict& dict, const std::string& at) const {
  if (auto wrong = kind_violation(object, dict, at)) return wrong;
  for (const std::string& key : required_) {
    if (dict.find(key) == nullptr) return at + "." + key + ": missing";
  }
  for (const auto& entry : dict) {
    const auto& [key, value] = entry;
    const auto known = std::find_if(properties_.begin(), properties_.end(),
                                    [&entry](const auto& property) { return property.first == entry.first; });
    const Schema* schema = known != properties_.end() ? &known->second : additional_properties_.get();
    if (schema == nullptr && !additional_) return at + ": a key that is not expected";
    if (schema == nullptr) continue;
    // A key that the schema does not name is the sender's data, so it is not reported.
    if (auto wrong = schema->violation(value, known != properties_.end() ? at + "." + key : at + ".*")) return wrong;
  }
  return std::nullopt;
}

std::optional<std::string> Typing::violation(Traffic traffic, std::string_view uri, const Payload& payload,
                                             const Dict& attributes) const {
  const bool opaque = payload.sealed || attributes.find("ppt_scheme") != nullptr;
  for (const Rule& rule : rules_) {
    if ((rule.traffic & 1U << static_cast<unsigned>(traffic)) == 0 || !matches(rule.match, rule.uri, uri)) continue;
    if (opaque && rule.opaque_refused) return "an opaque payload is not accepted here";
    if (opaque) continue;
    if (auto wrong = rule.args ? rule.args->violation(payload.args, "args") : std::nullopt) return wrong;
    if (auto wrong = rule.kwargs ? rule.kwargs->violation(payload.kwargs, "kwargs") : std::nullopt) return wrong;
  }
  return std::nullopt;
}

}  // namespace redan::wamp
