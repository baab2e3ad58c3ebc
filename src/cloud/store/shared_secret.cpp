#include "cloud/store/shared_secret.hpp"

#include "base/base64.hpp"
#include "cloud/errors.hpp"

namespace redan::cloud::store {

namespace {

constexpr std::size_t kSize = 64;
constexpr int kAttempts = 3;

Secret<kSize> make_secret(RandomSource& random) {
  Secret<kSize> fresh;
  random.random(fresh.fill(kSize));
  return fresh;
}

Result<Secret<kSize>> clear_secret(std::string_view value) {
  auto bytes = from_base64(value);
  if (!bytes || bytes->size() != kSize) return refuse(errc::store_failed);
  Secret<kSize> secret{Bytes(*bytes)};
  wipe(*bytes);
  return secret;
}

std::string reason(SecretsKey::Fault fault, std::string_view record, const SecretsKey& key) {
  switch (fault) {
    case SecretsKey::Fault::other_version:
      return "is sealed in a way that only a newer program knows: update this unit";
    case SecretsKey::Fault::other_key:
      return "is sealed under the secrets key " + std::string(key_id_of(record)) + ", and this unit has " + key.id() +
             ": give it the key file that the other units have, or that was here before";
    case SecretsKey::Fault::damaged:
      break;
  }
  return "is damaged, or is the record of another secret: restore a backup";
}

}  // namespace

net::Task<Result<Secret<64>>> sealed_secret(Store& store, std::string key, const SecretsKey& secrets_key,
                                            RandomSource& random, std::function<void(std::string_view)> log) {
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    REDAN_CO_TRY(auto entry, co_await store.get(key));
    if (entry && is_sealed((entry)->value)) {
      auto opened = secrets_key.open(key, (entry)->value);
      if (opened) co_return std::move(*opened);
      log("the secret " + key + " in the store " + reason(opened.error(), (entry)->value, secrets_key));
      co_return refuse(errc::store_failed);
    }
    Result<Secret<kSize>> secret = entry ? clear_secret((entry)->value) : make_secret(random);
    if (!secret) {
      log("the secret " + key + " in the store is damaged: restore a backup");
      co_return refuse(secret.error());
    }
    const Expect unchanged = entry ? Expect(Unchanged{(entry)->modified}) : Expect(Absent{});
    const auto sealed = co_await store.put(key, secrets_key.seal(key, *secret), unchanged);
    if (sealed && entry) {
      log("the secret " + key +
          " was in the store in the clear; it is encrypted now. Anyone who could read the store " +
          "or a backup before may have it");
    }
    if (sealed) co_return std::move(*secret);
    if (sealed.error() != errc::store_conflict) co_return refuse(sealed.error());
  }
  co_return refuse(errc::store_failed);
}

}  // namespace redan::cloud::store
