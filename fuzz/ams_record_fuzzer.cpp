// Records of AMS's store, also damaged ones: a record that parses is written, and parses to the same value.
#include "base/assert.hpp"
#include "cloud/ams/records.hpp"
#include "cloud/api/ams.hpp"

namespace {

using namespace redan;
using namespace redan::cloud;

template <class T>
void rewrite(std::string_view text, std::optional<T> (*parse)(std::string_view)) {
  using ams::to_record;
  using api::to_record;
  const std::optional<T> record = parse(text);
  if (!record) return;
  const std::string written = to_record(*record);
  const std::optional<T> again = parse(written);
  REDAN_ASSERT(again && to_record(*again) == written);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view text = as_text(Bytes(data + 1, size - 1));
  switch (data[0] % 5) {
    case 0:
      rewrite(text, api::instance_from_record);
      break;
    case 1:
      rewrite(text, api::application_from_record);
      break;
    case 2:
      rewrite(text, api::operation_from_record);
      break;
    case 3:
      rewrite(text, ams::certificate_from_record);
      break;
    default:
      rewrite(text, ams::join_from_record);
  }
  return 0;
}
