#include "cloud/store/rules.hpp"

#include <algorithm>
#include <unordered_set>

#include "cloud/errors.hpp"

namespace redan::cloud::store {

namespace {

const std::string& value_of(const Change& change) {
  static const std::string none;
  const auto* put = std::get_if<Put>(&change);
  return put != nullptr ? put->value : none;
}

/// The first key greater than every key with this prefix; nullopt if there is none.
std::optional<std::string> end_of(std::string_view prefix) {
  std::string end(prefix);
  while (!end.empty() && static_cast<unsigned char>(end.back()) == 0xff) end.pop_back();
  if (end.empty()) return std::nullopt;
  end.back() = static_cast<char>(static_cast<unsigned char>(end.back()) + 1U);
  return end;
}

}  // namespace

Result<void> check_key(std::string_view key) {
  if (key.empty()) return refuse(Errc::invalid_argument);
  if (key.size() > kMaxKeySize) return refuse(errc::store_too_large);
  return {};
}

Result<void> check_commit(const std::vector<Change>& changes) {
  if (changes.empty()) return refuse(Errc::invalid_argument);
  if (changes.size() > kMaxCommitSize) return refuse(errc::store_too_large);
  std::unordered_set<std::string_view> keys;
  std::size_t bytes = 0;
  for (const Change& change : changes) {
    if (auto checked = check_key(key_of(change)); !checked) return checked;
    if (value_of(change).size() > kMaxValueSize) return refuse(errc::store_too_large);
    if (!keys.insert(key_of(change)).second) return refuse(Errc::invalid_argument);
    bytes += key_of(change).size() + value_of(change).size();
  }
  if (bytes > kMaxCommitBytes) return refuse(errc::store_too_large);
  return {};
}

Result<void> check_listing(std::string_view prefix, std::string_view after, std::size_t limit) {
  if (limit == 0) return refuse(Errc::invalid_argument);
  if (std::max(prefix.size(), after.size()) > kMaxKeySize) return refuse(errc::store_too_large);
  return {};
}

Result<void> check_ttl(std::chrono::seconds ttl) {
  if (ttl < kMinLeaseTtl || ttl > kMaxLeaseTtl) return refuse(Errc::invalid_argument);
  return {};
}

const std::string& key_of(const Change& change) {
  return std::visit([](const auto& c) -> const std::string& { return c.key; }, change);
}

const Expect& expect_of(const Change& change) {
  return std::visit([](const auto& c) -> const Expect& { return c.expect; }, change);
}

bool holds(const Expect& expect, std::optional<Revision> modified) {
  if (std::holds_alternative<Absent>(expect)) return !modified;
  if (const auto* unchanged = std::get_if<Unchanged>(&expect)) return modified == unchanged->since;
  return true;
}

KeyRange keys_below(std::string_view prefix, std::string_view after) {
  KeyRange keys{std::string(prefix), end_of(prefix)};
  // The direct successor of `after` is `after` followed by a zero byte.
  if (!after.empty()) keys.begin = std::max(keys.begin, std::string(after) + '\0');
  return keys;
}

}  // namespace redan::cloud::store
