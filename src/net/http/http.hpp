// HTTP messages (RFC 9110) for server and client, in the form that services use.
#pragma once

#include <memory>
#include <redan/error.hpp>
#include <redan/types.hpp>
#include <string>
#include <vector>

#include "net/descriptor.hpp"
#include "net/errors.hpp"

namespace redan::net {

struct HttpHeader {
  std::string name;
  std::string value;
};

/// The value of the first header of that name, case-insensitive; nullopt if absent.
std::optional<std::string_view> find_header(const std::vector<HttpHeader>& headers, std::string_view name);
/// Whether `token` is an element of the comma-separated lists of that name, case-insensitive: Connection: keep-alive,
/// Upgrade.
bool has_token(const std::vector<HttpHeader>& headers, std::string_view name, std::string_view token);
/// Compares ASCII letters case-insensitively.
bool equal_in_any_case(std::string_view a, std::string_view b);
/// RFC 9110 section 5.6.2: the syntax of methods and header names.
bool is_token(std::string_view text);

/// Receives the body of a request piece by piece, because it may be too large for memory.
class Upload {
 public:
  virtual ~Upload() = default;
  /// Bytes; a larger body is refused with 413.
  [[nodiscard]] virtual std::size_t limit() const = 0;
  /// false: the piece cannot be stored, and the request is refused with 507.
  [[nodiscard]] virtual bool write(std::string_view piece) = 0;
};

struct HttpRequest {
  std::string method;  ///< upper case: "GET"
  std::string path;    ///< as received, without the query: "/1.0/instances"
  std::string query;   ///< as received, without "?"
  std::vector<HttpHeader> headers{};
  std::string body{};
  std::shared_ptr<Upload> upload{};  ///< has received the body, which is empty here; or null
};

struct HttpResponse {
  unsigned status = 200;
  std::string content_type = "application/json";
  std::string body{};
  std::vector<HttpHeader>
      headers{};  ///< besides Content-Type and Content-Length; a server's `Connection: close` is obeyed
  /// If not null, an open file that is sent instead of `body`, from its beginning, in parts. Servers only.
  std::shared_ptr<const Descriptor> file{};
  std::uint64_t file_size = 0;  ///< bytes of it that are sent
};

/// Why a request got no response. `maybe_sent` is false only if the server certainly did not act on it.
struct HttpFailure {
  Errc code = errc::connect_failed;
  bool maybe_sent = false;
  std::string detail{};  ///< for display: the message of the system or OpenSSL
  unsigned status = 0;   ///< of the response that refused a WebSocket; otherwise 0
  std::string shown{};   ///< tls_pin_mismatch: the SHA-256 of the certificate that the server presented, 64 hex digits
};

/// "%2F" becomes "/"; nullopt for a malformed or NUL escape.
std::optional<std::string> percent_decode(std::string_view text);
/// Escapes everything except letters, digits and "-._~".
std::string percent_encode(std::string_view text);

/// The decoded value of the first `name=value` of a query; nullopt if it is absent or malformed.
std::optional<std::string> query_value(std::string_view query, std::string_view name);

/// The decoded names in a query, in their order, without those that are malformed.
std::vector<std::string> query_names(std::string_view query);

/// Matches a path against a pattern like "/1.0/instances/{id}", with or without a final slash. Returns the decoded
/// parts that stand for the braces, in order. Such a part is not empty and contains no slash.
std::optional<std::vector<std::string>> match_path(std::string_view pattern, std::string_view path);

/// The parts of an Authorization field (RFC 9110 section 11.4). Views into the field's value.
struct Authorization {
  std::string_view scheme;       ///< as received; compare with has_scheme
  std::string_view credentials;  ///< not empty; without surrounding spaces

  /// nullopt if the scheme is not a token, or nothing follows it.
  static std::optional<Authorization> parse(std::string_view value);
  [[nodiscard]] bool has_scheme(std::string_view name) const;  ///< case-insensitive
};

/// "Not Found" for 404; "" for an unknown status.
std::string_view reason_phrase(unsigned status);

}  // namespace redan::net
