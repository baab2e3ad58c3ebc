// A TURN client on real sockets: UDP, TCP or TLS of OpenSSL, for tests on this machine.
#pragma once

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <functional>
#include <memory>

#include "rtc/turn/client.hpp"

namespace redan::test {

inline TimePoint steady_now() {
  return TimePoint(std::chrono::duration_cast<Duration>(std::chrono::steady_clock::now().time_since_epoch()));
}

struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t size = sizeof(sockaddr_storage);

  SocketAddress() = default;
  explicit SocketAddress(const Address& address) {
    if (address.family() == Address::Family::ipv4) {
      auto& v4 = reinterpret_cast<sockaddr_in&>(storage);
      v4.sin_family = AF_INET;
      v4.sin_port = htons(address.port());
      std::memcpy(&v4.sin_addr, address.ip().data(), 4);
      size = sizeof v4;
    } else {
      auto& v6 = reinterpret_cast<sockaddr_in6&>(storage);
      v6.sin6_family = AF_INET6;
      v6.sin6_port = htons(address.port());
      std::memcpy(&v6.sin6_addr, address.ip().data(), 16);
      size = sizeof v6;
    }
  }
  [[nodiscard]] Address address() const {
    if (storage.ss_family == AF_INET) {
      const auto& v4 = reinterpret_cast<const sockaddr_in&>(storage);
      std::array<std::uint8_t, 4> ip{};
      std::memcpy(ip.data(), &v4.sin_addr, 4);
      return Address::v4(ip, ntohs(v4.sin_port));
    }
    const auto& v6 = reinterpret_cast<const sockaddr_in6&>(storage);
    std::array<std::uint8_t, 16> ip{};
    std::memcpy(ip.data(), &v6.sin6_addr, 16);
    return Address::v6(ip, ntohs(v6.sin6_port));
  }
  [[nodiscard]] const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
  [[nodiscard]] sockaddr* get() { return reinterpret_cast<sockaddr*>(&storage); }
};

/// Connected to one address.
class TurnSocket {
 public:
  TurnSocket(const Address& server, turn::Transport transport)
      : fd_(::socket(server.family() == Address::Family::ipv4 ? AF_INET : AF_INET6,
                     (transport == turn::Transport::udp ? SOCK_DGRAM : SOCK_STREAM) | SOCK_CLOEXEC, 0)),
        is_stream_(transport != turn::Transport::udp) {
    ::signal(SIGPIPE, SIG_IGN);
    const SocketAddress remote(server);
    connected_ = ::connect(fd_, remote.get(), remote.size) == 0;
    if (connected_ && transport == turn::Transport::tls) connected_ = handshake();
    ::fcntl(fd_, F_SETFL, O_NONBLOCK);
  }
  ~TurnSocket() {
    ssl_.reset();
    ::close(fd_);
  }
  TurnSocket(const TurnSocket&) = delete;
  TurnSocket& operator=(const TurnSocket&) = delete;

  [[nodiscard]] bool connected() const { return connected_; }
  [[nodiscard]] int fd() const { return fd_; }
  [[nodiscard]] Address local() const {
    SocketAddress local;
    ::getsockname(fd_, local.get(), &local.size);
    return local.address();
  }
  void send(Bytes bytes) {
    if (ssl_) {
      SSL_write(ssl_.get(), bytes.data(), static_cast<int>(bytes.size()));
    } else {
      (void)!::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    }
  }
  /// What is there now. Empty: nothing, or the end (see ended()).
  Bytes receive() {
    int n = 0;
    if (ssl_) {
      n = SSL_read(ssl_.get(), buffer_.data(), static_cast<int>(buffer_.size()));
      ended_ = n <= 0 && SSL_get_error(ssl_.get(), n) != SSL_ERROR_WANT_READ;
    } else {
      n = static_cast<int>(::recv(fd_, buffer_.data(), buffer_.size(), 0));
      ended_ = n == 0 && is_stream_;
    }
    return Bytes(buffer_).first(n > 0 ? static_cast<std::size_t>(n) : 0);
  }
  [[nodiscard]] bool ended() const { return ended_; }

 private:
  template <auto Free>
  struct Release {
    template <class T>
    void operator()(T* object) const {
      Free(object);
    }
  };
  // The certificate is not verified: that is the task of net/tls, not of the client.
  bool handshake() {
    context_.reset(SSL_CTX_new(TLS_client_method()));
    ssl_.reset(SSL_new(context_.get()));
    SSL_set_fd(ssl_.get(), fd_);
    return SSL_connect(ssl_.get()) == 1;
  }

  int fd_;
  bool connected_ = false;
  bool ended_ = false;
  bool is_stream_;
  std::unique_ptr<SSL_CTX, Release<SSL_CTX_free>> context_;
  std::unique_ptr<SSL, Release<SSL_free>> ssl_;
  std::array<std::uint8_t, 65'536> buffer_{};
};

/// A client, its socket, and what it reported.
class RealClient {
 public:
  RealClient(turn::Config config, Provider& provider) : client(std::move(config), provider) {
    client.start(steady_now());
  }

  turn::Client client;
  std::unique_ptr<TurnSocket> socket;
  std::optional<turn::Client::Allocated> allocated;
  std::vector<turn::Client::Denied> denied;
  std::vector<std::string> received;
  std::vector<turn::Failure> server_failures;
  std::optional<turn::Failure> failed;
  int connects = 0, permitted = 0, moved = 0, renewals = 0;
  bool closed = false;

  TimePoint drain() {
    std::array<std::uint8_t, 4096> buffer{};
    while (true) {
      const auto output = client.poll_output(steady_now(), buffer);
      if (const auto* wait = std::get_if<Wait>(&output)) return wait->until;
      handle(output);
    }
  }
  void read() {
    if (!socket) return;
    for (Bytes bytes = socket->receive(); !bytes.empty(); bytes = socket->receive()) {
      client.handle_input(steady_now(), client.path(), bytes);
      drain();
    }
    if (socket->ended()) client.disconnected(steady_now());
  }
  bool send(const Address& peer, std::string_view payload) {
    std::vector<std::uint8_t> buffer(turn::kHeadroom + payload.size() + turn::kTailroom);
    std::copy(payload.begin(), payload.end(), buffer.begin() + turn::kHeadroom);
    const MutableBytes message = client.wrap(steady_now(), peer, buffer, payload.size());
    if (!message.empty()) socket->send(message);
    return !message.empty();
  }
  /// From another local port of the same machine.
  void move() {
    socket = std::make_unique<TurnSocket>(client.path().remote, turn::Transport::udp);
    client.move(steady_now(), socket->local());
  }

 private:
  void handle(const turn::Client::Output& output) {
    using turn::Client;
    if (const auto* transmit = std::get_if<Client::Transmit>(&output)) {
      socket->send(transmit->bytes);
    } else if (const auto* connect = std::get_if<Client::Connect>(&output)) {
      ++connects;
      socket = std::make_unique<TurnSocket>(connect->server.address, connect->server.transport);
      if (socket->connected()) {
        client.connected(steady_now(), socket->local());
      } else {
        client.connect_failed(steady_now());
      }
    } else if (const auto* made = std::get_if<Client::Allocated>(&output)) {
      allocated = *made;
    } else if (std::holds_alternative<Client::Permitted>(output)) {
      ++permitted;
    } else if (const auto* denial = std::get_if<Client::Denied>(&output)) {
      denied.push_back(*denial);
    } else if (const auto* data = std::get_if<Client::Received>(&output)) {
      received.emplace_back(as_text(data->payload));
    } else if (std::holds_alternative<Client::Moved>(output)) {
      ++moved;
    } else if (std::holds_alternative<Client::RenewCredentials>(output)) {
      ++renewals;
    } else if (const auto* server = std::get_if<Client::ServerFailed>(&output)) {
      server_failures.push_back(server->failure);
    } else if (const auto* end = std::get_if<Client::Failed>(&output)) {
      failed = end->failure;
    } else if (std::holds_alternative<Client::Closed>(output)) {
      closed = true;
    }
  }
};

/// Runs the clients until the condition holds; false after the limit.
inline bool run_until(const std::vector<RealClient*>& clients, const std::function<bool()>& condition,
                      Duration limit = std::chrono::seconds(10)) {
  const TimePoint end = steady_now() + limit;
  while (steady_now() < end) {
    TimePoint wake = end;
    for (RealClient* each : clients) wake = std::min(wake, each->drain());
    if (condition()) return true;
    std::vector<pollfd> waiting;
    for (RealClient* each : clients) {
      if (each->socket) waiting.push_back({each->socket->fd(), POLLIN, 0});
    }
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(wake - steady_now());
    ::poll(waiting.data(), waiting.size(), static_cast<int>(std::clamp<std::int64_t>(left.count() + 1, 0, 200)));
    for (RealClient* each : clients) each->read();
  }
  return false;
}

}  // namespace redan::test
