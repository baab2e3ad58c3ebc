// Authorization fields. The token that is found is part of the field, and parses to the same by itself.
#include "base/assert.hpp"
#include "cloud/token/authorization.hpp"

#include <redan/types.hpp>
#include <string>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace redan;
  const std::string_view value = redan::as_text({data, size});
  const auto found = cloud::token::parse_authorization(value);
  if (!found) return 0;
  REDAN_ASSERT(!found->text.empty() && value.find(found->text) != std::string_view::npos);
  const bool jwt = found->kind == cloud::token::PresentedToken::Kind::jwt;
  const std::string written = (jwt ? "Bearer " : "Macaroon root=") + std::string(found->text);
  const auto again = cloud::token::parse_authorization(written);
  REDAN_ASSERT(again && again->kind == found->kind && again->text == found->text);
  return 0;
}
