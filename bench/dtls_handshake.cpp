// Handshakes per CPU second, both sides of a pair together, compared with each crypto library's own DTLS.
#include "bench/dtls_work.hpp"
#include "bench/figure.hpp"

namespace redan::bench {
namespace {

Batch handshakes(DtlsStack& stack) {
  return [&stack] {
    static constexpr int kPairs = 10;
    for (int i = 0; i < kPairs; ++i) stack.connect();
    return double{kPairs};
  };
}

void rows(Provider& provider, std::unique_ptr<DtlsStack> (*baseline)(const Identities&, Group)) {
  const Identities identities(provider);
  for (const Group group : {Group::secp256r1, Group::x25519}) {
    const auto ours = redan_stack(identities, provider, {group});
    const auto theirs = baseline(identities, group);
    const std::string label = std::string(provider.name()) + (group == Group::x25519 ? " X25519" : " P-256");
    print(compare(label, "pairs/s", 1.3, handshakes(*ours), handshakes(*theirs)));
  }
  // DTLS 1.3 beside the library's 1.2.
  for (const Group group : {Group::secp256r1, Group::x25519, Group::x25519_mlkem768}) {
    const bool hybrid = group == Group::x25519_mlkem768;
    const auto ours = redan_stack(identities, provider, {group, true});
    const auto theirs = baseline(identities, hybrid ? Group::x25519 : group);
    const std::string label = std::string(provider.name()) + " 1.3 " +
                              (hybrid                   ? "X25519MLKEM768"
                               : group == Group::x25519 ? "X25519"
                                                        : "P-256");
    print(compare(label, "pairs/s", 1.0, handshakes(*ours), handshakes(*theirs)));
  }
}

}  // namespace

void dtls_handshake() {
  if (const auto provider = openssl_provider()) rows(*provider, openssl_stack);
  rows(*mbedtls_provider(), mbedtls_stack);
}

}  // namespace redan::bench
