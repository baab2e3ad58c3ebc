// Reads our own JSON: records of the store, messages between units. Invalid data counts as damaged, and nothing is
// guessed: after one failure every value reads as empty, and ok() is false.
#pragma once

#include <boost/json/parse.hpp>
#include <string>
#include <vector>

#include "cloud/api/envelope.hpp"

namespace redan::cloud::api {

class RecordReader {
 public:
  explicit RecordReader(std::string_view text) {
    json::error_code error;
    json::parse_options limits;
    limits.max_depth = kMaxDepth;
    value_ = json::parse(text, error, {}, limits);
    ok_ = !error && value_.is_object();
  }
  explicit RecordReader(const json::value& value) : value_(value), ok_(value.is_object()) {}

  [[nodiscard]] bool ok() const { return ok_; }
  /// Optional members: their value, or their default.
  std::string text_or(std::string_view key, std::string otherwise) {
    return has(key) ? text(key) : std::move(otherwise);
  }
  std::int64_t integer_or(std::string_view key, std::int64_t otherwise) { return has(key) ? integer(key) : otherwise; }
  bool boolean_or(std::string_view key, bool otherwise) { return has(key) ? boolean(key) : otherwise; }
  [[nodiscard]] bool has(std::string_view key) const { return find(key) != nullptr; }
  std::string text(std::string_view key) {
    const json::value* member = find(key);
    if (member == nullptr || !member->is_string()) return fail(std::string());
    return std::string(member->get_string());
  }
  std::int64_t integer(std::string_view key) {
    const json::value* member = find(key);
    if (member == nullptr || !member->is_int64()) return fail(std::int64_t{0});
    return member->get_int64();
  }
  bool boolean(std::string_view key) {
    const json::value* member = find(key);
    if (member == nullptr || !member->is_bool()) return fail(false);
    return member->get_bool();
  }
  json::object object(std::string_view key) {
    const json::value* member = find(key);
    if (member == nullptr || !member->is_object()) return fail(json::object());
    return member->get_object();
  }
  json::array array(std::string_view key) {
    const json::value* member = find(key);
    if (member == nullptr || !member->is_array()) return fail(json::array());
    return member->get_array();
  }
  std::vector<std::string> texts(std::string_view key) {
    std::vector<std::string> all;
    for (const json::value& element : array(key)) {
      if (!element.is_string()) return fail(std::vector<std::string>());
      all.emplace_back(element.get_string());
    }
    return all;
  }

 private:
  static constexpr std::size_t kMaxDepth = 12;
  const json::value* find(std::string_view key) const { return ok_ ? value_.get_object().if_contains(key) : nullptr; }
  template <class T>
  T fail(T nothing) {
    ok_ = false;
    return nothing;
  }
  json::value value_;
  bool ok_ = false;
};

}  // namespace redan::cloud::api
