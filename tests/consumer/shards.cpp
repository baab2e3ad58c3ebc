// Two shards on one Boost.Asio event loop exchange a message over UDP; libredan-net.
#include <cstdio>
#include <redan/asio.hpp>
#include <redan/udp_socket.hpp>

int main() {
  const auto provider = redan::default_provider();
  const redan::SelfSignedOptions options{.not_after = {redan::wall_time().seconds_since_1970 + 86'400}};
  const auto ours = redan::self_signed(*provider, options);
  const auto theirs = redan::self_signed(*provider, options);
  if (!ours || !theirs) return 1;
  boost::asio::io_context io{1};
  const redan::Address loopback = redan::Address::v4({127, 0, 0, 1}, 0);
  std::string received;

  const auto callee = redan::Shard::open(io, {.local_addresses = {loopback}}, *theirs, *provider,
                                         [&](redan::Endpoint&, const redan::Output& output) {
                                           const auto* message = std::get_if<redan::Message>(&output);
                                           if (message == nullptr) return;
                                           received = redan::as_text(message->payload);
                                           io.stop();
                                         });
  const auto caller = redan::Shard::open(io, {.local_addresses = {loopback}, .announce_lite = false}, *ours, *provider,
                                         [&](redan::Endpoint& endpoint, const redan::Output& output) {
                                           const auto* opened = std::get_if<redan::ChannelOpened>(&output);
                                           if (opened == nullptr) return;
                                           (void)endpoint.send(opened->peer, opened->channel, redan::MessageKind::text,
                                                               redan::as_bytes("hello"));
                                         });
  if (!callee || !caller) return 1;
  const auto offered = (*caller)->endpoint().offer({});
  if (!offered || !(*caller)->endpoint().open_channel(offered->peer, "greeting")) return 1;
  const auto accepted = (*callee)->endpoint().accept(offered->offer);
  if (!accepted || !(*caller)->endpoint().complete(offered->peer, accepted->answer)) return 1;
  (*caller)->wake();
  (*callee)->wake();
  io.run_for(std::chrono::seconds(20));

  const auto socket = redan::UdpSocket::bind(loopback);
  std::printf("received %s\n", received.c_str());
  return received == "hello" && socket ? 0 : 1;
}
