#include "cloud/store/shared_secret.hpp"

#include "base/base64.hpp"

namespace redan::cloud {

net::Task<Result<Secret<64>>> shared_secret(Store& store, std::string key, RandomSource& random) {
  for (int attempt = 0; attempt < 2; ++attempt) {
    auto entry = co_await store.get(key);
    if (!entry) co_return refuse(entry.error());
    if (*entry) {
      auto bytes = from_base64((*entry)->value);
      if (!bytes || bytes->size() != 64) co_return refuse(Errc::store_failed);
      Secret<64> secret{Bytes(*bytes)};
      wipe(*bytes);
      co_return std::move(secret);
    }
    Secret<64> fresh;
    random.random(fresh.fill(64));
    auto made = co_await store.put(key, to_base64(fresh.expose()), Absent{});
    if (!made && made.error() != Errc::store_conflict) co_return refuse(made.error());
  }
  co_return refuse(Errc::store_failed);
}

}  // namespace redan::cloud
