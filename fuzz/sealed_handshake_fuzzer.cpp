// Untrusted handshake messages: a message that parses is written to an equivalent one, and neither end accepts any of
// them.
#include "base/assert.hpp"
#include "sealed/handshake.hpp"

namespace {

using namespace redan;
using namespace redan::sealed;

constexpr WallTime kNow{1'800'000'000};

void parse(Bytes bytes) {
  if (const auto hello = ClientHello::parse(bytes)) {
    REDAN_ASSERT(!hello->session.empty() && hello->session.size() <= kMaxName && hello->suites.size() <= 8);
    if (!hello->suites.empty()) {
      const auto again = ClientHello::parse(hello->write());
      REDAN_ASSERT(again && again->session == hello->session && again->grant == hello->grant);
      REDAN_ASSERT(again->suites == hello->suites && again->confirms == hello->confirms);
    }
  }
  if (const auto share = RuntimeShare::parse(bytes)) {
    const auto written = share->write();
    REDAN_ASSERT(std::equal(written.begin(), written.end(), bytes.begin(), bytes.end()));
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const Bytes bytes(data, size);
  parse(bytes);
  static const auto kProvider = default_provider();
  static const Ed25519Key kAms(std::array<std::uint8_t, 32>{1}), kRuntime(std::array<std::uint8_t, 32>{2}),
      kClient(std::array<std::uint8_t, 32>{3});
  const Authorities authorities{kAms.public_key()};
  UsedGrants used;
  Responder responder(*kProvider, {"s", "i", authorities, std::vector<std::uint8_t>(80, 1)}, kRuntime, used);
  REDAN_ASSERT(!responder.on_hello(bytes, kNow));
  REDAN_ASSERT(!responder.on_auth(bytes, kNow));
  const SessionGrant grant{"s", "i", kClient.public_key(), SessionGrant::Rights::control, kNow};
  auto initiator = Initiator::begin(*kProvider, {"s", authorities, grant.sign(kAms)}, kClient, kNow);
  REDAN_ASSERT(initiator && !initiator->on_share(bytes, kNow));
  return 0;
}
