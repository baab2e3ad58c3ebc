// Our associations with usrsctp, in memory, over a lossy link on virtual time.
#include <gtest/gtest.h>
#include <usrsctp.h>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <deque>
#include <thread>
#include <vector>

#include "rtc/sctp/association.hpp"
#include "tests/support/seeded_random.hpp"

namespace redan::sctp {
namespace {

using Packet = std::vector<std::uint8_t>;

/// One usrsctp socket; its packets are stored in `out`.
struct Usrsctp {
  std::deque<Packet> out;
  std::vector<std::pair<std::uint16_t, Packet>> received;
  Packet partial;
  int incoming_resets = 0, outgoing_resets = 0;
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
      usrsctp_sysctl_set_sctp_rto_min_default(100);
      usrsctp_sysctl_set_sctp_rto_initial_default(200);
      usrsctp_sysctl_set_sctp_rto_max_default(1000);
      return true;
    }();
    EXPECT_TRUE(ready);
    usrsctp_register_address(this);
    socket = usrsctp_socket(AF_CONN, SOCK_STREAM, IPPROTO_SCTP, nullptr, nullptr, 0, nullptr);
    usrsctp_set_non_blocking(socket, 1);
    const int on = 1;
    usrsctp_setsockopt(socket, IPPROTO_SCTP, SCTP_NODELAY, &on, sizeof on);
    usrsctp_setsockopt(socket, IPPROTO_SCTP, SCTP_RECVRCVINFO, &on, sizeof on);
    sctp_assoc_value resets{};
    resets.assoc_value = SCTP_ENABLE_RESET_STREAM_REQ;
    usrsctp_setsockopt(socket, IPPROTO_SCTP, SCTP_ENABLE_STREAM_RESET, &resets, sizeof resets);
    sctp_event wanted{};
    wanted.se_on = 1;
    wanted.se_type = SCTP_STREAM_RESET_EVENT;
    usrsctp_setsockopt(socket, IPPROTO_SCTP, SCTP_EVENT, &wanted, sizeof wanted);
    const int buffer = 4 << 20;
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
  /// Requests the reset of an outgoing stream (RFC 6525 section 5.1.2).
  bool reset(std::uint16_t stream) {
    std::array<std::uint8_t, sizeof(sctp_reset_streams) + sizeof(std::uint16_t)> bytes{};
    sctp_reset_streams request{};
    request.srs_flags = SCTP_STREAM_RESET_OUTGOING;
    request.srs_number_streams = 1;
    std::memcpy(bytes.data(), &request, sizeof request);
    std::memcpy(bytes.data() + offsetof(sctp_reset_streams, srs_stream_list), &stream, sizeof stream);
    return usrsctp_setsockopt(socket, IPPROTO_SCTP, SCTP_RESET_STREAMS, bytes.data(),
                              offsetof(sctp_reset_streams, srs_stream_list) + sizeof stream) == 0;
  }
  void on_notification(const Packet& bytes) {
    sctp_stream_reset_event event{};
    if (bytes.size() < sizeof event) return;
    std::memcpy(&event, bytes.data(), sizeof event);
    if (event.strreset_type != SCTP_STREAM_RESET_EVENT) return;
    if ((event.strreset_flags & SCTP_STREAM_RESET_INCOMING_SSN) != 0) ++incoming_resets;
    if ((event.strreset_flags & SCTP_STREAM_RESET_OUTGOING_SSN) != 0) ++outgoing_resets;
  }
  void read() {
    static Packet buffer(4 << 20);
    while (true) {
      sctp_rcvinfo info{};
      socklen_t info_size = sizeof info, from_size = 0;
      unsigned type = 0;
      int flags = 0;
      const ssize_t n =
          usrsctp_recvv(socket, buffer.data(), buffer.size(), nullptr, &from_size, &info, &info_size, &type, &flags);
      if (n <= 0) return;
      if ((flags & MSG_NOTIFICATION) != 0) {
        on_notification(Packet(buffer.begin(), buffer.begin() + n));
        continue;
      }
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
      if (const auto* reset = std::get_if<IncomingReset>(&output)) incoming_resets.push_back(reset->stream.value());
      if (std::holds_alternative<OutgoingReset>(output)) ++outgoing_resets;
      if (const auto* t = std::get_if<Terminated>(&output)) ended = t->reason;
    }
    peer.read();
    for (std::deque<Packet> packets = std::exchange(peer.out, {}); auto& packet : packets) {
      if (!lost()) us.handle_input(now, packet);
    }
    advance();
  }
  /// usrsctp uses the real clock for its retransmissions: when it has to recover, time is real.
  void advance() {
    std::chrono::milliseconds passed(10);
    if (real_time) {
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
      const auto clock = std::chrono::steady_clock::now();
      passed = std::chrono::duration_cast<std::chrono::milliseconds>(clock - last);
      last += passed;
    }
    now += passed;
    usrsctp_handle_timers(static_cast<std::uint32_t>(passed.count()));
  }

  bool real_time = false;
  std::chrono::steady_clock::time_point last = std::chrono::steady_clock::now();
  double loss;
  test::SeededRandom random;
  Usrsctp peer;
  Association us;
  TimePoint now{};
  std::vector<Packet> received;
  std::vector<StreamId> incoming_resets;
  int outgoing_resets = 0;
  std::optional<Errc> ended;
};

constexpr std::size_t kSizes[] = {1, 2, 3, 100, 1131, 1132, 1133, 1134, 1136, 4096, 16384, 65536, 262144, 1U << 20U, 5};

// Every size in each direction at once, each exactly once and, if ordered, in order.
void exchange_all(World& world, Ordering ordering) {
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

TEST(Usrsctp, ExchangesMessagesInBothDirectionsOverACleanLink) {
  for (const Ordering ordering : {Ordering::ordered, Ordering::unordered}) {
    World world(0, 1);
    for (int i = 0; i < 3000 && !world.us.established(); ++i) world.step();
    ASSERT_TRUE(world.us.established()) << (world.ended ? name(*world.ended) : "still opening");
    exchange_all(world, ordering);
  }
}

// Only our side has to recover, so virtual time is sufficient.
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

// Both sides send over the same lossy link, and both recover.
TEST(Usrsctp, ExchangesMessagesInBothDirectionsOverALossyLink) {
  for (const Ordering ordering : {Ordering::ordered, Ordering::unordered}) {
    for (std::uint64_t seed = 11; seed <= 12; ++seed) {
      World world(0, seed);
      for (int i = 0; i < 3000 && !world.us.established(); ++i) world.step();
      ASSERT_TRUE(world.us.established());
      world.loss = 0.03;
      world.real_time = true;
      world.last = std::chrono::steady_clock::now();
      exchange_all(world, ordering);
    }
  }
}

TEST(Usrsctp, ResetsAStreamAtOurRequestAndReusesIt) {
  World world(0, 21);
  for (int i = 0; i < 3000 && !world.us.established(); ++i) world.step();
  Delivery delivery;
  delivery.ppid = Ppid(53);
  for (int round = 1; round <= 3; ++round) {
    const OutgoingStream stream = world.us.open_stream();
    world.us.assign_stream(stream, StreamId(4));
    ASSERT_TRUE(world.us.send(stream, delivery, numbered(3000, 1)));
    ASSERT_TRUE(world.us.send(stream, delivery, numbered(10, 2)));
    world.us.reset_stream(stream);
    for (int i = 0; i < 300 && world.outgoing_resets < round; ++i) world.step();
    ASSERT_EQ(world.outgoing_resets, round);
    EXPECT_EQ(world.peer.incoming_resets, round);
    EXPECT_EQ(world.peer.received.size(), 2U * static_cast<std::size_t>(round)) << "what was queued goes first";
    world.us.forget_stream(stream);
  }
  world.us.abort();
  for (int i = 0; i < 5; ++i) world.step();
}

TEST(Usrsctp, ResetsItsOwnStreamAndReusesIt) {
  World world(0, 22);
  for (int i = 0; i < 3000 && !world.us.established(); ++i) world.step();
  for (std::size_t round = 1; round <= 3; ++round) {
    ASSERT_TRUE(world.peer.send(6, false, numbered(3000, 3)));
    for (int i = 0; i < 300 && world.received.size() < round; ++i) world.step();
    ASSERT_TRUE(world.peer.reset(6));
    for (int i = 0; i < 300 && world.incoming_resets.size() < round; ++i) world.step();
    EXPECT_EQ(world.incoming_resets, std::vector<StreamId>(round, StreamId(6)));
    for (int i = 0; i < 300 && world.peer.outgoing_resets < static_cast<int>(round); ++i) world.step();
    EXPECT_EQ(world.peer.outgoing_resets, static_cast<int>(round));
  }
  EXPECT_EQ(world.received.size(), 3U);
  world.us.abort();
  for (int i = 0; i < 5; ++i) world.step();
}

TEST(Usrsctp, ShutsDownGracefully) {
  World world(0, 9);
  for (int i = 0; i < 3000 && !world.us.established(); ++i) world.step();
  world.us.shutdown();
  for (int i = 0; i < 300 && !world.ended; ++i) world.step();
  EXPECT_EQ(world.ended, Errc::sctp_shut_down);
}

}  // namespace
}  // namespace redan::sctp
