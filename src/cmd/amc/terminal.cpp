#include "cmd/amc/terminal.hpp"

#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cerrno>

namespace redan::cmd {

namespace asio = boost::asio;

TerminalSize terminal_size() {
  winsize size{};
  if (::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0 || size.ws_row == 0) return {};
  return {size.ws_col, size.ws_row};
}

RawTerminal::RawTerminal() {
  termios now{};
  if (::tcgetattr(STDIN_FILENO, &now) != 0) return;
  before_ = now;
  ::cfmakeraw(&now);
  ::tcsetattr(STDIN_FILENO, TCSADRAIN, &now);
}

RawTerminal::~RawTerminal() {
  if (before_) ::tcsetattr(STDIN_FILENO, TCSADRAIN, &*before_);
}

// Files and /dev/null cannot be waited for, and need not be.
StandardInput::StandardInput(asio::io_context& io) : readable_(io) {
  const int events = ::epoll_create1(EPOLL_CLOEXEC);
  epoll_event wanted{};
  wanted.events = EPOLLIN;
  if (events >= 0 && ::epoll_ctl(events, EPOLL_CTL_ADD, STDIN_FILENO, &wanted) == 0) {
    readable_.assign(events);
  } else if (events >= 0) {
    ::close(events);
  }
}

asio::awaitable<std::string> StandardInput::read() {
  std::string data(std::size_t{16} * 1024, '\0');
  for (;;) {
    if (readable_.is_open()) {
      co_await readable_.async_wait(asio::posix::stream_descriptor::wait_read, asio::as_tuple(asio::use_awaitable));
    }
    const ssize_t size = ::read(STDIN_FILENO, data.data(), data.size());
    if (size < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    data.resize(static_cast<std::size_t>(std::max<ssize_t>(size, 0)));
    co_return data;
  }
}

bool write_all(int descriptor, const std::uint8_t* data, std::size_t size) {
  while (size > 0) {
    const ssize_t written = ::write(descriptor, data, size);
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return false;
    data += written;
    size -= static_cast<std::size_t>(written);
  }
  return true;
}

}  // namespace redan::cmd
