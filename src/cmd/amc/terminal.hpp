// The terminal of this process.
#pragma once

#include <termios.h>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <cstdint>
#include <optional>
#include <string>

namespace redan::cmd {

struct TerminalSize {
  std::uint16_t columns = 80, rows = 24;
};
/// Of standard output; 80 by 24 if it is no terminal.
TerminalSize terminal_size();

/// While it lives, standard input is in raw mode: keys are passed on as they are.
class RawTerminal {
 public:
  RawTerminal();
  ~RawTerminal();
  RawTerminal(const RawTerminal&) = delete;
  RawTerminal& operator=(const RawTerminal&) = delete;

 private:
  std::optional<termios> before_;
};

/// Standard input, read on a loop. It stays in blocking mode, which it shares with other processes.
class StandardInput {
 public:
  explicit StandardInput(boost::asio::io_context& io);
  /// What has arrived; "" at its end.
  boost::asio::awaitable<std::string> read();

 private:
  boost::asio::posix::stream_descriptor readable_;  ///< an epoll of standard input; closed if it is always readable
};

/// Writes all of it; false if the reader is gone.
bool write_all(int descriptor, const std::uint8_t* data, std::size_t size);

}  // namespace redan::cmd
