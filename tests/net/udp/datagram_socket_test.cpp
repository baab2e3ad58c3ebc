#include "net/udp/datagram_socket.hpp"

#include <gtest/gtest.h>

#include "net/socket_address.hpp"

namespace redan::net {
namespace {

const Address kLoopback = Address::v4({127, 0, 0, 1}, 0);

TEST(SendBatch, AcceptsEqualDatagramsForOnePathAndEndsWithAShorterOne) {
  const Path there{kLoopback, Address::v4({192, 0, 2, 1}, 1)};
  const Path elsewhere{kLoopback, Address::v4({192, 0, 2, 2}, 1)};
  SendBatch batch;
  EXPECT_TRUE(batch.add(there, 1000));
  EXPECT_TRUE(batch.add(there, 1000));
  EXPECT_FALSE(batch.add(elsewhere, 1000));
  EXPECT_FALSE(batch.add(there, 1001));
  EXPECT_TRUE(batch.add(there, 10));
  EXPECT_TRUE(batch.space(1).empty());
  EXPECT_EQ(batch.bytes().size(), 2010U);
  batch.clear();
  EXPECT_TRUE(batch.empty());
  EXPECT_TRUE(batch.add(elsewhere, 5));
}

TEST(SendBatch, HoldsAtMostTheKernelsLimit) {
  SendBatch batch;
  const Path there{kLoopback, Address::v4({192, 0, 2, 1}, 1)};
  for (std::size_t i = 0; i < SendBatch::kMaxSegments; ++i) {
    ASSERT_FALSE(batch.space(100).empty());
    ASSERT_TRUE(batch.add(there, 100));
  }
  EXPECT_TRUE(batch.space(100).empty());
}

// Through the kernel with GSO and GRO: every datagram keeps its boundaries and its content.
TEST(DatagramSocket, BatchesArriveAsSeparateDatagrams) {
  auto from = DatagramSocket::bind(kLoopback);
  auto to = DatagramSocket::bind(kLoopback);
  ASSERT_TRUE(from && to);
  const Path target{(*from)->local_address(), (*to)->local_address()};
  SendBatch batch;
  for (std::size_t i = 0; i < 40; ++i) {
    const std::size_t size = i == 39 ? 77 : 1200;
    const MutableBytes space = batch.space(size);
    std::fill_n(space.begin(), size, static_cast<std::uint8_t>(i));
    ASSERT_TRUE(batch.add(target, size));
  }
  ASSERT_EQ((*from)->send(batch), DatagramSocket::Sent::all);
  std::size_t count = 0;
  for (int tries = 0; tries < 100 && count < 40; ++tries) {
    for (const ReceivedDatagram& datagram : (*to)->receive()) {
      EXPECT_EQ(datagram.remote, (*from)->local_address());
      EXPECT_EQ(datagram.bytes.size(), count == 39 ? 77U : 1200U);
      EXPECT_EQ(datagram.bytes.front(), count);
      EXPECT_EQ(datagram.bytes.back(), count);
      ++count;
    }
  }
  EXPECT_EQ(count, 40U);
}

// RFC 3168: over IPv4 and IPv6, in a GSO train and single.
TEST(DatagramSocket, TheEcnFieldArrivesAsItWasSent) {
  const std::array<std::uint8_t, 16> ipv6_loopback{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};
  for (const Address& local : {kLoopback, Address::v6(ipv6_loopback, 0)}) {
    auto from = DatagramSocket::bind(local);
    auto to = DatagramSocket::bind(local);
    ASSERT_TRUE(from && to) << local.text();
    for (const Ecn ecn : {Ecn::not_ect, Ecn::ect1, Ecn::ect0, Ecn::ce}) {
      for (const std::size_t train : {1U, 3U}) {
        SendBatch batch;
        for (std::size_t i = 0; i < train; ++i) {
          ASSERT_FALSE(batch.space(100).empty());
          ASSERT_TRUE(batch.add({(*from)->local_address(), (*to)->local_address()}, 100, ecn));
        }
        ASSERT_EQ((*from)->send(batch), DatagramSocket::Sent::all);
        std::size_t count = 0;
        for (int tries = 0; tries < 100 && count < train; ++tries) {
          for (const ReceivedDatagram& datagram : (*to)->receive()) {
            EXPECT_EQ(datagram.ecn, ecn);
            ++count;
          }
        }
        EXPECT_EQ(count, train);
      }
    }
  }
}

TEST(SendBatch, HoldsOneEcnField) {
  SendBatch batch;
  const Path there{kLoopback, Address::v4({192, 0, 2, 1}, 1)};
  EXPECT_TRUE(batch.add(there, 100, Ecn::ect1));
  EXPECT_FALSE(batch.add(there, 100, Ecn::ce));
  EXPECT_EQ(batch.ecn(), Ecn::ect1);
}

TEST(DatagramSocket, AnAddressInUseIsRefused) {
  auto first = DatagramSocket::bind(kLoopback);
  ASSERT_TRUE(first);
  const Address used = (*first)->local_address();
  const auto second = DatagramSocket::bind(used);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error(), (Error{Errc::io_failed, used.text() + ": Address already in use"}));
}

TEST(SocketAddress, RoundTrips) {
  for (const Address& address : {Address::v4({192, 0, 2, 7}, 5000), *Address::parse("2001:db8::7", 6000)}) {
    EXPECT_EQ(SocketAddress(address).address(), address);
  }
}

}  // namespace
}  // namespace redan::net
