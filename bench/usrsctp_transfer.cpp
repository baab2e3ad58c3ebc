// The baseline of the data channel: usrsctp, as in browsers, over our own DTLS connection on one connected UDP socket,
// in one thread.
#include <poll.h>
#include <sys/socket.h>
#include <usrsctp.h>

#include "bench/dtls_work.hpp"
#include "bench/two_processes.hpp"
#include "net/clock.hpp"
#include "rtc/dtls/connection.hpp"

namespace redan::bench {
namespace {

constexpr std::size_t kMessage = 16 * 1024;
constexpr std::size_t kMtu = 1200;
constexpr std::uint16_t kPort = 5000;

class Peer {
 public:
  Peer(bool client, const Wire& wire, std::size_t* received)
      : provider_(default_provider()),
        identity_(*self_signed(*provider_, {KeyType::ecdsa_p256, "usrsctp", {}, WallTime{0}, WallTime{4'000'000'000}})),
        received_(received) {
    open_socket(wire);
    wire.say(Fingerprint::of(*provider_, HashAlgorithm::sha256, identity_.certificate_der).text());
    dtls::ConnectionConfig config;
    config.role = client ? dtls::Role::client : dtls::Role::server;
    config.peer_fingerprints = {*Fingerprint::parse(wire.hear())};
    connection_ = std::make_unique<dtls::Connection>(std::move(config), identity_, *provider_);
    connection_->start(net::now());
    while (!connection_->connected()) turn(10);
    drain();
    open_association(wire);
  }

  /// Waits at most `milliseconds` for datagrams, processes all of them, and runs usrsctp's timers.
  void turn(int milliseconds) {
    pollfd waiting{fd_, POLLIN, 0};
    ::poll(&waiting, 1, milliseconds);
    std::array<std::uint8_t, 2048> buffer;
    for (int i = 0; i < 64; ++i) {
      const ssize_t n = recv(fd_, buffer.data(), buffer.size(), MSG_DONTWAIT);
      if (n <= 0) break;
      connection_->handle_input(net::now(), MutableBytes(buffer).first(static_cast<std::size_t>(n)));
      drain();
    }
    if (!association_) return drain();
    const double now = wall_seconds();
    const auto elapsed = static_cast<std::uint32_t>((now - timers_) * 1000);
    if (elapsed == 0) return;
    timers_ = now;
    usrsctp_handle_timers(elapsed);
  }
  /// False if the send buffer is full.
  bool send(const std::vector<std::uint8_t>& message) {
    return usrsctp_sendv(association_, message.data(), message.size(), nullptr, 0, nullptr, 0, SCTP_SENDV_NOINFO, 0) >
           0;
  }

 private:
  void open_socket(const Wire& wire) {
    fd_ = ::socket(AF_INET, SOCK_DGRAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    if (bind(fd_, reinterpret_cast<sockaddr*>(&address), size) != 0) failed("bind");
    getsockname(fd_, reinterpret_cast<sockaddr*>(&address), &size);
    wire.say(std::to_string(ntohs(address.sin_port)));
    address.sin_port = htons(static_cast<std::uint16_t>(std::stoi(wire.hear())));
    if (connect(fd_, reinterpret_cast<sockaddr*>(&address), size) != 0) failed("connect");
    const int room = 4 << 20;
    setsockopt(fd_, SOL_SOCKET, SO_RCVBUF, &room, sizeof room);
    setsockopt(fd_, SOL_SOCKET, SO_SNDBUF, &room, sizeof room);
  }

  void drain() {
    std::array<std::uint8_t, kMtu> buffer;
    while (true) {
      const dtls::Output output = connection_->poll_output(net::now(), buffer);
      if (std::holds_alternative<Wait>(output)) return;
      if (const auto* transmit = std::get_if<dtls::Transmit>(&output)) {
        ::send(fd_, transmit->datagram.data(), transmit->datagram.size(), 0);
      } else if (const auto* data = std::get_if<dtls::ApplicationData>(&output)) {
        if (association_) usrsctp_conninput(this, data->payload.data(), data->payload.size(), 0);
      }
    }
  }

  static int output(void* self, void* packet, std::size_t size, std::uint8_t, std::uint8_t) {
    Peer& peer = *static_cast<Peer*>(self);
    std::array<std::uint8_t, kMtu + 100> record;
    const auto* bytes = static_cast<const std::uint8_t*>(packet);
    std::copy(bytes, bytes + size, record.begin() + static_cast<std::ptrdiff_t>(peer.connection_->headroom()));
    const MutableBytes sealed = peer.connection_->seal(record, size);
    ::send(peer.fd_, sealed.data(), sealed.size(), 0);
    return 0;
  }
  static int on_message(struct socket*, union sctp_sockstore, void* data, std::size_t size, struct sctp_rcvinfo,
                        int flags, void* self) {
    if (data == nullptr) return 1;
    if ((flags & MSG_NOTIFICATION) == 0) *static_cast<Peer*>(self)->received_ += size;
    free(data);
    return 1;
  }

  void open_association(const Wire& wire) {
    usrsctp_init_nothreads(0, output, nullptr);
    usrsctp_sysctl_set_sctp_ecn_enable(0);
    usrsctp_register_address(this);
    association_ = usrsctp_socket(AF_CONN, SOCK_STREAM, IPPROTO_SCTP, on_message, nullptr, 0, this);
    usrsctp_set_non_blocking(association_, 1);
    for (const int which : {SO_RCVBUF, SO_SNDBUF}) {
      const int room = 4 << 20;
      usrsctp_setsockopt(association_, SOL_SOCKET, which, &room, sizeof room);
    }
    sctp_paddrparams path{};
    path.spp_flags = SPP_PMTUD_DISABLE;
    path.spp_pathmtu = kMtu - 40;
    usrsctp_setsockopt(association_, IPPROTO_SCTP, SCTP_PEER_ADDR_PARAMS, &path, sizeof path);
    sockaddr_conn address{};
    address.sconn_family = AF_CONN;
    address.sconn_port = htons(kPort);
    address.sconn_addr = this;
    timers_ = wall_seconds();
    if (usrsctp_bind(association_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) failed("usrsctp_bind");
    // Both sides connect, as in WebRTC; no INIT may arrive before.
    wire.say("");
    static_cast<void>(wire.hear());
    usrsctp_connect(association_, reinterpret_cast<sockaddr*>(&address), sizeof address);
  }

  std::unique_ptr<Provider> provider_;
  Identity identity_;
  std::unique_ptr<dtls::Connection> connection_;
  int fd_ = -1;
  struct socket* association_ = nullptr;
  double timers_ = 0;
  std::size_t* received_;
};

double receive(const Wire& wire) {
  std::size_t received = 0;
  Peer peer(false, wire, &received);
  Goodput goodput;
  while (!goodput.complete()) {
    received = 0;
    peer.turn(1);
    if (received != 0) goodput.add(received);
  }
  return goodput.megabytes_per_second();
}

void send(const Wire& wire) {
  std::size_t received = 0;
  Peer peer(true, wire, &received);
  const std::vector<std::uint8_t> message(kMessage, 0x5A);
  for (const double end = wall_seconds() + kTransferSeconds; wall_seconds() < end;) {
    bool sent = false;
    for (int i = 0; i < 8 && peer.send(message); ++i) sent = true;
    peer.turn(sent ? 0 : 1);
  }
}

}  // namespace

double usrsctp_transfer() { return transfer(receive, send); }

}  // namespace redan::bench
