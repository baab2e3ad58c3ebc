// Bodies of requests and records of the store: members respect their types and limits, and a record that parses is
// written, and parses to the same value.
#include <boost/json/serialize.hpp>

#include "base/assert.hpp"
#include "cloud/api/ams.hpp"

namespace {

using namespace redan::cloud::api;

void members(std::string_view text) {
  const auto body = parse_body(text);
  if (!body) {
    REDAN_ASSERT(body.error().status == 400 && body.error().code == "bad_request");
    return;
  }
  for (const auto& member : *body) {
    const std::string_view key(member.key().data(), member.key().size());
    if (const auto found = string_member(*body, key, 16)) REDAN_ASSERT(found->size() <= 16);
    if (const auto found = strings_member(*body, key)) REDAN_ASSERT(found->size() <= 64);
    const bool integer = integer_member(*body, key, 0).has_value();
    REDAN_ASSERT(integer == (member.value().is_int64() || member.value().is_null()));
    const bool truth = bool_member(*body, key, false).has_value();
    REDAN_ASSERT(truth == (member.value().is_bool() || member.value().is_null()));
    const bool object = object_member(*body, key).has_value();
    REDAN_ASSERT(object == (member.value().is_object() || member.value().is_null()));
  }
}

template <class Read>
void record(std::string_view text, Read read) {
  const auto first = read(text);
  if (!first) return;
  const std::string written = to_record(*first);
  const auto second = read(written);
  REDAN_ASSERT(second && to_record(*second) == written);
  json::serialize(to_json(*second));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  members(text);
  record(text, instance_from_record);
  record(text, application_from_record);
  record(text, operation_from_record);
  return 0;
}
