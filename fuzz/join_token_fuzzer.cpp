// Join tokens: a token that parses is written, and parses to the same value.
#include "base/assert.hpp"
#include "base/base64.hpp"
#include "cloud/trust/join_token.hpp"

namespace {

using namespace redan;
using namespace redan::cloud;

bool same(const cloud::trust::JoinToken& a, const cloud::trust::JoinToken& b) {
  return a.name == b.name && a.addresses == b.addresses && a.fingerprint == b.fingerprint &&
         equal_in_constant_time(a.secret.expose(), b.secret.expose()) && a.expires_at == b.expires_at;
}

void rewrite(std::string_view text) {
  const auto token = cloud::trust::parse_join_token(text);
  if (!token) return;
  REDAN_ASSERT(token->secret.size() == 32 && text.size() <= cloud::trust::kMaxJoinToken);
  const std::string written = to_text(*token);
  if (written.size() > cloud::trust::kMaxJoinToken) return;  // escapes made it longer
  const auto again = cloud::trust::parse_join_token(written);
  REDAN_ASSERT(again && same(*token, *again));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  rewrite(as_text(Bytes(data, size)));
  rewrite(to_base64(Bytes(data, size), Base64::url));
  return 0;
}
