// Rules common to all stores: valid arguments, when an expectation holds, and which keys a prefix covers.
#pragma once

#include "cloud/store/store.hpp"

namespace redan::cloud::store {

/// invalid_argument for an empty key, store_too_large for a long one.
Result<void> check_key(std::string_view key);
/// invalid_argument: nothing to commit, an empty key, a key named twice. store_too_large: a limit of store.hpp.
Result<void> check_commit(const std::vector<Change>& changes);
/// The prefix may be empty, and so may the key to continue after.
Result<void> check_listing(std::string_view prefix, std::string_view after, std::size_t limit);
Result<void> check_ttl(std::chrono::seconds ttl);

const std::string& key_of(const Change& change);
const Expect& expect_of(const Change& change);

/// `modified` of the existing entry; nullopt: there is none.
bool holds(const Expect& expect, std::optional<Revision> modified);

/// From `begin` up to but excluding `end`, as bytes; without an end, all from `begin` on.
struct KeyRange {
  std::string begin;
  std::optional<std::string> end;

  [[nodiscard]] bool contains(std::string_view key) const { return key >= begin && (!end || key < *end); }
  [[nodiscard]] bool empty() const { return end && *end <= begin; }
};

/// The keys that start with `prefix` and come after `after`.
KeyRange keys_below(std::string_view prefix, std::string_view after = {});

}  // namespace redan::cloud::store
