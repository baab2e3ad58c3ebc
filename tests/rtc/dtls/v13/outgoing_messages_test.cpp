#include "rtc/dtls/v13/outgoing_messages.hpp"

#include <gtest/gtest.h>

#include "rtc/dtls/v13/acknowledgement.hpp"

namespace redan::dtls::v13 {
namespace {

class Outgoing13 : public testing::Test {
 protected:
  RecordLayer records;
  OutgoingMessages messages;
  std::array<std::uint8_t, 200> buffer{};

  void add(std::size_t size) {
    messages.add(HandshakeType::client_hello, 0, [&](Writer& w) { w.zeros(size); });
  }
  /// The sizes of the datagrams of one transmission.
  std::vector<std::size_t> transmit(std::size_t mtu) {
    std::vector<std::size_t> sizes;
    messages.rewind();
    while (true) {
      const auto datagram = messages.write(records, nullptr, MutableBytes(buffer).first(mtu));
      if (datagram.empty()) return sizes;
      sizes.push_back(datagram.size());
    }
  }
};

TEST_F(Outgoing13, SendsAgainOnlyWhatIsNotAcknowledged) {
  add(150);
  // Records 0 to 2, with 25 bytes of headers.
  EXPECT_EQ(transmit(85), (std::vector<std::size_t>{85, 85, 55}));
  EXPECT_TRUE(messages.acknowledge({0, 1}));
  EXPECT_FALSE(messages.acknowledge({0, 1})) << "it is no news";
  EXPECT_EQ(transmit(200), (std::vector<std::size_t>{85 + 55}));
  EXPECT_TRUE(messages.acknowledge({0, 0}));
  EXPECT_EQ(transmit(200), (std::vector<std::size_t>{55}));
  EXPECT_FALSE(messages.empty());
  EXPECT_TRUE(messages.acknowledge({0, 4})) << "of the second transmission";
  EXPECT_TRUE(messages.empty());
  EXPECT_TRUE(transmit(200).empty());
}

TEST_F(Outgoing13, IgnoresNumbersThatItDidNotSend) {
  add(50);
  transmit(200);
  EXPECT_FALSE(messages.acknowledge({0, 1}));
  EXPECT_FALSE(messages.acknowledge({2, 0}));
  EXPECT_FALSE(messages.empty());
}

TEST(Acknowledgements13, ParseWhatTheyWrite) {
  Acknowledgements due;
  for (std::uint64_t i = 0; i < 40; ++i) due.add({2, i});
  due.add({2, 39});
  std::array<std::uint8_t, 600> buffer{};
  Writer writer(buffer);
  due.write(writer);
  std::vector<std::uint64_t> numbers;
  EXPECT_TRUE(for_each_acknowledged(writer.written(), [&](RecordNumber number) {
    EXPECT_EQ(number.epoch, 2U);
    numbers.push_back(number.sequence);
  }));
  ASSERT_EQ(numbers.size(), Acknowledgements::kMax);
  EXPECT_EQ(numbers.front(), 8U);
  EXPECT_EQ(numbers.back(), 39U);
  // What has no room is left out.
  Writer small(MutableBytes(buffer).first(2 + 16 + 15));
  due.write(small);
  EXPECT_EQ(small.size(), 18U);
  EXPECT_FALSE(for_each_acknowledged(Bytes(buffer).first(17), [](RecordNumber) {}));
}

}  // namespace
}  // namespace redan::dtls::v13
