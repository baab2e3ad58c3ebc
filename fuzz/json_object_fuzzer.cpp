// JSON objects in tokens and requests. An object that parses is written, and parses to the same value.
#include <algorithm>
#include <boost/json/serialize.hpp>

#include "base/assert.hpp"
#include "cloud/token/json_object.hpp"

namespace {

namespace json = boost::json;

/// Boost.JSON reads fractions without their last digits, so writing may change them.
bool exact(const json::value& value) {
  if (const json::array* array = value.if_array()) return std::all_of(array->begin(), array->end(), exact);
  const json::object* object = value.if_object();
  if (object == nullptr) return !value.is_double();
  return std::all_of(object->begin(), object->end(), [](const auto& member) { return exact(member.value()); });
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto object = redan::cloud::token::parse_json_object({reinterpret_cast<const char*>(data), size});
  if (!object || !exact(*object)) return 0;
  const auto again = redan::cloud::token::parse_json_object(json::serialize(*object));
  REDAN_ASSERT(again && json::serialize(*again) == json::serialize(*object));
  return 0;
}
