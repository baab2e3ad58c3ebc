// Writes the heads of HTTP/1.1 messages (RFC 9112). nullopt if a name or value contains a line break or another invalid
// character.
#pragma once

#include "net/http/http.hpp"

namespace redan::net {

/// `host` in the form of the Host field: "example.org:8444", "[2001:db8::1]:8444". `file_size`: of the file that is the
/// body instead of that of the request.
std::optional<std::string> write_request_head(const HttpRequest& request, std::string_view host,
                                              std::optional<std::uint64_t> file_size = std::nullopt);

enum class After : std::uint8_t { keep_alive, close };
/// `date` in the form of RFC 9110 section 5.6.7. The body, if the status has one, follows unless the request was HEAD.
std::optional<std::string> write_response_head(const HttpResponse& response, std::string_view date, After after);
/// False for 1xx, 204 and 304.
bool has_body(unsigned status);

/// "Sun, 06 Nov 1994 08:49:37 GMT".
std::string http_date(WallTime time);

}  // namespace redan::net
