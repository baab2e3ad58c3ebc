// A WAMP client without a router: the failure to connect is what it receives.
#include <boost/asio/co_spawn.hpp>
#include <iostream>
#include <redan/wamp.hpp>

int main() {
  boost::asio::io_context io;
  redan::wamp::ClientConfig config;
  config.url = "rs://127.0.0.1:1";
  config.realm = "realm1";
  config.key_ring = redan::wamp::parse_key_ring(R"({"required": ["com."]})").value();
  boost::asio::co_spawn(io, redan::wamp::Client::join(io, std::move(config)),
                        [](std::exception_ptr error, auto joined) {
                          if (!error && !joined && name(joined.error().code) == "connect_failed")
                            std::cout << "received hello\n";
                        });
  io.run();
}
