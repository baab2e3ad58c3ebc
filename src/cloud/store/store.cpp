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

}  // namespace redan::cloud::store
