#include "cloud/api/keys.hpp"

#include <algorithm>

#include "base/utf8.hpp"
#include "cloud/api/duration.hpp"
#include "cloud/api/size.hpp"

namespace redan::cloud::api {

bool is_plain_text(std::string_view text) { return text.size() <= 256 && escape_controls(text) == text; }

std::string with_dashes(std::string_view key) {
  std::string text(key);
  std::ranges::replace(text, '_', '-');
  return text;
}

Outcome<void> Value::text(std::string& into, const Rule& rule) const {
  into.clear();
  if (json_.is_null()) return {};
  if (!json_.is_string() || !rule.valid(json_.get_string())) return wrong(rule.wanted);
  into = json_.get_string();
  return {};
}

Outcome<void> Value::text(std::optional<std::string>& into) const {
  std::string found;
  REDAN_CHECK(text(found));
  into = json_.is_null() ? std::nullopt : std::optional(std::move(found));
  return {};
}

Outcome<void> Value::texts(std::vector<std::string>& into, const Rule& rule) const {
  into.clear();
  if (json_.is_null()) return {};
  if (!json_.is_array() || json_.get_array().size() > kMaxElements) return wrong("a list of at most 256 texts");
  for (std::size_t i = 0; i < json_.get_array().size(); ++i) {
    const Value one = element(i);
    if (!one.json().is_string()) return one.wrong(rule.wanted);
    REDAN_CHECK(one.text(into.emplace_back(), rule));
  }
  return {};
}

Outcome<void> Value::boolean(bool& into) const {
  std::optional<bool> found;
  REDAN_CHECK(boolean(found));
  into = found.value_or(false);
  return {};
}

Outcome<void> Value::boolean(std::optional<bool>& into) const {
  into.reset();
  if (json_.is_null()) return {};
  if (!json_.is_bool()) return wrong("true or false");
  into = json_.get_bool();
  return {};
}

Outcome<void> Value::integer(std::optional<std::int64_t>& into, std::int64_t least, std::int64_t most) const {
  into.reset();
  if (json_.is_null()) return {};
  if (!json_.is_int64() || json_.get_int64() < least || json_.get_int64() > most) {
    return wrong("an integer from " + std::to_string(least) + " to " + std::to_string(most));
  }
  into = json_.get_int64();
  return {};
}

Outcome<void> Value::port(std::uint16_t& into) const {
  std::optional<std::int64_t> number;
  REDAN_CHECK(integer(number, 1, 65535));
  if (!number) return wrong("a port from 1 to 65535");
  into = static_cast<std::uint16_t>(*number);
  return {};
}

Outcome<void> Value::size(std::optional<std::int64_t>& into) const {
  into.reset();
  if (json_.is_null()) return {};
  if (json_.is_string()) into = parse_size(json_.get_string());
  if (json_.is_int64() && json_.get_int64() > 0) into = json_.get_int64();
  if (!into) return wrong("a size like \"3GB\" or \"512MiB\", or a positive number of bytes");
  return {};
}

Outcome<void> Value::duration(std::chrono::seconds& into, std::chrono::seconds otherwise,
                              std::chrono::seconds most) const {
  into = otherwise;
  if (json_.is_null()) return {};
  const auto found = json_.is_string() ? parse_duration(json_.get_string()) : std::nullopt;
  if (!found || *found > most)
    return wrong("a duration of at most " + duration_text(most) + " like \"90s\" or \"10m\"");
  into = *found;
  return {};
}

std::string Value::path_to(std::string_view key) const {
  std::string path = name_.empty() ? "" : name_ + ".";
  return path.append(first_bytes(key, 64));
}

Value Value::member(std::string_view key, const json::value& json) const { return {json, path_to(key), ignored_}; }

Value Value::element(std::size_t index) const {
  return {json_.get_array()[index], name_ + "[" + std::to_string(index) + "]", ignored_};
}

void Value::ignore(std::string_view key) const {
  if (ignored_.size() < kMaxIgnored) ignored_.push_back(path_to(key));
}

tl::unexpected<Refusal> Value::wrong(std::string_view wanted) const {
  return refuse(bad_request("\"" + name_ + "\" is not " + std::string(wanted)));
}

json::value written(const std::string& text) { return text.empty() ? json::value() : json::value(text); }
json::value written(const std::vector<std::string>& texts) {
  return texts.empty() ? json::value() : json::value(json::array(texts.begin(), texts.end()));
}
json::value written(bool truth) { return truth ? json::value(true) : json::value(); }
json::value written(json::object object) { return object.empty() ? json::value() : json::value(std::move(object)); }

}  // namespace redan::cloud::api
