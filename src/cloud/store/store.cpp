#include "cloud/store/store.hpp"

namespace redan::cloud::store {

namespace {

std::vector<Change> one(Change change) {
  std::vector<Change> changes;
  changes.push_back(std::move(change));
  return changes;
}

}  // namespace

net::Task<Result<Revision>> Store::put(std::string key, std::string value, Expect expect) {
  return commit(one(Put{std::move(key), std::move(value), expect, LeaseId{}}));
}

net::Task<Result<Revision>> Store::erase(std::string key, Expect expect) {
  return commit(one(Erase{std::move(key), expect}));
}

net::Task<Result<std::vector<Entry>>> list_all(Store& store, std::string prefix) {
  constexpr std::size_t kPage = 1000;
  std::vector<Entry> all;
  std::string after;
  for (bool more = true; more;) {
    REDAN_CO_TRY(auto page, co_await store.list(prefix, after, kPage));
    all.insert(all.end(), std::make_move_iterator(page.entries.begin()), std::make_move_iterator(page.entries.end()));
    more = page.more;
    if (more) after = all.back().key;
  }
  co_return all;
}

}  // namespace redan::cloud::store
