#include "cloud/agent/ams_client.hpp"

#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/ip/tcp.hpp>

namespace redan::cloud::agent {
namespace {

using boost::asio::ip::tcp;

// A busy AMS closes connections before it has read a request.
TEST(AmsClientTest, RetriesWhenNothingWasSent) {
  boost::asio::io_context io{1};
  tcp::acceptor acceptor(io, {boost::asio::ip::make_address("127.0.0.1"), 0});
  int connections = 0;
  const std::function<void()> close_each = [&] {
    acceptor.async_accept([&](const boost::system::error_code& error, tcp::socket socket) {
      if (error) return;
      ++connections;
      socket.close();
      close_each();
    });
  };
  close_each();
  AmsClient client(io, net::TlsRemote{"127.0.0.1", acceptor.local_endpoint().port(),
                                      net::PinnedSha256{Digest{.storage = {}, .size = 32}}, nullptr});
  std::optional<api::Outcome<void>> outcome;
  boost::asio::co_spawn(
      io,
      [&]() -> net::Task<void> {
        auto done = co_await client.remove("x");
        outcome.emplace(std::move(done));
        acceptor.close();
      },
      boost::asio::detached);
  io.run_for(std::chrono::seconds(10));
  ASSERT_TRUE(outcome);
  ASSERT_FALSE(*outcome);
  EXPECT_EQ(outcome->error().status, 503U) << outcome->error().message;
  EXPECT_EQ(connections, 3);
}

}  // namespace
}  // namespace redan::cloud::agent
