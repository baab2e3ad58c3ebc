#include "cloud/api/manifest_rules.hpp"

#include <algorithm>

#include "cloud/api/resources.hpp"

namespace redan::cloud::api {
namespace {

/// Whether the text is components separated by single slashes, none of them "." or "..".
bool is_clean_path(std::string_view text) {
  while (true) {
    const std::size_t slash = text.find('/');
    const std::string_view component = text.substr(0, slash);
    if (component.empty() || component == "." || component == "..") return false;
    if (slash == std::string_view::npos) return true;
    text.remove_prefix(slash + 1);
  }
}

bool is_user(std::string_view text) {
  constexpr std::string_view kAlphabet = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-";
  return !text.empty() && text.find_first_not_of(kAlphabet) == std::string_view::npos;
}

std::size_t characters(std::string_view utf8) {
  const auto starts = [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; };
  return static_cast<std::size_t>(std::ranges::count_if(utf8, starts));
}

}  // namespace

bool is_manifest_name(std::string_view text) {
  return !text.empty() && is_plain_text(text) && text.find_first_of("<>:\"/\\|?* ") == std::string_view::npos;
}

bool is_version(std::string_view text) { return is_plain_text(text) && characters(text) <= 50; }

bool is_known_instance_type(std::string_view text) {
  return text.empty() || resources_of_instance_type(text).has_value();
}

bool is_inside_path(std::string_view text) { return is_plain_text(text) && is_clean_path(text); }

bool is_target(std::string_view text) {
  constexpr std::string_view kPermitted[] = {"/sdcard/Android/obb/", "/sdcard/Android/data/", "/data/app/",
                                             "/data/data/"};
  if (!is_plain_text(text)) return false;
  const std::string_view directory = text.ends_with('/') ? text.substr(0, text.size() - 1) : text;
  return std::ranges::any_of(kPermitted, [directory](std::string_view prefix) {
    return directory.starts_with(prefix) && is_clean_path(directory.substr(prefix.size()));
  });
}

bool is_owner(std::string_view text) {
  const std::size_t colon = text.find(':');
  return text.size() <= 64 && colon != std::string_view::npos && is_user(text.substr(0, colon)) &&
         is_user(text.substr(colon + 1));
}

bool is_permissions(std::string_view text) {
  if (text.size() == 4 && text.starts_with('0')) text.remove_prefix(1);
  return text.size() == 3 && text.find_first_not_of("01234567") == std::string_view::npos;
}

}  // namespace redan::cloud::api
