#include "cloud/gateway/settings.hpp"

#include <algorithm>
#include <array>
#include <charconv>

namespace redan::cloud::gateway {
namespace {

using Setting = Settings::Setting;
using Kind = Setting::Kind;

constexpr std::array kSettings{Setting{setting::kOrigins, "*", Kind::origins},
                               Setting{setting::kHeaders, "Authorization, Content-Type, Idempotency-Key", Kind::names},
                               Setting{setting::kMethods, "GET, HEAD, POST, PATCH, DELETE, OPTIONS", Kind::names},
                               Setting{setting::kRate, "", Kind::number, 1, 1'000'000},
                               Setting{setting::kTokenLife, "31536000", Kind::number, 1, 366LL * 24 * 3600 * 10},
                               Setting{setting::kSocketTokenLife, "300", Kind::number, 10, 3600},
                               Setting{setting::kSessionRetention, "3600", Kind::number, 0, 366LL * 24 * 3600}};

constexpr std::size_t kMaxText = 4096;

/// The elements of a comma-separated list, without surrounding spaces.
std::vector<std::string_view> elements(std::string_view text) {
  std::vector<std::string_view> all;
  while (!text.empty()) {
    const std::size_t comma = std::min(text.find(','), text.size());
    std::string_view one = text.substr(0, comma);
    text.remove_prefix(std::min(comma + 1, text.size()));
    one.remove_prefix(std::min(one.find_first_not_of(' '), one.size()));
    one = one.substr(0, one.find_last_not_of(' ') + 1);
    if (!one.empty()) all.push_back(one);
  }
  return all;
}

bool is_letter_or_digit(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'); }

/// Valid as part of a response header: contains no character that could end the header.
bool is_origin(std::string_view text) {
  if (text == "*" || text == "null") return true;
  if (!text.starts_with("https://") && !text.starts_with("http://")) return false;
  const std::string_view host = text.substr(text.find("//") + 2);
  return !host.empty() && std::all_of(host.begin(), host.end(), [](char c) {
    return is_letter_or_digit(c) || c == '.' || c == '-' || c == ':' || c == '[' || c == ']';
  });
}

bool is_field_name(std::string_view text) {
  return text == "*" ||
         std::all_of(text.begin(), text.end(), [](char c) { return is_letter_or_digit(c) || c == '-' || c == '_'; });
}

std::optional<std::int64_t> parse_number(std::string_view text) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

api::Refusal wrong(const Setting& setting, std::string_view wanted) {
  return api::bad_request(std::string(setting.key) + " is " + std::string(wanted));
}

}  // namespace

const Setting* Settings::find(std::string_view key) {
  const auto found = std::find_if(kSettings.begin(), kSettings.end(), [&](const Setting& s) { return s.key == key; });
  return found == kSettings.end() ? nullptr : &*found;
}

api::Outcome<std::string> Settings::check(const Setting& setting, const api::json::value& value) {
  std::string text;
  if (value.is_int64()) {
    text = std::to_string(value.get_int64());
  } else if (value.is_string()) {
    text = std::string(value.get_string());
  } else if (!value.is_null()) {
    return api::refuse(wrong(setting, "a text or a number"));
  }
  if (text.empty()) return text;
  if (text.size() > kMaxText) return api::refuse(wrong(setting, "at most 4096 bytes long"));
  if (setting.kind == Kind::number) {
    const auto number = parse_number(text);
    if (number && *number >= setting.least && *number <= setting.most) return text;
    return api::refuse(wrong(setting, "from " + std::to_string(setting.least) + " to " + std::to_string(setting.most)));
  }
  for (const std::string_view one : elements(text)) {
    if (setting.kind == Kind::origins && !is_origin(one)) {
      return api::refuse(wrong(setting, "*, or origins like https://app.example.org with commas between them"));
    }
    if (setting.kind == Kind::names && !is_field_name(one)) {
      return api::refuse(wrong(setting, "a list of names with commas between them"));
    }
  }
  return text;
}

api::json::object Settings::all() const {
  api::json::object all;
  for (const Setting& setting : kSettings) {
    const std::string value = text(setting.key);
    if (setting.kind == Kind::number && !value.empty()) {
      all[setting.key] = number(setting.key);
    } else {
      all[setting.key] = value;
    }
  }
  return all;
}

std::string Settings::text(std::string_view key) const {
  const auto found = values_.find(std::string(key));
  if (found != values_.end()) return found->second;
  const Setting* setting = find(key);
  return setting == nullptr ? std::string() : std::string(setting->otherwise);
}

std::int64_t Settings::number(std::string_view key) const { return parse_number(text(key)).value_or(0); }

std::string Settings::allowed_origin(std::string_view origin) const {
  const std::string text = this->text(setting::kOrigins);
  const std::vector<std::string_view> all = elements(text);
  if (std::find(all.begin(), all.end(), "*") != all.end()) return "*";
  const bool listed = !origin.empty() && std::find(all.begin(), all.end(), origin) != all.end();
  return listed ? std::string(origin) : std::string();
}

}  // namespace redan::cloud::gateway
