// The URIs that match a pattern (WAMP, "Pattern-based Subscriptions"): the same URI, every URI with this prefix, or
// every URI with the same components, where an empty component matches any.
#pragma once

#include <map>
#include <string>
#include <unordered_map>

#include "wamp/message.hpp"

namespace redan::wamp {

enum class Match : std::uint8_t { exact, prefix, wildcard };

/// The option `match`, exact if absent or null; nullopt for an unknown value.
std::optional<Match> parse_match(const Value* option);
std::string_view name(Match match);

/// Whether the text is valid for this kind of matching: a URI, or a pattern.
bool is_well_formed(Match match, std::string_view pattern);
bool matches(Match match, std::string_view pattern, std::string_view uri);
/// Whether every URI that matches `pattern` also matches `rule`. False if it cannot be determined.
bool covers(Match rule_match, std::string_view rule, Match match, std::string_view pattern);

/// Patterns, each with a T. A search takes one lookup for exact ones, one lookup for each length of prefix, and a
/// comparison with each wildcard, so the owner must limit their number.
template <class T>
class PatternTable {
 public:
  [[nodiscard]] T* find(Match match, const std::string& pattern) {
    auto& room = rooms_[static_cast<std::size_t>(match)];
    const auto at = room.find(pattern);
    return at == room.end() ? nullptr : &at->second;
  }
  /// The pattern must be new.
  void insert(Match match, const std::string& pattern, T value) {
    rooms_[static_cast<std::size_t>(match)].emplace(pattern, std::move(value));
    if (match == Match::prefix) ++prefix_lengths_[pattern.size()];
  }
  /// The pattern must exist.
  void erase(Match match, const std::string& pattern) {
    rooms_[static_cast<std::size_t>(match)].erase(pattern);
    if (match != Match::prefix) return;
    const auto length = prefix_lengths_.find(pattern.size());
    if (--length->second == 0) prefix_lengths_.erase(length);
  }
  [[nodiscard]] std::size_t size(Match match) const { return rooms_[static_cast<std::size_t>(match)].size(); }

  /// Exact, then prefixes from short to long, then wildcards.
  template <class F>
  void for_each_match(const std::string& uri, F&& f) {
    if (T* exact = find(Match::exact, uri)) f(*exact);
    for (const auto& [length, count] : prefix_lengths_) {
      if (length > uri.size()) break;
      if (T* prefix = find(Match::prefix, uri.substr(0, length))) f(*prefix);
    }
    for (auto& [pattern, value] : rooms_[static_cast<std::size_t>(Match::wildcard)]) {
      if (matches(Match::wildcard, pattern, uri)) f(value);
    }
  }

 private:
  std::array<std::unordered_map<std::string, T>, 3> rooms_;
  std::map<std::size_t, std::size_t> prefix_lengths_;
};

}  // namespace redan::wamp
