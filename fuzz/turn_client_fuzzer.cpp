// A TURN client against a scripted server that knows the password, so that whatever it answers gets past the integrity
// check. Each step is a byte: the low bits choose the action, the rest is its operand.
//
//   answer the oldest request (success, error, challenge) · deliver bytes of the script, also in pieces · send data ·
//   permit, bind, forget · advance time · connect, disconnect, move, close
#include <deque>
#include <vector>

#include "base/assert.hpp"
#include "rtc/turn/client.hpp"
#include "tests/support/null_provider.hpp"

namespace {

using namespace redan;
using Datagram = std::vector<std::uint8_t>;

Provider& real() {
  static const auto provider = mbedtls_provider();
  return *provider;
}

const Address kServer = Address::v4({192, 0, 2, 1}, 3478);
Address local(unsigned index) { return Address::v4({10, 0, 0, 1}, static_cast<std::uint16_t>(1000 + index)); }
Address peer(unsigned index) {
  if ((index & 8U) != 0) return *Address::parse("2001:db8::5", static_cast<std::uint16_t>(index));
  return Address::v4({203, 0, 113, static_cast<std::uint8_t>(index & 3U)}, static_cast<std::uint16_t>(index));
}

turn::Config config(std::uint8_t code) {
  const auto transport = static_cast<turn::Transport>(code % 3);
  turn::Config made;
  made.servers = {{kServer, transport, "a.example"}, {kServer, turn::Transport::udp, "b.example"}};
  if ((code & 16U) != 0) made.credentials = *stun::Credentials::make("user", "password");
  made.families = static_cast<turn::Families>((code >> 5U) % 3);
  made.dont_fragment = made.mobility = (code & 8U) != 0;
  return made;
}

class Script {
 public:
  explicit Script(Reader input) : input_(input), client_(config(input_.u8()), provider_) { client_.start(now_); }

  void run() {
    for (int steps = 0; !input_.empty() && steps < 500; ++steps) {
      step(input_.u8());
      drain();
    }
    // Whatever happened, it ends.
    client_.close(now_);
    for (int i = 0; i < 3; ++i) {
      drain();
      now_ += std::chrono::minutes(1);
    }
    drain();
    REDAN_ASSERT(ended_ || closed_);
  }

 private:
  void step(std::uint8_t code) {
    const unsigned operand = code >> 4U;
    switch (code & 15U) {
      case 0:
      case 1:
      case 2:
        return answer(static_cast<stun::Class>((code & 15U) == 2 ? 3 : 2), operand);
      case 3:
        return challenge(operand);
      case 4:
      case 5:
        return client_.handle_input(now_, client_.path(), input_.opaque8());
      case 6:
        return send(operand);
      case 7:
        return static_cast<void>(client_.permit(now_, peer(operand)));
      case 8:
        return static_cast<void>(client_.bind(now_, peer(operand)));
      case 9:
        return client_.forget(peer(operand));
      case 10:
      case 11:
        now_ += std::chrono::milliseconds(100 << operand);
        return;
      case 12:
        return channel_data(operand);
      case 13:
        return client_.move(now_, local(operand));
      case 14:
        return operand == 15 ? client_.disconnected(now_) : drain_partly(operand);
      default:
        return operand == 15 ? client_.close(now_)
                             : client_.handle_input(now_, {local(1), peer(operand)}, input_.opaque8());
    }
  }
  /// The attributes are the script's own; the integrity is right.
  void answer(stun::Class result, unsigned operand) {
    if (requests_.empty()) return;
    const auto request = stun::Message::parse(requests_.front());
    std::array<std::uint8_t, 2000> buffer{};
    stun::MessageBuilder builder(buffer, result, request->transaction, request->method);
    if (result == stun::Class::error) builder.error_code(static_cast<std::uint16_t>(300 + 2 * input_.u8()), "no");
    if ((operand & 1U) != 0) builder.integer32(turn::attribute::lifetime, input_.u16());
    if ((operand & 2U) != 0) builder.xor_address(turn::attribute::xor_relayed_address, peer(operand + 1));
    if ((operand & 2U) != 0) builder.xor_address(turn::attribute::xor_relayed_address, peer(operand ^ 8U));
    if ((operand & 4U) != 0) builder.attribute(turn::attribute::mobility_ticket, input_.opaque8());
    if ((operand & 8U) != 0) builder.attribute(static_cast<stun::AttributeType>(input_.u16()), input_.opaque8());
    finish(builder);
  }
  void challenge(unsigned operand) {
    if (requests_.empty()) return;
    const auto request = stun::Message::parse(requests_.front());
    std::array<std::uint8_t, 2000> buffer{};
    stun::MessageBuilder builder(buffer, stun::Class::error, request->transaction, request->method);
    builder.error_code((operand & 1U) != 0 ? 438 : 401, "challenge");
    builder.attribute(stun::AttributeType::realm, input_.opaque8());
    builder.attribute(stun::AttributeType::nonce, input_.opaque8());
    if ((operand & 2U) != 0) builder.attribute(stun::AttributeType::password_algorithms, input_.opaque8());
    finish(builder);
  }
  void finish(stun::MessageBuilder& builder) {
    requests_.pop_front();
    test::NullHmac sha1(HashAlgorithm::sha1);
    client_.handle_input(now_, client_.path(), builder.finish(sha1));
  }
  void channel_data(unsigned operand) {
    const Bytes payload = input_.opaque8();
    Datagram frame(4 + (payload.size() + 3) / 4 * 4);
    Writer writer(frame);
    writer.u16(static_cast<std::uint16_t>(0x4000 + operand));
    writer.opaque16(payload);
    client_.handle_input(now_, client_.path(), frame);
  }
  void send(unsigned operand) {
    const Bytes payload = input_.opaque8();
    std::array<std::uint8_t, turn::kHeadroom + 256 + turn::kTailroom> buffer{};
    std::copy(payload.begin(), payload.end(), buffer.begin() + turn::kHeadroom);
    const MutableBytes space = MutableBytes(buffer).first(turn::kHeadroom + payload.size() + turn::kTailroom);
    const MutableBytes message = client_.wrap(now_, peer(operand), space, payload.size());
    if (message.empty()) return;
    REDAN_ASSERT(client_.permitted(now_, peer(operand)) && message.data() >= buffer.data());
    if (message[0] >> 6U == 1) return;
    const auto parsed = stun::Message::parse(
        message, std::array{turn::attribute::dont_fragment, turn::attribute::data, turn::attribute::xor_peer_address});
    REDAN_ASSERT(parsed && parsed->unknown_count == 0);
    REDAN_ASSERT(parsed->find_xor_address(turn::attribute::xor_peer_address) == peer(operand));
    REDAN_ASSERT(as_text(*parsed->find(turn::attribute::data)) == as_text(payload));
  }
  void drain_partly(unsigned steps) {
    while (steps-- > 0) poll();
  }
  void drain() {
    for (int steps = 0; steps < 5000; ++steps) {
      if (poll()) return;
    }
    REDAN_ASSERT(false);
  }
  bool poll() {
    const turn::Client::Output output = client_.poll_output(now_, buffer_);
    if (const auto* wait = std::get_if<Wait>(&output)) {
      REDAN_ASSERT(wait->until > now_);
      return true;
    }
    REDAN_ASSERT(!closed_);
    if (const auto* transmit = std::get_if<turn::Client::Transmit>(&output)) {
      REDAN_ASSERT(!ended_ && stun::Message::parse(transmit->bytes));
      if (stun::Message::parse(transmit->bytes)->message_class == stun::Class::request && requests_.size() < 64) {
        requests_.emplace_back(transmit->bytes.begin(), transmit->bytes.end());
      }
    } else if (const auto* connect = std::get_if<turn::Client::Connect>(&output)) {
      REDAN_ASSERT(++connects_ <= 20);
      requests_.clear();
      if (connect->server.name.size() % 2 == 0) return client_.connect_failed(now_), false;
      client_.connected(now_, local(static_cast<unsigned>(connects_)));
    } else if (const auto* received = std::get_if<turn::Client::Received>(&output)) {
      REDAN_ASSERT(client_.allocated() && received->payload.size() <= 65'535);
    } else if (std::holds_alternative<turn::Client::Failed>(output)) {
      ended_ = true;
    } else if (std::holds_alternative<turn::Client::Closed>(output)) {
      closed_ = true;
    }
    return false;
  }

  Reader input_;
  TimePoint now_{};
  test::NullProvider provider_{real()};
  turn::Client client_;
  std::array<std::uint8_t, 4096> buffer_{};
  std::deque<Datagram> requests_;
  int connects_ = 0;
  bool ended_ = false, closed_ = false;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Script(Reader({data, size})).run();
  return 0;
}
