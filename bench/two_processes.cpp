#include "bench/two_processes.hpp"

#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <ctime>

#include "bench/dtls_work.hpp"

namespace redan::bench {
namespace {

constexpr double kMeasured = 0.8;

void move_all(int fd, char* data, std::size_t size, bool write_it) {
  while (size > 0) {
    const ssize_t n = write_it ? ::write(fd, data, size) : ::read(fd, data, size);
    if (n <= 0) failed("the wire between the processes");
    data += n;
    size -= static_cast<std::size_t>(n);
  }
}

}  // namespace

double wall_seconds() {
  timespec time{};
  clock_gettime(CLOCK_MONOTONIC, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

void Wire::say(const std::string& text) const {
  std::size_t size = text.size();
  move_all(fd_, reinterpret_cast<char*>(&size), sizeof size, true);
  move_all(fd_, const_cast<char*>(text.data()), size, true);
}

std::string Wire::hear() const {
  std::size_t size = 0;
  move_all(fd_, reinterpret_cast<char*>(&size), sizeof size, false);
  std::string text(size, '\0');
  move_all(fd_, text.data(), size, false);
  return text;
}

void Goodput::add(std::size_t bytes) {
  last_ = wall_seconds();
  if (first_ == 0) {
    first_ = last_;
  } else {
    bytes_ += static_cast<double>(bytes);
  }
  complete_ = complete_ || last_ - first_ >= kMeasured;
}

double Goodput::megabytes_per_second() const { return last_ == first_ ? 0 : bytes_ / (last_ - first_) / 1e6; }

double transfer(const std::function<double(const Wire&)>& receive, const std::function<void(const Wire&)>& send) {
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) != 0) failed("socketpair");
  std::fflush(stdout);
  const pid_t child = fork();
  if (child < 0) failed("fork");
  if (child == 0) {
    close(ends[0]);
    alarm(10);  // always ends, even after an error
    const Wire wire(ends[1]);
    wire.say(std::to_string(receive(wire)));
    _exit(0);
  }
  close(ends[1]);
  const Wire wire(ends[0]);
  send(wire);
  const double result = std::stod(wire.hear());
  close(ends[0]);
  kill(child, SIGKILL);
  waitpid(child, nullptr, 0);
  return result;
}

}  // namespace redan::bench
