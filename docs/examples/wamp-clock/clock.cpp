// A procedure that tells the time, and a caller of it, in one program.
//
//   clock URL REALM [PIN]
//
// Registers com.example.clock.now and com.example.clock.ticks, calls both, and goes on serving until it is stopped.
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <ctime>
#include <iostream>
#include <redan/wamp.hpp>

namespace {

namespace asio = boost::asio;
using redan::wamp::Client;
using Call = std::shared_ptr<Client::Invocation>;

void tell_time(const Call& call) { (void)call->yield({{static_cast<std::int64_t>(std::time(nullptr))}, {}, {}}); }

/// As many results as the caller asks for, one after the other.
void tick(const Call& call) {
  const auto* wanted = call->payload.args.empty() ? nullptr : call->payload.args[0].get_if<std::int64_t>();
  if (wanted == nullptr || *wanted < 1 || *wanted > 100) {
    (void)call->fail("com.example.clock.error.bad_count");
    return;
  }
  for (std::int64_t n = 1; n < *wanted; ++n) (void)call->progress({{n}, {}, {}});
  (void)call->yield({{*wanted}, {}, {}});
}

/// Throws what went wrong.
template <class T>
T must(redan::wamp::Outcome<T> outcome) {
  if (!outcome) throw std::runtime_error(std::string(text(outcome.error().code)) + " " + outcome.error().uri);
  return std::move(*outcome);
}

asio::awaitable<void> serve_and_call(asio::io_context& io, redan::wamp::ClientConfig config) {
  auto joined = co_await Client::join(io, std::move(config));
  const std::shared_ptr<Client> client = must(std::move(joined));
  auto now = co_await client->register_procedure("com.example.clock.now", tell_time);
  must(std::move(now));
  auto ticks = co_await client->register_procedure("com.example.clock.ticks", tick);
  must(std::move(ticks));

  auto time = co_await client->call("com.example.clock.now", {});
  std::cout << "now " << *must(std::move(time)).args.at(0).get_if<std::int64_t>() << std::endl;
  Client::Progress progress;
  progress.on_result = [](const redan::wamp::Payload& part) {
    std::cout << "tick " << *part.args.at(0).get_if<std::int64_t>() << std::endl;
  };
  redan::wamp::Payload three;
  three.args = {3};
  auto last = co_await client->call("com.example.clock.ticks", std::move(three), {}, std::move(progress));
  std::cout << "last tick " << *must(std::move(last)).args.at(0).get_if<std::int64_t>() << std::endl;

  // The handlers do not own the client, so this does: for ever.
  asio::steady_timer for_ever(io, asio::steady_timer::time_point::max());
  co_await for_ever.async_wait(asio::use_awaitable);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) {
    std::cerr << "clock URL REALM [PIN]\n";
    return 2;
  }
  asio::io_context io;
  redan::wamp::ClientConfig config;
  config.url = argv[1];
  config.realm = argv[2];
  if (argc > 3) config.pin = argv[3];
  int code = 0;
  asio::co_spawn(io, serve_and_call(io, std::move(config)), [&](const std::exception_ptr& error) {
    try {
      if (error) std::rethrow_exception(error);
    } catch (const std::exception& failure) {
      std::cerr << failure.what() << '\n';
      code = 1;
    }
    io.stop();
  });
  io.run();
  return code;
}
