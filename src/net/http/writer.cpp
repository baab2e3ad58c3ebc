#include "net/http/writer.hpp"

#include <algorithm>
#include <ctime>

namespace redan::net {
namespace {

constexpr std::string_view kLine = "\r\n";

bool is_field_value(std::string_view value) {
  return std::all_of(value.begin(), value.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return (byte >= ' ' && byte != 0x7F) || c == '\t';
  });
}

// Headers about length and connection, which the writer adds itself.
bool is_framing(std::string_view name) {
  return equal_in_any_case(name, "Content-Length") || equal_in_any_case(name, "Transfer-Encoding") ||
         equal_in_any_case(name, "Host");
}

bool append(std::string& head, std::string_view name, std::string_view value) {
  if (!is_token(name) || !is_field_value(value)) return false;
  head.append(name).append(": ").append(value).append(kLine);
  return true;
}

bool append_all(std::string& head, const std::vector<HttpHeader>& headers) {
  return std::all_of(headers.begin(), headers.end(), [&](const HttpHeader& header) {
    return !is_framing(header.name) && append(head, header.name, header.value);
  });
}

bool is_target(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < 0x7F && c != '#'; });
}

}  // namespace

std::optional<std::string> write_request_head(const HttpRequest& request, std::string_view host,
                                              std::optional<std::uint64_t> file_size) {
  if (!is_token(request.method) || !is_target(request.path) || !is_target(request.query)) return std::nullopt;
  if (!request.path.starts_with('/') || request.path.find('?') != std::string::npos) return std::nullopt;
  std::string head;
  head.reserve(512);
  head.append(request.method).append(" ").append(request.path);
  if (!request.query.empty()) head.append("?").append(request.query);
  head.append(" HTTP/1.1").append(kLine);
  const std::uint64_t size = file_size.value_or(request.body.size());
  const bool lengthless = size == 0 && (request.method == "GET" || request.method == "HEAD");
  if (!append(head, "Host", host) || !append_all(head, request.headers)) return std::nullopt;
  if (!lengthless) append(head, "Content-Length", std::to_string(size));
  return head.append(kLine);
}

bool has_body(unsigned status) { return status >= 200 && status != 204 && status != 304; }

std::optional<std::string> write_response_head(const HttpResponse& response, std::string_view date, After after) {
  if (response.status < 100 || response.status > 999) return std::nullopt;
  std::string head;
  head.reserve(512);
  head.append("HTTP/1.1 ").append(std::to_string(response.status)).append(" ");
  head.append(reason_phrase(response.status)).append(kLine).append("Date: ").append(date).append(kLine);
  if (!response.content_type.empty() && has_body(response.status) &&
      !append(head, "Content-Type", response.content_type)) {
    return std::nullopt;
  }
  if (has_body(response.status))
    append(head, "Content-Length", std::to_string(response.file ? response.file_size : response.body.size()));
  if (after == After::close && !has_token(response.headers, "Connection", "close")) {
    append(head, "Connection", "close");
  }
  if (!append_all(head, response.headers)) return std::nullopt;
  return head.append(kLine);
}

std::string http_date(WallTime time) {
  constexpr std::array<const char*, 7> kDays{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  constexpr std::array<const char*, 12> kMonths{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const std::time_t seconds = time.seconds_since_1970;
  std::tm utc{};
  ::gmtime_r(&seconds, &utc);
  // Not strftime's names, which depend on the locale.
  std::array<char, 64> text{};
  std::snprintf(text.data(), text.size(), "%s, %02d %s %04d %02d:%02d:%02d GMT",
                kDays[static_cast<std::size_t>(utc.tm_wday)], utc.tm_mday,
                kMonths[static_cast<std::size_t>(utc.tm_mon)], utc.tm_year + 1900, utc.tm_hour, utc.tm_min, utc.tm_sec);
  return text.data();
}

}  // namespace redan::net
