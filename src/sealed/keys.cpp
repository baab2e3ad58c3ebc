#include "sealed/keys.hpp"

namespace redan::sealed {
namespace {

constexpr std::size_t kKeySize = 32;

// RFC 5869 section 2.3, one block.
Secret<kKeySize> expand(Hmac& prk, std::string_view label) {
  constexpr std::array<std::uint8_t, 1> kFirst{1};
  Digest block = prk.compute(std::array{as_bytes(label), Bytes(kFirst)});
  Secret<kKeySize> key(block.bytes());
  wipe(block.storage);
  return key;
}

}  // namespace

Keys derive_keys(Provider& provider, const SharedSecret& shared, const TranscriptHash& transcript) {
  Digest prk = provider.hmac_once(HashAlgorithm::sha256, transcript, shared.expose());
  const std::unique_ptr<Hmac> hmac = provider.hmac(HashAlgorithm::sha256, prk.bytes());
  wipe(prk.storage);
  Keys keys;
  keys.client_to_runtime = expand(*hmac, "redan sealed v1 client to runtime");
  keys.runtime_to_client = expand(*hmac, "redan sealed v1 runtime to client");
  keys.confirm = expand(*hmac, "redan sealed v1 confirm");
  keys.shared = Secret<kKeySize>(shared.expose().first(kKeySize));
  return keys;
}

Digest confirmation(Provider& provider, const ConfirmKey& key, Side from, const Connection& connection) {
  const std::array<std::uint8_t, 1> side{static_cast<std::uint8_t>(from)};
  return provider.hmac(HashAlgorithm::sha256, key.expose())
      ->compute(
          std::array{Bytes(side), connection.exported, connection.client_fingerprint, connection.runtime_fingerprint});
}

}  // namespace redan::sealed
