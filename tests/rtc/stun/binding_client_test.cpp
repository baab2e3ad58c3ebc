#include "rtc/stun/binding_client.hpp"

#include <gtest/gtest.h>

#include "tests/support/fixed_provider.hpp"

namespace redan::stun {
namespace {

using namespace std::chrono_literals;

const Path kPath{Address::v4({10, 0, 0, 1}, 1000), Address::v4({192, 0, 2, 1}, 3478)};
const Address kMapped = Address::v4({203, 0, 113, 1}, 2000);

class StunBinding : public testing::Test {
 protected:
  StunBinding() { client.start(now); }

  BindingClient::Output poll() { return client.poll_output(now, buffer); }
  TransactionId sent() {
    const auto output = poll();
    EXPECT_TRUE(std::holds_alternative<BindingClient::Transmit>(output));
    EXPECT_EQ(std::get<BindingClient::Transmit>(output).path, kPath);
    return Message::parse(std::get<BindingClient::Transmit>(output).bytes)->transaction;
  }
  template <class Fill>
  void respond(const TransactionId& id, Class result, const Path& path, Fill&& fill) {
    std::array<std::uint8_t, 200> out{};
    MessageBuilder builder(out, result, id);
    fill(builder);
    client.handle_input(now, path, *Message::parse(builder.finish()));
  }
  void succeed(const TransactionId& id, const Path& path = kPath) {
    respond(id, Class::success, path, [](MessageBuilder& builder) { builder.xor_mapped_address(kMapped); });
  }
  bool waits() { return std::holds_alternative<Wait>(poll()); }

  std::unique_ptr<Provider> real = default_provider();
  test::FixedProvider provider{*real, 1};
  TimePoint now{};
  BindingClient client{kPath, Transport::datagram, provider};
  std::array<std::uint8_t, 1200> buffer{};
};

TEST_F(StunBinding, TellsTheAddressThatTheServerSees) {
  const auto id = sent();
  now += 20ms;
  succeed(id);
  const auto output = poll();
  ASSERT_TRUE(std::holds_alternative<BindingClient::Mapped>(output));
  EXPECT_EQ(std::get<BindingClient::Mapped>(output).address, kMapped);
  EXPECT_EQ(std::get<BindingClient::Mapped>(output).rtt, 20ms);
  EXPECT_EQ(std::get<Wait>(poll()).until, kNever);
}

TEST_F(StunBinding, IgnoresResponsesFromElsewhereAndToOtherRequests) {
  const auto id = sent();
  succeed(id, {kPath.local, Address::v4({192, 0, 2, 2}, 3478)});
  succeed(id, {Address::v4({10, 0, 0, 2}, 1000), kPath.remote});
  succeed(TransactionId{1, 2, 3});
  respond(id, Class::request, kPath, [](MessageBuilder&) {});
  EXPECT_TRUE(waits());
  succeed(id);
  EXPECT_TRUE(std::holds_alternative<BindingClient::Mapped>(poll()));
}

TEST_F(StunBinding, FailsOnAnErrorWithItsCode) {
  respond(sent(), Class::error, kPath, [](MessageBuilder& builder) { builder.error_code(400, "no"); });
  EXPECT_EQ(std::get<BindingClient::Failed>(poll()).server_code, 400);
}

TEST_F(StunBinding, FailsOnASuccessWithoutAnAddressOrWithAnUnknownAttribute) {
  respond(sent(), Class::success, kPath, [](MessageBuilder&) {});
  EXPECT_TRUE(std::holds_alternative<BindingClient::Failed>(poll()));
  client.start(now);
  respond(sent(), Class::success, kPath, [](MessageBuilder& builder) {
    builder.xor_mapped_address(kMapped);
    builder.attribute(static_cast<AttributeType>(0x7001), {});
  });
  EXPECT_TRUE(std::holds_alternative<BindingClient::Failed>(poll()));
}

TEST_F(StunBinding, RepeatsTheSameRequestAndGivesUp) {
  const auto id = sent();
  int transmissions = 1;
  while (true) {
    const auto output = poll();
    if (const auto* wait = std::get_if<Wait>(&output)) {
      now = wait->until;
    } else if (const auto* transmit = std::get_if<BindingClient::Transmit>(&output)) {
      EXPECT_EQ(Message::parse(transmit->bytes)->transaction, id);
      ++transmissions;
    } else {
      EXPECT_TRUE(std::holds_alternative<BindingClient::Failed>(output));
      break;
    }
  }
  EXPECT_EQ(transmissions, 7);
  EXPECT_EQ(now, TimePoint{} + 39'500ms);
}

}  // namespace
}  // namespace redan::stun
