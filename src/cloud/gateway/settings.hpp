// Settings that can be changed while the gateway runs; all units share them.
#pragma once

#include <map>

#include "cloud/api/envelope.hpp"

namespace redan::cloud::gateway {

class Settings {
 public:
  /// A setting. `otherwise` is its default; "" where a command-line option provides it.
  struct Setting {
    std::string_view key, otherwise;
    enum class Kind : std::uint8_t { origins, names, number } kind;
    std::int64_t least = 0, most = 0;  ///< limits, for a number
  };
  static const Setting* find(std::string_view key);
  /// Accepts a text, or a JSON number; "" unsets the setting. Refusal: 400.
  static api::Outcome<std::string> check(const Setting& setting, const api::json::value& value);

  void put(const std::string& key, std::string value) { values_[key] = std::move(value); }
  void erase(const std::string& key) { values_.erase(key); }
  void clear() { values_.clear(); }

  /// All settings, including those that are not set.
  [[nodiscard]] api::json::object all() const;
  [[nodiscard]] std::string text(std::string_view key) const;
  [[nodiscard]] std::int64_t number(std::string_view key) const;  ///< 0: not set

  /// The value of Access-Control-Allow-Origin for a page of this origin; "" if the page may not read the response.
  [[nodiscard]] std::string allowed_origin(std::string_view origin) const;

 private:
  std::map<std::string, std::string> values_;
};

namespace setting {
inline constexpr std::string_view kOrigins = "core.https_allowed_origin";
inline constexpr std::string_view kHeaders = "core.https_allowed_headers";
inline constexpr std::string_view kMethods = "core.https_allowed_methods";
inline constexpr std::string_view kRate = "core.max_http_requests_per_second";
inline constexpr std::string_view kTokenLife = "core.token_lifetime";                  ///< seconds
inline constexpr std::string_view kSocketTokenLife = "core.socket_token_lifetime";     ///< seconds
inline constexpr std::string_view kSessionRetention = "core.ended_session_retention";  ///< seconds
}  // namespace setting

}  // namespace redan::cloud::gateway
