// Payloads as JSON, for the shell. Binary is a string of U+0000 and base64, as in WAMP's JSON serialization.
#pragma once

#include <redan/wamp_types.hpp>
#include <string>

namespace redan::cmd {

/// One JSON value; what is not JSON is a text: 7, "7", [1, 2], hello.
wamp::Value parse_argument(const std::string& text);
/// One JSON object. Throws std::runtime_error; `what` names it in the message.
wamp::Dict parse_object(const std::string& what, std::string_view text);
/// The members "args" and "kwargs" of an object, both optional. Throws std::runtime_error.
wamp::Payload payload_of(const wamp::Dict& object);

/// {"args":[...],"kwargs":{...}}, appended to `into`.
wamp::Dict with_payload(wamp::Dict into, const wamp::Payload& payload);
std::string to_json(const wamp::Value& value);
/// For people: the only argument alone, otherwise the object of with_payload().
std::string shown(const wamp::Payload& payload);

}  // namespace redan::cmd
