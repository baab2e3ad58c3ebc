#include "cmd/program.hpp"

#include <pwd.h>
#include <unistd.h>

#include <array>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <cstdio>
#include <ctime>

#include "base/utf8.hpp"
#include "cmd/reason.hpp"
#include "net/clock.hpp"

namespace redan::cmd {
namespace {

constexpr std::size_t kMaxLine = 4096;

}  // namespace

// Lines quote text of instances, clients and other units, which must not add a line or control a terminal.
void log_line(std::string_view line) {
  const std::time_t now = net::wall_time().seconds_since_1970;
  std::tm parts{};
  gmtime_r(&now, &parts);
  std::array<char, 24> time{};
  std::strftime(time.data(), time.size(), "%Y-%m-%dT%H:%M:%SZ", &parts);
  const std::string safe = escape_controls(first_bytes(line, kMaxLine));
  std::fprintf(stderr, "%s %s\n", time.data(), safe.c_str());
}

std::string reason_of(const std::exception& error) {
  const std::string text = error.what();  // "bind: Address already in use [system:98 at /usr/include/boost/...]"
  return text.substr(0, text.find(" [system:"));
}

std::filesystem::path data_directory(const std::string& wanted, const std::string& program) {
  if (!wanted.empty()) return wanted;
  if (::geteuid() == 0) return "/var/lib/" + program;
  const char* home = std::getenv("HOME");
  return std::string(home != nullptr ? home : ".") + "/.local/state/" + program;
}

uid_t parse_user(const std::string& name) {
  if (const passwd* user = ::getpwnam(name.c_str())) return user->pw_uid;
  throw std::runtime_error("no user named " + name);
}

std::uint16_t free_port(const std::string& address) {
  namespace ip = boost::asio::ip;
  boost::asio::io_context io;
  return ip::tcp::acceptor(io, ip::tcp::endpoint(ip::make_address(address), 0)).local_endpoint().port();
}

}  // namespace redan::cmd
