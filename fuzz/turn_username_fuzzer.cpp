// User names of TURN credentials, up to a line feed, followed by a password. A credential that verifies is issued
// again.
#include "base/assert.hpp"
#include "cloud/token/turn_credential.hpp"

namespace {

using namespace redan;
using namespace redan::cloud;

constexpr std::string_view kSecret = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
constexpr WallTime kNow{1877688000};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const std::unique_ptr<Provider> kProvider = default_provider();
  static cloud::token::TurnKey key =
      std::move(*cloud::token::TurnKey::prepare(*kProvider, Secret<64>(as_bytes(kSecret))));
  const std::string_view text = as_text(Bytes(data, size));
  const std::size_t line = std::min(text.find('\n'), text.size());
  const std::string_view username = text.substr(0, line);
  REDAN_ASSERT(!key.verify({std::string(username), std::string(text.substr(std::min(line + 1, size)))}, kNow) ||
               username.size() < size);
  // The correct password, if the name is valid.
  const std::size_t colon = username.find(':');
  if (colon == std::string_view::npos) return 0;
  const auto minted = key.mint(username.substr(colon + 1), WallTime{kNow.seconds_since_1970 + 1});
  if (!minted) return 0;
  REDAN_ASSERT(key.verify(*minted, kNow) == std::string(username.substr(colon + 1)));
  const cloud::token::TurnCredential stolen{std::string(username), minted->password};
  REDAN_ASSERT(minted->username == username || !key.verify(stolen, kNow));
  return 0;
}
