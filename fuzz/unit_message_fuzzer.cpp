// Messages between units: a message that parses is written, and parses to the same value. The first byte selects the
// message.
#include "base/assert.hpp"
#include "cloud/api/agent.hpp"
#include "cloud/runtime/user_data.hpp"

namespace {

using namespace redan;
using namespace redan::cloud;

template <class T>
void check(std::string_view text) {
  const auto read = api::parse<T>(text);
  if (!read) return;
  const auto again = api::parse<T>(api::message_text(*read));
  REDAN_ASSERT(again && *again == *read);
}

// These two are not compared: one contains free JSON, the other keys.
void read_only(std::string_view text) {
  (void)api::parse<api::RuntimeReport>(text);
  (void)api::parse_reply(text);
  try {
    (void)cloud::runtime::parse_user_data(text);
  } catch (const std::runtime_error&) {
    // Human-readable, as documented.
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view text = as_text(Bytes(data + 1, size - 1));
  switch (data[0] % 9) {
    case 0:
      check<api::Announcement>(text);
      break;
    case 1:
      check<api::SessionSpec>(text);
      break;
    case 2:
      check<api::Created>(text);
      break;
    case 3:
      check<api::Claim>(text);
      break;
    case 4:
      check<api::StateReport>(text);
      break;
    case 5:
      check<api::Command>(text);
      break;
    case 6:
      check<api::CommandReply>(text);
      break;
    case 7:
      check<api::LinkHello>(text);
      break;
    default:
      read_only(text);
  }
  return 0;
}
