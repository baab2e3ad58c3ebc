#include "cloud/package/entry_name.hpp"

#include <algorithm>
#include <cerrno>
#include <system_error>

#include "base/utf8.hpp"

namespace redan::cloud::package {
namespace {

constexpr std::size_t kMaxComponent = 255;  // of Linux

/// Removes the first component and its slash.
std::string_view take_component(std::string_view& name) {
  const std::size_t slash = std::min(name.find('/'), name.size());
  const std::string_view component = name.substr(0, slash);
  name.remove_prefix(std::min(slash + 1, name.size()));
  return component;
}

}  // namespace

Outcome<std::string> entry_path(std::string_view name, std::size_t max_depth) {
  const std::string_view whole = name;
  if (escape_controls(name) != name) return api::refuse(refused_name(whole, "not UTF-8, or with control characters"));
  if (name.starts_with('/')) return api::refuse(refused_name(whole, "absolute"));
  if (name.find('\\') != std::string_view::npos) return api::refuse(refused_name(whole, "with a backslash"));
  std::string path;
  for (std::size_t depth = 0; !name.empty();) {
    const std::string_view component = take_component(name);
    if (component.empty() || component == ".") continue;
    if (component == "..") return api::refuse(refused_name(whole, "with \"..\""));
    if (component.size() > kMaxComponent) return api::refuse(refused_name(whole, "longer than 255 bytes"));
    if (++depth > max_depth) return api::refuse(refused_name(whole, "too deep"));
    path.append(path.empty() ? "" : "/").append(component);
  }
  return path;
}

std::string folded(std::string_view path) {
  std::string text(path);
  std::ranges::transform(text, text.begin(),
                         [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return text;
}

api::Refusal refused_name(std::string_view name, std::string_view reason) {
  return api::bad_request("the name \"" + escape_controls(first_bytes(name, 256)) + "\" is " + std::string(reason));
}

api::Refusal too_large(std::string message) { return {413, "too_large", std::move(message), {}, 0}; }

api::Refusal io_failed(std::string_view what) {
  return {500, "io_failed", std::string(what) + ": " + std::generic_category().message(errno), {}, 0};
}

}  // namespace redan::cloud::package
