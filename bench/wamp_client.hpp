// A minimal WAMP client, so that a figure measures the router: JSON text over a plain WebSocket on loopback, blocking
// writes, frames that are counted and not parsed further.
#pragma once

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <redan/types.hpp>
#include <vector>

#include "bench/dtls_work.hpp"

namespace redan::bench {

class WampClient {
 public:
  explicit WampClient(std::uint16_t port) : fd_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const int on = 1;
    ::setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (fd_ < 0 || ::connect(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) failed("connecting");
    write("GET / HTTP/1.1\r\nHost: 127.0.0.1:" + std::to_string(port) +
          "\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
          "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Protocol: wamp.2.json\r\n\r\n");
    while (input_.find("\r\n\r\n") == std::string::npos) fill();
    if (!input_.starts_with("HTTP/1.1 101")) failed("the upgrade to a WebSocket");
    input_.erase(0, input_.find("\r\n\r\n") + 4);
    say(R"([1,"realm1",{"roles":{"publisher":{},"subscriber":{},"caller":{},"callee":{}}}])");
    if (!hear().starts_with("[2,")) failed("joining");
  }
  ~WampClient() { ::close(fd_); }
  WampClient(const WampClient&) = delete;
  WampClient& operator=(const WampClient&) = delete;

  /// A text frame (RFC 6455 section 5.2) with a masking key of zero, which leaves the text unchanged.
  static std::string frame(const std::string& message) {
    constexpr unsigned kMasked = 0x80;
    std::string bytes = "\x81";
    if (message.size() < 126) {
      bytes += static_cast<char>(kMasked | message.size());
    } else {
      bytes += static_cast<char>(kMasked | 126U);
      bytes += static_cast<char>(message.size() >> 8U);
      bytes += static_cast<char>(message.size() & 0xFFU);
    }
    return bytes + std::string(4, '\0') + message;
  }
  void say(const std::string& message) { write(frame(message)); }
  void write(std::string_view bytes) const {
    while (!bytes.empty()) {
      const ssize_t n = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (n <= 0) failed("writing to a router");
      bytes.remove_prefix(static_cast<std::size_t>(n));
    }
  }
  /// The next message.
  std::string hear() {
    while (true) {
      const auto [header, size] = frame_size();
      if (header != 0 && input_.size() >= header + size) {
        std::string message = input_.substr(header, size);
        input_.erase(0, header + size);
        return message;
      }
      fill();
    }
  }
  /// Reads available data and removes whole frames; returns their number.
  std::size_t count() {
    fill();
    std::size_t at = 0, frames = 0;
    while (true) {
      const auto [header, size] = frame_size(at);
      if (header == 0 || input_.size() < at + header + size) break;
      at += header + size;
      ++frames;
    }
    input_.erase(0, at);
    return frames;
  }
  [[nodiscard]] int descriptor() const { return fd_; }

 private:
  void fill() {
    static std::array<char, 256 * 1024> buffer;
    const ssize_t n = ::recv(fd_, buffer.data(), buffer.size(), 0);
    if (n <= 0) failed("a router has closed a connection");
    input_.append(buffer.data(), static_cast<std::size_t>(n));
  }
  /// The size of the header and of the payload of the frame at `at`; 0 if the header is incomplete.
  [[nodiscard]] std::pair<std::size_t, std::size_t> frame_size(std::size_t at = 0) const {
    const auto byte = [&](std::size_t i) -> std::size_t { return static_cast<std::uint8_t>(input_[at + i]); };
    const std::size_t there = input_.size() - at;
    if (there < 2 || (byte(1) >= 126 && there < 4)) return {0, 0};
    if (byte(1) == 127) failed("a frame of more than 64 KiB");
    return byte(1) < 126 ? std::pair<std::size_t, std::size_t>{2, byte(1)}
                         : std::pair<std::size_t, std::size_t>{4, byte(2) << 8U | byte(3)};
  }

  int fd_;
  std::string input_;
};

}  // namespace redan::bench
