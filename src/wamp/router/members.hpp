// One object of a configuration. The reader asks for each member; unread members are an error. The first error is kept
// as a human-readable text.
#pragma once

#include <algorithm>

#include <redan/wamp_types.hpp>

namespace redan::wamp {

class Members {
 public:
  /// `mistake` is shared by all objects of a file and is empty until there is an error. All must outlive this.
  Members(const Value& value, std::string where, std::string& mistake)
      : dict_(value.get_if<Dict>()), where_(std::move(where)), mistake_(mistake) {
    if (dict_ == nullptr) fail("not an object");
  }
  Members(const Members&) = delete;
  Members& operator=(const Members&) = delete;
  ~Members() {
    for (std::size_t i = 0; dict_ != nullptr && i < dict_->size(); ++i) {
      const std::string& key = (dict_->begin() + static_cast<std::ptrdiff_t>(i))->first;
      if (std::find(taken_.begin(), taken_.end(), key) == taken_.end()) fail("there is no member \"" + key + "\"");
    }
  }

  void fail(const std::string& what) const {
    if (mistake_.empty()) mistake_ = where_ + ": " + what;
  }
  /// Null if absent.
  const Value* find(std::string_view key) {
    taken_.emplace_back(key);
    return dict_ == nullptr ? nullptr : dict_->find(key);
  }
  [[nodiscard]] std::string place(std::string_view key) const {
    return where_.empty() ? std::string(key) : where_ + "." + std::string(key);
  }

  std::string text(std::string_view key, std::optional<std::string> otherwise = std::nullopt) {
    const Value* value = find(key);
    const auto said = value == nullptr ? std::nullopt : value->text();
    if (said) return std::string(*said);
    if (value != nullptr || !otherwise) fail("\"" + std::string(key) + "\" is missing, or no text");
    return otherwise.value_or("");
  }
  bool boolean(std::string_view key, bool otherwise) {
    const Value* value = find(key);
    if (value != nullptr && !value->boolean()) fail("\"" + std::string(key) + "\" is neither true nor false");
    return value == nullptr ? otherwise : value->boolean().value_or(otherwise);
  }
  template <class T>
  void number(std::string_view key, T& into, std::int64_t smallest = 1) {
    const Value* value = find(key);
    if (value == nullptr) return;
    constexpr std::int64_t kLargest = std::int64_t{1} << 40U;
    const auto* said = value->get_if<std::int64_t>();
    if (said == nullptr || *said < smallest || *said > kLargest) {
      return fail("\"" + std::string(key) + "\" is no number from " + std::to_string(smallest));
    }
    into = static_cast<T>(*said);
  }
  /// Each element, with its place in the file.
  template <class F>
  void each(std::string_view key, F&& f) {
    const Value* value = find(key);
    if (value == nullptr) return;
    const List* list = value->get_if<List>();
    if (list == nullptr) return fail("\"" + std::string(key) + "\" is no list");
    for (std::size_t i = 0; i < list->size(); ++i) f((*list)[i], place(key) + "[" + std::to_string(i) + "]");
  }
  std::vector<std::string> texts(std::string_view key) {
    std::vector<std::string> all;
    each(key, [&](const Value& value, const std::string&) {
      if (!value.text()) return fail("\"" + std::string(key) + "\" holds something that is no text");
      all.emplace_back(*value.text());
    });
    return all;
  }

 private:
  const Dict* dict_;
  std::string where_;
  std::string& mistake_;
  std::vector<std::string> taken_;
};

}  // namespace redan::wamp
