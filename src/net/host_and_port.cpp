#include "net/host_and_port.hpp"

#include <charconv>

namespace redan::net {

std::string HostAndPort::text() const {
  std::string out = host.find(':') == std::string::npos ? host : "[" + host + "]";
  out += ":" + std::to_string(port);
  return out;
}

std::optional<HostAndPort> parse_host_and_port(std::string_view text, std::uint16_t otherwise) {
  HostAndPort parsed{std::string(text), otherwise};
  const std::size_t end_of_host = text.starts_with('[') ? text.find(']') : std::string_view::npos;
  const std::size_t colon = end_of_host == std::string_view::npos ? text.rfind(':') : text.find(':', end_of_host);
  if (colon != std::string_view::npos) {
    const std::string_view port = text.substr(colon + 1);
    const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), parsed.port);
    if (error != std::errc() || end != port.data() + port.size()) return std::nullopt;
    parsed.host = text.substr(0, colon);
  } else if (otherwise == 0) {
    return std::nullopt;
  }
  if (parsed.host.starts_with('[') && parsed.host.ends_with(']')) {
    parsed.host = parsed.host.substr(1, parsed.host.size() - 2);
  } else if (parsed.host.find(':') != std::string::npos) {
    return std::nullopt;  // an IPv6 address whose last group would be taken for a port
  }
  if (parsed.host.empty() || parsed.host.find_first_of("/?#@[] ") != std::string::npos) return std::nullopt;
  return parsed;
}

std::optional<HostAndPort> parse_https_url(std::string_view url, std::uint16_t otherwise) {
  constexpr std::string_view kScheme = "https://";
  if (url.starts_with(kScheme)) url.remove_prefix(kScheme.size());
  if (url.ends_with('/')) url.remove_suffix(1);
  return parse_host_and_port(url, otherwise);
}

}  // namespace redan::net
