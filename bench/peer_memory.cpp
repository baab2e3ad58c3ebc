// Heap of one idle connected peer with one open data channel, on the server's side of 1,000.
#include <malloc.h>

#include <redan/endpoint.hpp>

#include "bench/dtls_work.hpp"
#include "bench/figure.hpp"

namespace redan::bench {
namespace {

using namespace std::chrono_literals;

constexpr double kGoal = 48;  // KiB
constexpr std::uint32_t kPeers = 1000;
constexpr Duration kTick = 10ms;

const Address kServer = Address::v4({10, 255, 255, 254}, 5000);

Address client_address(std::uint32_t index) {
  return Address::v4({10, 0, static_cast<std::uint8_t>(index >> 8U), static_cast<std::uint8_t>(index)}, 5000);
}
std::uint32_t client_index(const Address& address) {
  return static_cast<std::uint32_t>(address.ip()[2]) << 8U | address.ip()[3];
}

EndpointConfig config(const Address& address, bool lite) {
  EndpointConfig made;
  made.local_addresses = {address};
  made.announce_lite = lite;
  return made;
}

/// One server endpoint and one client endpoint per peer, connected without a network.
class Crowd {
 public:
  explicit Crowd(Provider& provider)
      : identities_(provider), server(std::make_unique<Endpoint>(config(kServer, true), identities_.server, provider)) {
    for (std::uint32_t i = 0; i < kPeers; ++i) {
      clients_.push_back(std::make_unique<Endpoint>(config(client_address(i), false), identities_.client, provider));
      Endpoint& client = *clients_.back();
      const auto offered = client.offer({});
      if (!offered || !client.open_channel(offered->peer, "idle")) failed("an offer");
      const auto accepted = server->accept(offered->offer);
      if (!accepted || !client.complete(offered->peer, accepted->answer)) failed("an answer");
    }
  }

  void run(Duration time) {
    for (const TimePoint end = now_ + time; now_ < end; now_ += kTick) {
      for (std::uint32_t i = 0; i < kPeers; ++i) {
        drain(*clients_[i], [&](const Transmit& t) { give(*server, client_address(i), t.bytes); });
      }
      drain(*server, [&](const Transmit& t) { give(*clients_[client_index(t.path.remote)], kServer, t.bytes); });
    }
  }

 private:
  void give(Endpoint& to, const Address& from, Bytes bytes) {
    std::array<std::uint8_t, 1500> copy;
    std::copy(bytes.begin(), bytes.end(), copy.begin());
    to.handle_input(now_, {{{}, from}, MutableBytes(copy).first(bytes.size())});
  }
  template <class Send>
  void drain(Endpoint& endpoint, Send&& send) {
    std::array<std::uint8_t, 1500> buffer;
    while (true) {
      const Output output = endpoint.poll_output(now_, buffer);
      if (std::holds_alternative<Wait>(output)) return;
      if (const auto* transmit = std::get_if<Transmit>(&output)) send(*transmit);
      if (&endpoint == server.get() && std::holds_alternative<ChannelOpened>(output)) ++open_channels;
    }
  }

  Identities identities_;
  std::vector<std::unique_ptr<Endpoint>> clients_;
  TimePoint now_{};

 public:
  std::unique_ptr<Endpoint> server;
  std::uint32_t open_channels = 0;
};

std::size_t heap() {
  const auto state = mallinfo2();
  return state.uordblks + state.hblkhd;
}

}  // namespace

void peer_memory() {
  const auto provider = default_provider();
  Crowd crowd(*provider);
  crowd.run(8s);
  if (crowd.open_channels != kPeers) failed("connecting the crowd");
  // Destroying it frees what the server held.
  const std::size_t before = heap();
  crowd.server.reset();
  const double each = static_cast<double>(before - heap()) / kPeers / 1024;
  print({"idle peer, 1 channel", "KiB each", each, 0, 0, kGoal, Better::less});
}

}  // namespace redan::bench
