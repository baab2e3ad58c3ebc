#include <redan/wamp_types.hpp>

#include <algorithm>
#include <cmath>

namespace redan::wamp {
namespace {

constexpr std::uint64_t kMaxExact = std::uint64_t{1} << 53U;

std::optional<std::uint64_t> in_range(std::uint64_t number) {
  if (number == 0 || number > kMaxExact) return std::nullopt;
  return number;
}

}  // namespace

const Value* Dict::find(std::string_view key) const {
  const auto at =
      std::find_if(entries_.begin(), entries_.end(), [&](const Entry& entry) { return entry.first == key; });
  return at == entries_.end() ? nullptr : &at->second;
}

Value& Dict::operator[](std::string_view key) {
  for (Entry& entry : entries_) {
    if (entry.first == key) return entry.second;
  }
  return entries_.emplace_back(key, Value()).second;
}

void Dict::append(std::string key, Value value) { entries_.emplace_back(std::move(key), std::move(value)); }

void Dict::erase(std::string_view key) {
  std::erase_if(entries_, [&](const Entry& entry) { return entry.first == key; });
}

bool operator==(const Dict& a, const Dict& b) {
  if (a.size() != b.size()) return false;
  if (a.entries_ == b.entries_) return true;
  const auto sorted = [](const Dict& dict) {
    std::vector<const Dict::Entry*> entries;
    for (const Dict::Entry& entry : dict) entries.push_back(&entry);
    std::sort(entries.begin(), entries.end(), [](const auto* x, const auto* y) { return x->first < y->first; });
    return entries;
  };
  const auto in_a = sorted(a);
  const auto in_b = sorted(b);
  return std::equal(in_a.begin(), in_a.end(), in_b.begin(), [](const auto* x, const auto* y) { return *x == *y; });
}

Value::Value(std::uint64_t value) : storage_(value) {
  if (value <= std::uint64_t{std::numeric_limits<std::int64_t>::max()}) storage_ = static_cast<std::int64_t>(value);
}

std::optional<std::uint64_t> Value::id() const {
  if (const auto* number = get_if<std::int64_t>()) {
    return *number < 0 ? std::nullopt : in_range(static_cast<std::uint64_t>(*number));
  }
  const auto* number = get_if<double>();
  // Written so that NaN fails.
  if (number == nullptr || !(*number >= 1 && *number <= static_cast<double>(kMaxExact))) return std::nullopt;
  if (std::trunc(*number) != *number) return std::nullopt;
  return static_cast<std::uint64_t>(*number);
}

std::optional<std::string_view> Value::text() const {
  const auto* string = get_if<std::string>();
  if (string == nullptr) return std::nullopt;
  return *string;
}

std::optional<bool> Value::boolean() const {
  const auto* truth = get_if<bool>();
  if (truth == nullptr) return std::nullopt;
  return *truth;
}

}  // namespace redan::wamp
