// A server's challenges and responses: each is judged, and what is signed afterwards parses, and has the integrity that
// the challenge asks for.
#include <array>

#include "base/assert.hpp"
#include "rtc/stun/long_term.hpp"
#include "tests/support/null_provider.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace redan;
  static const auto real = mbedtls_provider();
  test::NullProvider provider(*real);
  stun::LongTerm client(*stun::Credentials::make("user", "password"), provider);
  Reader input({data, size});
  for (int i = 0; i < 20 && !input.empty(); ++i) {
    const bool is_signed = client.challenged();
    const auto message = stun::Message::parse(input.opaque16());
    if (!message || message->message_class == stun::Class::request) continue;
    const stun::Verdict verdict = client.judge(*message, is_signed);
    if (verdict == stun::Verdict::accepted && is_signed) {
      REDAN_ASSERT(message->has_integrity() || message->has_integrity_sha256());
    }
    REDAN_ASSERT(verdict != stun::Verdict::retry || client.challenged());
    std::array<std::uint8_t, 4096> buffer{};
    stun::MessageBuilder builder(buffer, stun::Class::request, {});
    const auto request = stun::Message::parse(client.finish(builder));
    REDAN_ASSERT(request && request->unknown_count == 0);
    REDAN_ASSERT(client.challenged() == (request->has_integrity() || request->has_integrity_sha256()));
    REDAN_ASSERT(!(request->has_integrity() && request->has_integrity_sha256()));
  }
  return 0;
}
