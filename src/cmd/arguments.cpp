#include "cmd/arguments.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>
#include <iterator>
#include <stdexcept>

#include "net/descriptor.hpp"

namespace redan::cmd {

std::string read_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) throw std::runtime_error("cannot read " + path);
  return {(std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>()};
}

std::string read_private_file(const std::string& path) {
  // Of the open file, so that what is checked is what is read.
  const net::Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  struct stat status {};
  if (!file.ok() || ::fstat(file.get(), &status) != 0) throw std::runtime_error("cannot read " + path);
  if (!S_ISREG(status.st_mode)) throw std::runtime_error(path + " is not a file");
  if ((status.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
    throw std::runtime_error(path + " can be read by others; chmod 600 it");
  }
  constexpr off_t kMost = 1024 * 1024;
  if (status.st_size > kMost) throw std::runtime_error(path + " is too large for a secret");
  std::string text(static_cast<std::size_t>(status.st_size), '\0');
  const ssize_t size = ::read(file.get(), text.data(), text.size());
  if (size != static_cast<ssize_t>(text.size())) throw std::runtime_error("cannot read " + path);
  return text;
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
