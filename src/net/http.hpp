// HTTP messages (RFC 9110) as the services see them, for server and client.
#pragma once

#include <redan/types.hpp>
#include <string>
#include <vector>

namespace redan::net {

struct HttpHeader {
  std::string name;
  std::string value;
};

/// The value of the first header of that name, in any case; nullopt if there is none.
std::optional<std::string_view> find_header(const std::vector<HttpHeader>& headers, std::string_view name);

struct HttpRequest {
  std::string method;  ///< upper case: "GET"
  std::string path;    ///< as sent, without the query: "/1.0/instances"
  std::string query;   ///< as sent, without "?"
  std::vector<HttpHeader> headers{};
  std::string body{};
};

struct HttpResponse {
  unsigned status = 200;
  std::string content_type = "application/json";
  std::string body{};
  std::vector<HttpHeader> headers{};  ///< beside Content-Type and Content-Length
};

/// "%2F" becomes "/"; nullopt for a malformed or NUL escape.
std::optional<std::string> percent_decode(std::string_view text);
/// Everything but letters, digits, "-._~" is escaped.
std::string percent_encode(std::string_view text);

}  // namespace redan::net
