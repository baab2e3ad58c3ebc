// Many peers on one UDP port with Boost.Asio: a Shard owns the socket and the timer and calls the handler. It answers
// every offer on standard input (an empty line ends each) and echoes what the peers send.
//
//   asio [IP address of this host]
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/streambuf.hpp>
#include <iostream>
#include <redan/asio.hpp>
#include <redan/udp_socket.hpp>  // wall_time

namespace {

namespace asio = boost::asio;

void on_output(redan::Endpoint& endpoint, const redan::Output& output) {
  if (const auto* message = std::get_if<redan::Message>(&output)) {
    (void)endpoint.send(message->peer, message->channel, message->kind, message->payload);
  } else if (const auto* connected = std::get_if<redan::Connected>(&output)) {
    const auto security = endpoint.security(connected->peer);
    if (security) std::cerr << "peer " << connected->peer.value << ": " << security->cipher_suite << '\n';
  } else if (const auto* closed = std::get_if<redan::Closed>(&output)) {
    std::cerr << "peer " << closed->peer.value << ": " << text(closed->reason) << '\n';
  }
}

/// Reads offers from standard input; at its end the program stops.
class Offers {
 public:
  Offers(asio::io_context& io, redan::Shard& shard) : io_(io), input_(io, ::dup(STDIN_FILENO)), shard_(shard) {}

  void read_line() {
    asio::async_read_until(input_, typed_, '\n', [this](const boost::system::error_code& error, std::size_t) {
      if (error) return io_.stop();
      std::string line;
      std::getline(std::istream(&typed_), line);
      if (line.ends_with('\r')) line.pop_back();
      line.empty() ? answer() : void(offer_ += line + "\r\n");
      read_line();
    });
  }

 private:
  void answer() {
    const auto accepted = shard_.endpoint().accept(std::exchange(offer_, {}));
    shard_.wake();  // after each command that was given outside the handler
    if (!accepted) std::cerr << text(accepted.error()) << ": " << accepted.error().detail << '\n';
    if (accepted) std::cout << accepted->answer << std::endl;
  }

  asio::io_context& io_;
  asio::posix::stream_descriptor input_;
  redan::Shard& shard_;
  asio::streambuf typed_;
  std::string offer_;
};

}  // namespace

int main(int argc, char** argv) {
  const auto local = redan::Address::parse(argc > 1 ? argv[1] : "127.0.0.1", 0);
  if (!local) return std::cerr << "usage: asio [IP address]\n", 2;
  const auto provider = redan::default_provider();
  const auto identity = redan::self_signed(*provider, {.not_after = {redan::wall_time().seconds_since_1970 + 86'400}});
  if (!identity) return 1;

  asio::io_context io{1};  // one thread for each shard
  const auto shard = redan::Shard::open(io, {.local_addresses = {*local}}, *identity, *provider, on_output);
  if (!shard) return std::cerr << text(shard.error()) << ": " << shard.error().detail << '\n', 1;
  Offers offers(io, **shard);
  offers.read_line();
  io.run();
  return 0;
}
