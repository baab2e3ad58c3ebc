#include "cmd/wamp/json_payload.hpp"

#include <stdexcept>

#include "wamp/serializer.hpp"

namespace redan::cmd {

using wamp::Dict;
using wamp::List;
using wamp::Payload;
using wamp::Serializer;
using wamp::Value;

Value parse_argument(const std::string& text) {
  auto value = wamp::decode(Serializer::json, as_bytes(text));
  return value ? std::move(*value) : Value(text);
}

Dict parse_object(const std::string& what, std::string_view text) {
  auto value = wamp::decode(Serializer::json, as_bytes(text));
  Dict* const dict = value ? value->get_if<Dict>() : nullptr;
  if (dict == nullptr) throw std::runtime_error(what + " is not a JSON object");
  return std::move(*dict);
}

Payload payload_of(const Dict& object) {
  Payload payload;
  if (const Value* const args = object.find("args"); args != nullptr && !args->is_null()) {
    if (args->get_if<List>() == nullptr) throw std::runtime_error("\"args\" is not a list");
    payload.args = *args->get_if<List>();
  }
  if (const Value* const kwargs = object.find("kwargs"); kwargs != nullptr && !kwargs->is_null()) {
    if (kwargs->get_if<Dict>() == nullptr) throw std::runtime_error("\"kwargs\" is not an object");
    payload.kwargs = *kwargs->get_if<Dict>();
  }
  return payload;
}

Dict with_payload(Dict into, const Payload& payload) {
  into["args"] = payload.args;
  into["kwargs"] = payload.kwargs;
  return into;
}

std::string to_json(const Value& value) { return std::string(as_text(wamp::encode(Serializer::json, value))); }

std::string shown(const Payload& payload) {
  if (payload.args.size() == 1 && payload.kwargs.empty()) return to_json(payload.args.front());
  return to_json(with_payload({}, payload));
}

}  // namespace redan::cmd
