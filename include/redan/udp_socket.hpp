// A blocking UDP socket with a clock: the simplest way to run an Endpoint. For servers see redan/asio.hpp.
#pragma once

#include <memory>
#include <redan/endpoint.hpp>
#include <redan/export.hpp>

namespace redan REDAN_PUBLIC {

/// Monotonic time, for handle_input and poll_output.
TimePoint now();
/// Calendar time, for certificates.
WallTime wall_time();

/// Errors are io_failed with the address and the system's message. A socket serves one thread at a time.
class UdpSocket {
 public:
  /// Port 0: the system chooses one.
  static Result<UdpSocket> bind(const Address& local);
  ~UdpSocket();
  UdpSocket(UdpSocket&&) noexcept;
  UdpSocket& operator=(UdpSocket&&) noexcept;

  [[nodiscard]] Address local_address() const;
  /// Blocks while the socket is full.
  void send(const Transmit& transmit);
  /// Waits for a datagram until `until`, then returns nullopt. The datagram is valid until the next call.
  std::optional<Datagram> receive(TimePoint until);
  /// For poll(), epoll or select() beside other descriptors; it remains the socket's. Wait until it is readable only
  /// after receive(now()) has returned nullopt, because one read of the system fetches many datagrams.
  [[nodiscard]] int descriptor() const;

 private:
  class Impl;
  explicit UdpSocket(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace REDAN_PUBLIC
