// README's sample, which is also `redan echo`: it reads an offer from standard input, prints the answer, and echoes
// every message until the peer disconnects.

// [sample]
#include <iostream>
#include <iterator>
#include <redan/udp_socket.hpp>

int echo(const redan::Address& local) {
  const auto provider = redan::default_provider();
  const auto identity = redan::self_signed(*provider, {.not_after = {redan::wall_time().seconds_since_1970 + 86'400}});
  auto socket = redan::UdpSocket::bind(local);
  if (!identity) return std::cerr << text(identity.error()) << '\n', 1;
  if (!socket) return std::cerr << text(socket.error()) << ": " << socket.error().detail << '\n', 1;
  redan::Endpoint endpoint({.local_addresses = {socket->local_address()}}, *identity, *provider);

  const std::string offer{std::istreambuf_iterator<char>(std::cin), {}};
  const auto accepted = endpoint.accept(offer);
  if (!accepted) return std::cerr << text(accepted.error()) << ": " << accepted.error().detail << '\n', 1;
  std::cout << accepted->answer << std::flush;

  std::array<std::uint8_t, 1500> buffer{};
  while (true) {
    const redan::Output output = endpoint.poll_output(redan::now(), buffer);
    if (const auto* wait = std::get_if<redan::Wait>(&output)) {
      if (const auto datagram = socket->receive(wait->until)) endpoint.handle_input(redan::now(), *datagram);
    } else if (const auto* transmit = std::get_if<redan::Transmit>(&output)) {
      socket->send(*transmit);
    } else if (const auto* message = std::get_if<redan::Message>(&output)) {
      (void)endpoint.send(message->peer, message->channel, message->kind, message->payload);
    } else if (std::holds_alternative<redan::Closed>(output)) {
      return 0;
    }
  }
}
// [/sample]
