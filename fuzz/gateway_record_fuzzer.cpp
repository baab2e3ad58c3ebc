// Stored objects of the gateway, and requests of its clients. The first byte selects which.
#include "base/assert.hpp"
#include "cloud/api/gateway.hpp"

namespace {

using namespace redan;
namespace api = redan::cloud::api;

template <class T>
void check(const std::optional<T>& read, std::optional<T> (*again)(std::string_view)) {
  if (!read) return;
  const std::optional<T> twice = again(to_record(*read));
  REDAN_ASSERT(twice && *twice == *read);
}

void check_request(std::string_view text) {
  const auto body = api::parse_body(text);
  if (!body) return;
  const auto session = api::SessionRequest::parse(*body);
  if (session) {
    // Within all limits, regardless of the notation.
    REDAN_ASSERT(session->screen.width % 2 == 0 && session->screen.width <= 3840);
    REDAN_ASSERT(!api::canonical(*session).empty());
  }
  (void)api::parse_join(*body);
  (void)api::RemovalRequest::parse(*body);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view text = as_text(Bytes(data + 1, size - 1));
  switch (data[0] % 4) {
    case 0:
      check(api::account_from_record(text), api::account_from_record);
      break;
    case 1:
      check(api::session_from_record(text), api::session_from_record);
      break;
    case 2:
      (void)api::idempotency_from_record(text);
      break;
    default:
      check_request(text);
  }
  return 0;
}
