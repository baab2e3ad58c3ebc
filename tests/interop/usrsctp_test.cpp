// Our associations against usrsctp, in memory, over a lossy link on virtual time.
#include <gtest/gtest.h>
#include <usrsctp.h>

#include <algorithm>
#include <cstring>
#include <deque>
#include <vector>

#include "rtc/sctp/association.hpp"
#include "tests/support/seeded_random.hpp"

namespace redan::sctp {
namespace {

using Packet = std::vector<std::uint8_t>;

/// One usrsctp socket; its packets land in `out`.
struct Usrsctp {
  std::deque<Packet> out;
  std::vector<std::pair<std::uint16_t, Packet>> received;
  Packet partial;
  struct socket* socket = nullptr;

  static int on_output(void* self, void* buffer, std::size_t size, std::uint8_t, std::uint8_t) {
    const auto* bytes = static_cast<const std::uint8_t*>(buffer);
    static_cast<Usrsctp*>(self)->out.emplace_back(bytes, bytes + size);
    return 0;
  }
  Usrsctp() {
    static const bool ready = [] {
      usrsctp_init_nothreads(0, on_output, nullptr);
      usrsctp_sysctl_set_sctp_ecn_enable(0);
      usrsctp_sysctl_set_sctp_asconf_enable(0);
      usrsctp_sysctl_set_sctp_auth_enable(0);
      return true;
    }();
    EXPECT_TRUE(ready);
    usrsctp_register_address(this);
    socket = usrsctp_socket(AF_CONN, SOCK_STREAM, IPPROTO_SCTP, nullptr, nullptr, 0, nullptr);
    usrsctp_set_non_blocking(socket, 1);
    const int on = 1;
    usrsctp_setsockopt(socket, IPPROTO_SCTP, SCTP_NODELAY, &on, sizeof on);
    usrsctp_setsockopt(socket, IPPROTO_SCTP, SCTP_RECVRCVINFO, &on, sizeof on);
    const int buffer = 1 << 20;
    usrsctp_setsockopt(socket, SOL_SOCKET, SO_SNDBUF, &buffer, sizeof buffer);
    usrsctp_setsockopt(socket, SOL_SOCKET, SO_RCVBUF, &buffer, sizeof buffer);
    sockaddr_conn address{};
    address.sconn_family = AF_CONN;
    address.sconn_port = htons(5000);
    address.sconn_addr = this;
    usrsctp_bind(socket, reinterpret_cast<sockaddr*>(&address), sizeof address);
    usrsctp_connect(socket, reinterpret_cast<sockaddr*>(&address), sizeof address);
  }
  ~Usrsctp() {
    usrsctp_close(socket);
    usrsctp_deregister_address(this);
  }
  bool send(std::uint16_t stream, bool unordered, const Packet& payload) {
    sctp_sndinfo info{};
    info.snd_sid = stream;
    info.snd_flags = static_cast<std::uint16_t>(unordered ? SCTP_UNORDERED : 0);
    info.snd_ppid = htonl(53);
    return usrsctp_sendv(socket, payload.data(), payload.size(), nullptr, 0, &info, sizeof info, SCTP_SENDV_SNDINFO,
                         0) == static_cast<ssize_t>(payload.size());
  }
  void read() {
    static Packet buffer(1 << 20);
    while (true) {
      sctp_rcvinfo info{};
      socklen_t info_size = sizeof info, from_size = 0;
      unsigned type = 0;
      int flags = 0;
      const ssize_t n =
          usrsctp_recvv(socket, buffer.data(), buffer.size(), nullptr, &from_size, &info, &info_size, &type, &flags);
      if (n <= 0) return;
      partial.insert(partial.end(), buffer.begin(), buffer.begin() + n);
      if ((flags & MSG_EOR) != 0) received.emplace_back(info.rcv_sid, std::move(partial));
      if ((flags & MSG_EOR) != 0) partial = {};
    }
  }
};

Packet numbered(std::size_t size, std::uint32_t number) {
  Packet bytes(size);
  for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<std::uint8_t>(number * 13 + i * 7 + i / 251);
  return bytes;
}

struct World {
  World(double rate, std::uint64_t seed) : loss(rate), random(seed), us(AssociationConfig{}, random) { us.connect(); }
  bool lost() { return loss > 0 && random.chance(loss); }
  void step() {
    std::array<std::uint8_t, 1200> buffer;
    for (int burst = 0; burst < 5000; ++burst) {
      const auto output = us.poll_output(now, buffer);
      if (std::holds_alternative<Wait>(output)) break;
      if (const auto* t = std::get_if<Transmit>(&output); t != nullptr && !lost()) {
        usrsctp_conninput(&peer, t->packet.data(), t->packet.size(), 0);
      }
      if (const auto* m = std::get_if<ReceivedMessage>(&output))
        received.emplace_back(m->payload.begin(), m->payload.end());
      if (const auto* t = std::get_if<Terminated>(&output)) ended = t->reason;
    }
    peer.read();
    for (std::deque<Packet> packets = std::exchange(peer.out, {}); auto& packet : packets) {
      if (!lost()) us.handle_input(now, packet);
    }
    now += std::chrono::milliseconds(10);
    usrsctp_handle_timers(10);
  }

  double loss;
  test::SeededRandom random;
  Usrsctp peer;
  Association us;
  TimePoint now{};
  std::vector<Packet> received;
  std::optional<Errc> ended;
};

constexpr std::size_t kSizes[] = {1, 2, 3, 100, 1131, 1132, 1133, 1134, 1136, 4096, 16384, 65536, 262144, 5};

void exchange(double loss, std::uint64_t seed, Ordering ordering) {
  SCOPED_TRACE(seed);
  World world(loss, seed);
  for (int i = 0; i < 3000 && !world.us.established(); ++i) world.step();
  ASSERT_TRUE(world.us.established()) << (world.ended ? name(*world.ended) : "still opening");
  const OutgoingStream stream = world.us.open_stream();
  world.us.assign_stream(stream, StreamId(2));
  Delivery delivery;
  delivery.ppid = Ppid(53);
  delivery.ordering = ordering;
  std::uint32_t number = 0;
  for (const std::size_t size : kSizes) {
    const Packet payload = numbered(size, number++);
    ASSERT_TRUE(world.us.send(stream, delivery, payload));
    for (int i = 0; i < 3000 && !world.peer.send(3, ordering == Ordering::unordered, payload); ++i) world.step();
  }
  for (int i = 0; i < 30000 && (world.received.size() < number || world.peer.received.size() < number); ++i)
    world.step();
  ASSERT_EQ(world.received.size(), number) << (world.ended ? name(*world.ended) : "still up");
  ASSERT_EQ(world.peer.received.size(), number);
  const auto count = [&](std::size_t i) {
    const Packet expected = numbered(kSizes[i], static_cast<std::uint32_t>(i));
    return std::pair(
        std::count(world.received.begin(), world.received.end(), expected),
        std::count(world.peer.received.begin(), world.peer.received.end(), std::pair(std::uint16_t{2}, expected)));
  };
  for (std::size_t i = 0; i < number; ++i) {
    EXPECT_EQ(count(i), std::pair(std::ptrdiff_t{1}, std::ptrdiff_t{1}));
    if (ordering == Ordering::unordered) continue;
    EXPECT_EQ(world.received[i].size(), kSizes[i]);
    EXPECT_EQ(world.peer.received[i].second.size(), kSizes[i]);
  }
  world.loss = 0;  // so that usrsctp forgets this peer's address
  world.us.abort();
  for (int i = 0; i < 5; ++i) world.step();
}

TEST(Usrsctp, ExchangesMessagesBothWaysOverACleanLink) { exchange(0, 1, Ordering::ordered); }
TEST(Usrsctp, ExchangesUnorderedMessagesOverACleanLink) { exchange(0, 2, Ordering::unordered); }
// usrsctp measures its own retransmissions by the real clock, so on virtual time only our side can recover from loss.
void recover(std::uint64_t seed, Ordering ordering) {
  SCOPED_TRACE(seed);
  World world(0, seed);
  for (int i = 0; i < 3000 && !world.us.established(); ++i) world.step();
  ASSERT_TRUE(world.us.established());
  world.loss = 0.05;
  const OutgoingStream stream = world.us.open_stream();
  world.us.assign_stream(stream, StreamId(2));
  Delivery delivery;
  delivery.ppid = Ppid(53);
  delivery.ordering = ordering;
  for (std::size_t i = 0; i < std::size(kSizes); ++i) {
    ASSERT_TRUE(world.us.send(stream, delivery, numbered(kSizes[i], static_cast<std::uint32_t>(i))));
  }
  for (int i = 0; i < 30000 && world.peer.received.size() < std::size(kSizes); ++i) world.step();
  ASSERT_EQ(world.peer.received.size(), std::size(kSizes));
  for (std::size_t i = 0; i < std::size(kSizes); ++i) {
    const std::pair expected(std::uint16_t{2}, numbered(kSizes[i], static_cast<std::uint32_t>(i)));
    EXPECT_EQ(std::count(world.peer.received.begin(), world.peer.received.end(), expected), 1);
    EXPECT_TRUE(ordering == Ordering::unordered || world.peer.received[i] == expected);
  }
  EXPECT_GT(world.us.retransmissions(), 0U);
  world.loss = 0;
  world.us.abort();
  for (int i = 0; i < 5; ++i) world.step();
}

TEST(Usrsctp, ReceivesOrderedMessagesOverALossyLink) {
  for (std::uint64_t seed = 1; seed <= 6; ++seed) recover(seed, Ordering::ordered);
}
TEST(Usrsctp, ReceivesUnorderedMessagesOverALossyLink) {
  for (std::uint64_t seed = 1; seed <= 6; ++seed) recover(seed, Ordering::unordered);
}

TEST(Usrsctp, ShutsDownInOrder) {
  World world(0, 9);
  for (int i = 0; i < 3000 && !world.us.established(); ++i) world.step();
  world.us.shutdown();
  for (int i = 0; i < 300 && !world.ended; ++i) world.step();
  EXPECT_EQ(world.ended, Errc::sctp_shut_down);
}

}  // namespace
}  // namespace redan::sctp
