#include "cmd/arguments.hpp"

#include <fstream>
#include <iterator>
#include <stdexcept>

namespace redan::cmd {

std::string read_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) throw std::runtime_error("cannot read " + path);
  return {(std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>()};
}

HostAndPort parse_host_and_port(const std::string& text) {
  if (auto parsed = net::parse_host_and_port(text)) return *parsed;
  throw std::runtime_error("'" + text + "' is not an address and a port, like 192.0.2.1:8444 or [2001:db8::1]:8444");
}

HostAndPort parse_https_url(const std::string& url, std::uint16_t port) {
  if (auto parsed = net::parse_https_url(url, port)) return *parsed;
  throw std::runtime_error("'" + url + "' is not a URL like https://192.0.2.1:8444");
}

}  // namespace redan::cmd
