// libredan in an event loop that exists already: your epoll, your socket, your clock. It answers every offer on
// standard input (an empty line ends each) and echoes the messages of all peers on one UDP port. Nothing of
// libredan-net is used.
//
//   epoll [IPv4 address of this host]
#include <arpa/inet.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <iostream>
#include <redan/endpoint.hpp>

namespace {

// Time: any monotonic clock, and the calendar for the certificate.
redan::TimePoint now() { return redan::TimePoint(std::chrono::steady_clock::now().time_since_epoch()); }
redan::WallTime tomorrow() { return {static_cast<std::int64_t>(::time(nullptr)) + 86'400}; }

// Addresses: IPv4 here; an IPv6 address has 16 bytes of ip().
sockaddr_in to_system(const redan::Address& address) {
  sockaddr_in system{};
  system.sin_family = AF_INET;
  system.sin_port = htons(address.port());
  std::memcpy(&system.sin_addr, address.ip().data(), 4);
  return system;
}
redan::Address from_system(const sockaddr_in& system) {
  std::array<std::uint8_t, 4> ip{};
  std::memcpy(ip.data(), &system.sin_addr, 4);
  return redan::Address::v4(ip, ntohs(system.sin_port));
}

class Server {
 public:
  Server(int socket, const redan::Address& local, const redan::Identity& identity, redan::Provider& provider)
      : socket_(socket), local_(local), endpoint_({.local_addresses = {local}}, identity, provider) {}

  /// A line of an offer, or the empty line after it.
  void on_line(const std::string& line) {
    if (!line.empty()) {
      offer_ += line + "\r\n";
      return;
    }
    const auto accepted = endpoint_.accept(std::exchange(offer_, {}));
    if (!accepted) std::cerr << text(accepted.error()) << ": " << accepted.error().detail << '\n';
    if (accepted) std::cout << accepted->answer << std::endl;
  }

  /// The socket is readable.
  void on_datagrams() {
    std::array<std::uint8_t, 2048> bytes{};
    sockaddr_in from{};
    while (true) {
      socklen_t length = sizeof from;
      const ssize_t size =
          ::recvfrom(socket_, bytes.data(), bytes.size(), MSG_DONTWAIT, reinterpret_cast<sockaddr*>(&from), &length);
      if (size < 0) return;
      endpoint_.handle_input(now(), {.path = {local_, from_system(from)},
                                     .bytes = redan::MutableBytes(bytes).first(static_cast<std::size_t>(size))});
    }
  }

  /// Does everything that is due; returns when to call it again at the latest.
  redan::TimePoint run_outputs() {
    std::array<std::uint8_t, 1500> buffer{};
    while (true) {
      const redan::Output output = endpoint_.poll_output(now(), buffer);
      if (const auto* wait = std::get_if<redan::Wait>(&output)) return wait->until;
      if (const auto* transmit = std::get_if<redan::Transmit>(&output)) {
        const sockaddr_in to = to_system(transmit->path.remote);
        ::sendto(socket_, transmit->bytes.data(), transmit->bytes.size(), 0, reinterpret_cast<const sockaddr*>(&to),
                 sizeof to);
      } else if (const auto* message = std::get_if<redan::Message>(&output)) {
        (void)endpoint_.send(message->peer, message->channel, message->kind, message->payload);
      } else if (const auto* closed = std::get_if<redan::Closed>(&output)) {
        std::cerr << "peer " << closed->peer.value << ": " << text(closed->reason) << '\n';
      }
    }
  }

 private:
  int socket_;
  redan::Address local_;
  redan::Endpoint endpoint_;
  std::string offer_;
};

/// The event loop of the program: it knows standard input and the server's socket.
void run(Server& server, int socket) {
  const int events = ::epoll_create1(EPOLL_CLOEXEC);
  for (const int fd : {STDIN_FILENO, socket}) {
    epoll_event wanted{.events = EPOLLIN, .data = {.fd = fd}};
    ::epoll_ctl(events, EPOLL_CTL_ADD, fd, &wanted);
  }
  std::string typed;
  while (true) {
    const redan::TimePoint until = server.run_outputs();
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - now()).count();
    epoll_event ready{};
    if (::epoll_wait(events, &ready, 1, static_cast<int>(std::clamp<std::int64_t>(left, 0, 60'000))) <= 0) continue;
    if (ready.data.fd == socket) {
      server.on_datagrams();
      continue;
    }
    std::array<char, 4096> chunk{};
    const ssize_t size = ::read(STDIN_FILENO, chunk.data(), chunk.size());
    if (size <= 0) break;
    typed.append(chunk.data(), static_cast<std::size_t>(size));
    for (std::size_t end = typed.find('\n'); end != std::string::npos; end = typed.find('\n')) {
      server.on_line(typed.substr(0, end > 0 && typed[end - 1] == '\r' ? end - 1 : end));
      typed.erase(0, end + 1);
    }
  }
  ::close(events);
}

}  // namespace

int main(int argc, char** argv) {
  const auto wanted = redan::Address::parse(argc > 1 ? argv[1] : "127.0.0.1", 0);
  if (!wanted || wanted->family() != redan::Address::Family::ipv4)
    return std::cerr << "usage: epoll [IPv4 address]\n", 2;
  const int socket = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  sockaddr_in local = to_system(*wanted);
  socklen_t length = sizeof local;
  if (::bind(socket, reinterpret_cast<sockaddr*>(&local), length) != 0) return std::perror("bind"), 1;
  ::getsockname(socket, reinterpret_cast<sockaddr*>(&local), &length);

  const auto provider = redan::default_provider();
  const auto identity = redan::self_signed(*provider, {.not_after = tomorrow()});
  if (!identity) return 1;
  Server server(socket, from_system(local), *identity, *provider);
  run(server, socket);
  ::close(socket);
  return 0;
}
