#include "rtc/dtls/handshake/outgoing_flight.hpp"

#include <gtest/gtest.h>

#include "rtc/dtls/handshake/fragment_assembler.hpp"
#include "rtc/dtls/v12/flights.hpp"

namespace redan::dtls {
namespace {

using namespace v12;

TEST(OutgoingFlight, IsCutToTheDatagramAndAssemblesAgain) {
  for (std::size_t mtu = 64; mtu < 1500; mtu += 13) {
    OutgoingFlight flight;
    RecordLayer writing;
    flight.begin();
    flight.add(HandshakeType::server_hello, Epoch::plaintext, [](Writer& w) { w.zeros(80); });
    flight.add(HandshakeType::certificate, Epoch::plaintext, [](Writer& w) { w.zeros(700); });
    flight.end();
    FragmentAssembler assembler;
    assembler.expect(0, kServerFlight);
    RecordLayer reading;
    std::vector<std::uint8_t> buffer(mtu);
    flight.rewind();
    while (flight.pending()) {
      MutableBytes datagram = flight.write(writing, nullptr, buffer);
      ASSERT_FALSE(datagram.empty());
      while (const auto record = reading.next(datagram)) {
        Reader reader(record->fragment());
        const auto header = HandshakeHeader::parse(reader);
        ASSERT_TRUE(header);
        assembler.add(*header, record->header.epoch, reader.rest());
      }
    }
    ASSERT_TRUE(assembler.whole(2)) << mtu;
    EXPECT_EQ(assembler.message(1)->body.size(), 700U);
  }
}

TEST(OutgoingFlight, MessageNumbersGoOnAcrossFlights) {
  OutgoingFlight flight;
  flight.begin();
  EXPECT_EQ(flight.add(HandshakeType::client_hello, Epoch::plaintext, [](Writer& w) { w.u8(1); }).message_seq, 0);
  flight.begin();
  EXPECT_EQ(flight.add(HandshakeType::client_hello, Epoch::plaintext, [](Writer& w) { w.u8(1); }).message_seq, 1);
}

TEST(OutgoingFlight, EveryTransmissionHasNewRecordNumbers) {
  OutgoingFlight flight;
  RecordLayer records;
  flight.begin();
  flight.add(HandshakeType::client_hello, Epoch::plaintext, [](Writer& w) { w.u8(1); });
  std::array<std::uint8_t, 100> buffer{};
  flight.rewind();
  const MutableBytes first = flight.write(records, nullptr, buffer);
  const std::vector<std::uint8_t> once(first.begin(), first.end());
  flight.rewind();
  const MutableBytes second = flight.write(records, nullptr, buffer);
  EXPECT_EQ(Reader(once).bytes(11)[10], 0);
  EXPECT_EQ(Reader(second).bytes(11)[10], 1);
}

}  // namespace
}  // namespace redan::dtls
