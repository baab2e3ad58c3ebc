// A gatherer with a STUN and a TURN server that the script plays, with a provider that authenticates nothing. Each step
// is a byte: the low bits are the action, the rest selects a server or a peer.
//
//   bytes from a server · an answer to its last request · advance time · poll partly · permit, release, bind · send
//   data · the same through sockets, which open and close · new credentials
#include <vector>

#include "base/assert.hpp"
#include "base/reader.hpp"
#include "rtc/ice/gatherer.hpp"
#include "tests/support/null_provider.hpp"

namespace {

using namespace redan;

Provider& real() {
  static const auto provider = mbedtls_provider();
  return *provider;
}

const Address kLocal = Address::v4({10, 0, 0, 1}, 5000);
Address server(unsigned index) { return Address::v4({192, 0, 2, static_cast<std::uint8_t>(index % 2)}, 3478); }
Address peer(unsigned index) { return Address::v4({203, 0, 113, static_cast<std::uint8_t>(index)}, 6000); }

std::vector<IceServer> servers() {
  std::vector<IceServer> all;
  all.push_back(*IceServer::parse("stun:" + server(0).text()));
  all.push_back(*IceServer::parse("turn:" + server(1).text()));
  all.push_back(*IceServer::parse("turn:" + server(1).text() + "?transport=tcp"));
  for (IceServer& each : all) {
    each.username = "user";
    each.password = Secret<512>(as_bytes("secret"));
  }
  return all;
}

class Script {
 public:
  explicit Script(Reader input) : input_(input), gatherer_(servers(), {kLocal}, false, provider_) {}

  void run() {
    for (int steps = 0; !input_.empty() && steps < 300; ++steps) step(input_.u8());
    now_ += std::chrono::minutes(5);
    drain(2000);
  }

 private:
  void step(std::uint8_t code) {
    const unsigned operand = code >> 3U;
    switch (code & 7U) {
      case 0:
        if (operand >= 16) return use_socket(operand);
        return receive(operand, input_.opaque16());
      case 1:
        return answer(operand, input_.opaque16());
      case 2:
        now_ += std::chrono::milliseconds(1) * (1U << operand % 20);
        return;
      case 3:
        return drain(static_cast<int>(operand));
      case 4:
        static_cast<void>(gatherer_.permit(now_, {relayed(), peer(operand)}));
        return;
      case 5:
        return gatherer_.release({relayed(), peer(operand)});
      case 6:
        return gatherer_.bind(now_, {relayed(), peer(operand)});
      default:
        return send(peer(operand));
    }
  }
  void receive(unsigned from, Bytes bytes) {
    REDAN_ASSERT(gatherer_.handle_input(now_, {kLocal, server(from)}, bytes));
    REDAN_ASSERT(!gatherer_.handle_input(now_, {kLocal, peer(from)}, bytes));
  }
  /// The script's message with the transaction id of the last request.
  void answer(unsigned from, Bytes bytes) {
    std::vector<std::uint8_t> message(bytes.begin(), bytes.end());
    if (message.size() >= stun::kHeaderSize && request_.size() >= stun::kHeaderSize)
      std::copy_n(request_.begin() + 4, 16, message.begin() + 4);
    receive(from, message);
  }
  // The last socket that was asked for, or one that never was.
  void use_socket(unsigned operand) {
    const SocketId id = operand % 8 == 7 ? SocketId{1000} : socket_;
    switch (operand % 8) {
      case 0:
      case 7:
        return gatherer_.socket_opened(now_, id, kLocal);
      case 1:
        return gatherer_.socket_closed(now_, id, Errc::io_failed, "closed");
      case 2: {
        IceServer renewed = *IceServer::parse("turn:" + server(1).text() + (operand >= 24 ? "?transport=tcp" : ""));
        renewed.username = "later";
        REDAN_ASSERT(gatherer_.renew(std::move(renewed)));
        return;
      }
      case 3:
        return gatherer_.handle_socket_input(now_, id, answer_to_socket(input_.opaque16()));
      default:
        return gatherer_.handle_socket_input(now_, id, input_.opaque16());
    }
  }
  Bytes answer_to_socket(Bytes bytes) {
    message_.assign(bytes.begin(), bytes.end());
    if (message_.size() >= stun::kHeaderSize && socket_request_.size() >= stun::kHeaderSize)
      std::copy_n(socket_request_.begin() + 4, 16, message_.begin() + 4);
    return message_;
  }
  void send(const Address& to) {
    std::array<std::uint8_t, 600> buffer{};
    const auto sent = gatherer_.wrap(now_, {relayed(), to}, buffer, 500);
    if (!sent) return;
    const auto bytes = std::visit([](const auto& each) { return Bytes(each.bytes); }, *sent);
    REDAN_ASSERT(bytes.data() == buffer.data());
  }
  void drain(int steps) {
    std::array<std::uint8_t, 1500> buffer{};
    while (steps-- > 0) {
      const ice::Gatherer::Output output = gatherer_.poll_output(now_, buffer);
      if (const auto* wait = std::get_if<Wait>(&output)) {
        REDAN_ASSERT(wait->until > now_);
        return;
      }
      if (const auto* transmit = std::get_if<ice::Gatherer::Transmit>(&output)) {
        REDAN_ASSERT(transmit->path == (Path{kLocal, server(0)}) || transmit->path == (Path{kLocal, server(1)}));
        request_.assign(transmit->bytes.begin(), transmit->bytes.end());
      } else if (const auto* open = std::get_if<OpenSocket>(&output)) {
        REDAN_ASSERT(open->socket.value > socket_.value);
        socket_ = open->socket;
      } else if (const auto* data = std::get_if<SocketData>(&output)) {
        socket_request_.assign(data->bytes.begin(), data->bytes.end());
      } else if (const auto* found = std::get_if<ice::Gatherer::Found>(&output)) {
        REDAN_ASSERT(found->gathered.candidate.address != kLocal);
      } else if (const auto* received = std::get_if<ice::Gatherer::Received>(&output)) {
        REDAN_ASSERT(gatherer_.is_relayed(received->path.local));
      }
      REDAN_ASSERT(gatherer_.candidates().size() <= 8 && !gatherer_.is_relayed(kLocal));
    }
  }
  Address relayed() const {
    for (const ice::Gathered& each : gatherer_.candidates()) {
      if (each.candidate.type == CandidateType::relayed) return each.candidate.address;
    }
    return {};
  }

  Reader input_;
  TimePoint now_{};
  test::NullProvider provider_{real()};
  ice::Gatherer gatherer_;
  std::vector<std::uint8_t> request_, socket_request_, message_;
  SocketId socket_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Script(Reader({data, size})).run();
  return 0;
}
