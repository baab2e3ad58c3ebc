#include "cloud/token/authorization.hpp"

#include <algorithm>

#include "cloud/errors.hpp"

namespace redan::cloud::token {
namespace {

constexpr std::string_view kWhiteSpace = " \t";
/// The characters of JWTs and of base64 in either alphabet.
constexpr std::string_view kTokenCharacters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_+/=.";

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool equal_in_any_case(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) { return lower(x) == lower(y); });
}

std::string_view trim(std::string_view text) {
  text.remove_prefix(std::min(text.find_first_not_of(kWhiteSpace), text.size()));
  return text.substr(0, text.find_last_not_of(kWhiteSpace) + 1);
}

/// Removes everything up to the separator from `rest`, and the separator.
std::string_view split(std::string_view& rest, std::string_view separators) {
  const std::size_t end = std::min(rest.find_first_of(separators), rest.size());
  const std::string_view part = rest.substr(0, end);
  rest.remove_prefix(std::min(end + 1, rest.size()));
  return part;
}

bool is_token(std::string_view text) {
  return !text.empty() && text.find_first_not_of(kTokenCharacters) == std::string_view::npos;
}

/// The text between quotes. A token needs no escapes, so none are supported.
std::string_view unquote(std::string_view text) {
  return text.size() >= 2 && text.starts_with('"') && text.ends_with('"') ? text.substr(1, text.size() - 2) : text;
}

Result<PresentedToken> read_macaroon(std::string_view parameters) {
  std::string_view root;
  while (!parameters.empty()) {
    std::string_view parameter = trim(split(parameters, ","));
    const std::string_view name = trim(split(parameter, "="));
    if (equal_in_any_case(name, "discharge")) return refuse(errc::token_third_party);
    if (!equal_in_any_case(name, "root") || !root.empty()) return refuse(errc::token_syntax);
    root = unquote(trim(parameter));
    if (!is_token(root)) return refuse(errc::token_syntax);
  }
  if (root.empty()) return refuse(errc::token_syntax);
  return PresentedToken{PresentedToken::Kind::macaroon, root};
}

}  // namespace

Result<PresentedToken> parse_authorization(std::string_view value) {
  value = trim(value);
  const std::string_view scheme = split(value, " ");
  const std::string_view credentials = trim(value);
  if (equal_in_any_case(scheme, "macaroon")) return read_macaroon(credentials);
  if (!equal_in_any_case(scheme, "bearer") || !is_token(credentials)) return refuse(errc::token_syntax);
  return PresentedToken{PresentedToken::Kind::jwt, credentials};
}

}  // namespace redan::cloud::token
