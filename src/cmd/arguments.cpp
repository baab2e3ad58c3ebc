#include "cmd/arguments.hpp"

#include <charconv>
#include <fstream>
#include <iterator>
#include <optional>
#include <stdexcept>

namespace redan::cmd {
namespace {

std::optional<HostAndPort> split(std::string_view text, std::uint16_t otherwise) {
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

}  // namespace

std::string read_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) throw std::runtime_error("cannot read " + path);
  return {(std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>()};
}

std::string HostAndPort::text() const {
  std::string out = host.find(':') == std::string::npos ? host : "[" + host + "]";
  out += ":" + std::to_string(port);
  return out;
}

HostAndPort parse_host_and_port(const std::string& text) {
  if (auto parsed = split(text, 0)) return *parsed;
  throw std::runtime_error("'" + text + "' is not an address and a port, like 192.0.2.1:8444 or [2001:db8::1]:8444");
}

HostAndPort parse_https_url(const std::string& url, std::uint16_t port) {
  constexpr std::string_view kScheme = "https://";
  std::string_view rest = url;
  if (rest.starts_with(kScheme)) rest.remove_prefix(kScheme.size());
  if (rest.ends_with('/')) rest.remove_suffix(1);
  if (auto parsed = split(rest, port)) return *parsed;
  throw std::runtime_error("'" + url + "' is not a URL like https://192.0.2.1:8444");
}

}  // namespace redan::cmd
