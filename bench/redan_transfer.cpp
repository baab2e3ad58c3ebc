#include <boost/asio/steady_timer.hpp>
#include <redan/asio.hpp>

#include "bench/dtls_work.hpp"
#include "bench/two_processes.hpp"
#include "net/udp/datagram_socket.hpp"

namespace redan::bench {
namespace {

namespace asio = boost::asio;

constexpr std::size_t kMessage = 16 * 1024;
constexpr std::size_t kLow = 1U << 20U;
constexpr std::size_t kHigh = 4U << 20U;

EndpointConfig config(bool lite) {
  EndpointConfig made;
  made.local_addresses = {Address::v4({127, 0, 0, 1}, 0)};
  made.announce_lite = lite;
  made.zero_checksum = true;  // as in the figure's label
  return made;
}

double receive(const Wire& wire) {
  const auto provider = default_provider();
  const Identities identities(*provider);
  asio::io_context io(1);
  Goodput goodput;
  auto shard = Shard::open(io, config(true), identities.server, *provider, [&](Endpoint&, const Output& output) {
    if (const auto* message = std::get_if<Message>(&output)) goodput.add(message->payload.size());
    if (goodput.complete()) io.stop();
  });
  if (!shard) failed("the receiving shard");
  const auto accepted = (*shard)->endpoint().accept(wire.hear());
  if (!accepted) failed("the offer");
  wire.say(accepted->answer);
  (*shard)->wake();
  io.run();
  return goodput.megabytes_per_second();
}

void send(const Wire& wire) {
  const auto provider = default_provider();
  const Identities identities(*provider);
  asio::io_context io(1);
  const std::vector<std::uint8_t> payload(kMessage, 0x5A);
  const auto fill = [&](Endpoint& endpoint, PeerId peer, ChannelId channel) {
    while (endpoint.buffered_amount(peer, channel).value_or(kHigh) < kHigh) {
      if (!endpoint.send(peer, channel, MessageKind::binary, payload)) return;
    }
  };
  auto shard =
      Shard::open(io, config(false), identities.client, *provider, [&](Endpoint& endpoint, const Output& output) {
        if (const auto* opened = std::get_if<ChannelOpened>(&output)) {
          static_cast<void>(endpoint.set_buffered_amount_low_threshold(opened->peer, opened->channel, kLow));
          fill(endpoint, opened->peer, opened->channel);
        } else if (const auto* low = std::get_if<BufferedAmountLow>(&output)) {
          fill(endpoint, low->peer, low->channel);
        }
      });
  if (!shard) failed("the sending shard");
  Endpoint& endpoint = (*shard)->endpoint();
  const auto offered = endpoint.offer({});
  if (!offered || !endpoint.open_channel(offered->peer, "bulk")) failed("the offer");
  wire.say(offered->offer);
  if (!endpoint.complete(offered->peer, wire.hear())) failed("the answer");
  (*shard)->wake();
  io.run_for(std::chrono::milliseconds(static_cast<int>(kTransferSeconds * 1000)));
}

double receive_datagrams(const Wire& wire) {
  auto socket = net::DatagramSocket::bind(Address::v4({127, 0, 0, 1}, 0));
  if (!socket) failed("a socket");
  wire.say(std::to_string((*socket)->local_address().port()));
  Goodput goodput;
  while (!goodput.complete()) {
    std::size_t bytes = 0;
    for (const net::ReceivedDatagram& datagram : (*socket)->receive()) bytes += datagram.bytes.size();
    if (bytes != 0) goodput.add(bytes);
  }
  return goodput.megabytes_per_second();
}

void send_datagrams(const Wire& wire) {
  auto socket = net::DatagramSocket::bind(Address::v4({127, 0, 0, 1}, 0));
  if (!socket) failed("a socket");
  const Address to = Address::v4({127, 0, 0, 1}, static_cast<std::uint16_t>(std::stoi(wire.hear())));
  net::SendBatch batch;
  while (!batch.space(1200).empty() && batch.add({{}, to}, 1200)) {
  }
  for (const double end = wall_seconds() + kTransferSeconds; wall_seconds() < end;) (*socket)->send(batch);
}

}  // namespace

double redan_transfer() { return transfer(receive, send); }
double udp_transfer() { return transfer(receive_datagrams, send_datagrams); }

}  // namespace redan::bench
