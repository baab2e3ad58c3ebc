// A transfer between two processes over loopback UDP: the child receives and measures, the parent sends.
#pragma once

#include <functional>
#include <redan/types.hpp>
#include <string>

namespace redan::bench {

/// A channel between the two for descriptions, addresses and the result: whole texts, blocking.
class Wire {
 public:
  explicit Wire(int fd) : fd_(fd) {}
  void say(const std::string& text) const;
  [[nodiscard]] std::string hear() const;
  [[nodiscard]] int descriptor() const { return fd_; }

 private:
  int fd_;
};

/// Payload bytes received since the first, over wall time.
class Goodput {
 public:
  void add(std::size_t bytes);
  /// Enough data for a figure.
  [[nodiscard]] bool complete() const { return complete_; }
  [[nodiscard]] double megabytes_per_second() const;

 private:
  double first_ = 0;
  double last_ = 0;
  double bytes_ = 0;
  bool complete_ = false;
};

/// Runs `receive` in a child, which reports its goodput, and `send` here until it returns; MB/s.
double transfer(const std::function<double(const Wire&)>& receive, const std::function<void(const Wire&)>& send);

/// How long a sender sends.
inline constexpr double kTransferSeconds = 1.2;
double wall_seconds();

double redan_transfer();    // Shard: data channel, 16 KiB messages
double usrsctp_transfer();  // usrsctp over our DTLS over a plain socket, 16 KiB messages
double udp_transfer();      // datagrams of 1,200 bytes, GSO and GRO, nothing else

}  // namespace redan::bench
