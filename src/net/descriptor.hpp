// A file descriptor with one owner.
#pragma once

#include <unistd.h>

#include <utility>

namespace redan::net {

class Descriptor {
 public:
  /// Takes the result of open() and similar calls; a negative value means none.
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  [[nodiscard]] int get() const { return fd_; }
  [[nodiscard]] bool ok() const { return fd_ >= 0; }

 private:
  int fd_;
};

}  // namespace redan::net
