// The cost of an unauthenticated ClientHello: heap of a server that has sent its flight and is waiting.
#include <malloc.h>

#include "bench/dtls_work.hpp"
#include "bench/figure.hpp"

namespace redan::bench {
namespace {

constexpr double kGoal = 8;  // KiB
constexpr std::size_t kServers = 1000;

double kib_each(DtlsStack& stack) {
  std::vector<std::unique_ptr<HalfOpenServer>> servers;
  servers.reserve(kServers);
  static_cast<void>(stack.half_open());  // objects that are created once
  const std::size_t before = mallinfo2().uordblks;
  for (std::size_t i = 0; i < kServers; ++i) servers.push_back(stack.half_open());
  return static_cast<double>(mallinfo2().uordblks - before) / kServers / 1024;
}

void row(Provider& provider, std::unique_ptr<DtlsStack> (*baseline)(const Identities&, Group)) {
  const Identities identities(provider);
  const double theirs = kib_each(*baseline(identities, Group::x25519));
  for (const bool dtls13 : {false, true}) {
    const double ours = kib_each(*redan_stack(identities, provider, {Group::x25519, dtls13}));
    const std::string label = std::string(provider.name()) + (dtls13 ? " 1.3" : "");
    print({label, "KiB each", ours, theirs, theirs / ours, kGoal, Better::less});
  }
}

}  // namespace

void half_open_memory() {
  if (const auto provider = openssl_provider()) row(*provider, openssl_stack);
  row(*mbedtls_provider(), mbedtls_stack);
}

}  // namespace redan::bench
