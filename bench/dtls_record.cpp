// Application data, encrypted and decrypted, per CPU second, compared with each crypto library's own DTLS.
#include "bench/dtls_work.hpp"
#include "bench/figure.hpp"

namespace redan::bench {
namespace {

Batch records(DtlsPair& pair) {
  return [&pair] {
    static constexpr int kRecords = 100;
    const std::array<std::uint8_t, 1200 - 37> payload{};  // a datagram of 1,200 bytes
    for (int i = 0; i < kRecords; ++i) {
      if (!pair.carry(payload)) failed("a record");
    }
    return double{kRecords * payload.size()} / 1e6;
  };
}

void row(Provider& provider, std::unique_ptr<DtlsStack> (*baseline)(const Identities&, Group)) {
  const Identities identities(provider);
  const auto theirs = baseline(identities, Group::x25519);
  const auto their_pair = theirs->connect();
  for (const bool dtls13 : {false, true}) {
    const auto ours = redan_stack(identities, provider, {Group::x25519, dtls13})->connect();
    const std::string label = std::string(provider.name()) + (dtls13 ? " 1.3" : "") + " AES-128-GCM";
    print(compare(label, "MB/s", 1.0, records(*ours), records(*their_pair)));
  }
}

}  // namespace

void dtls_record() {
  if (const auto provider = openssl_provider()) row(*provider, openssl_stack);
  row(*mbedtls_provider(), mbedtls_stack);
}

}  // namespace redan::bench
