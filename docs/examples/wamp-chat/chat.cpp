// A room where everybody who has the key reads along, and the router does not: what is typed is published, what others
// publish is printed.
//
//   chat URL REALM KEY_RING [PIN]
//
// The key ring encrypts com.example.room; `redan wamp keys` makes one.
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/streambuf.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <fstream>
#include <iostream>
#include <iterator>
#include <redan/wamp.hpp>

namespace {

namespace asio = boost::asio;
using redan::wamp::Client;

constexpr const char* kRoom = "com.example.room";

asio::awaitable<void> talk(asio::io_context& io, redan::wamp::ClientConfig config, int& code) {
  auto joined = co_await Client::join(io, std::move(config));
  if (!joined) {
    std::cerr << text(joined.error().code) << ' ' << joined.error().text << '\n';
    code = 1;
    co_return;
  }
  const std::shared_ptr<Client> client = *joined;
  client->on_refused = [](redan::Errc why, const std::string&) { std::cout << "-- " << text(why) << std::endl; };
  const Client::OnEvent on_event = [](const Client::Event& event) {
    const auto* line = event.payload.args.empty() ? nullptr : event.payload.args[0].get_if<std::string>();
    if (event.encrypted && line != nullptr) std::cout << "> " << *line << std::endl;
  };
  auto subscribed = co_await client->subscribe(kRoom, on_event);
  std::cout << (subscribed ? "-- joined" : "-- not allowed") << std::endl;

  asio::posix::stream_descriptor input(io, ::dup(STDIN_FILENO));
  asio::streambuf typed;
  for (;;) {
    auto [ended, size] = co_await asio::async_read_until(input, typed, '\n', asio::as_tuple(asio::use_awaitable));
    if (ended) break;
    std::string line;
    std::getline(std::istream(&typed), line);
    redan::wamp::Payload payload;
    payload.args.emplace_back(line);
    auto published = co_await client->publish(kRoom, std::move(payload));
    if (!published) std::cout << "-- " << text(published.error().code) << std::endl;
  }
  client->leave();
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 4) {
    std::cerr << "chat URL REALM KEY_RING [PIN]\n";
    return 2;
  }
  redan::wamp::ClientConfig config;
  config.url = argv[1];
  config.realm = argv[2];
  if (argc > 4) config.pin = argv[4];
  std::ifstream file(argv[3]);
  const auto ring = redan::wamp::parse_key_ring(std::string(std::istreambuf_iterator<char>(file), {}));
  if (!ring) {
    std::cerr << argv[3] << ": " << ring.error() << '\n';
    return 2;
  }
  config.key_ring = *ring;
  asio::io_context io;
  int code = 0;
  asio::co_spawn(io, talk(io, std::move(config), code), [&](const std::exception_ptr&) { io.stop(); });
  io.run();
  return code;
}
