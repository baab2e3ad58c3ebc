#include "cloud/runtime/channel_socket.hpp"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>
#include <fstream>

namespace redan::cloud::runtime {
namespace {

namespace asio = boost::asio;
namespace fs = std::filesystem;
using namespace std::chrono_literals;

class ChannelSocketTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (fs::temp_directory_path() / "redan-channel-XXXXXX").string();
    directory = ::mkdtemp(pattern.data());
    path = directory / "webrtc_data_foo";
  }
  void TearDown() override {
    channel.reset();
    fs::remove_all(directory);
  }
  void listen() {
    auto opened = ChannelSocket::listen(io, path, [this](Bytes bytes) {
      received += as_text(bytes);
      return !full;
    });
    ASSERT_TRUE(opened);
    channel = std::move(*opened);
  }
  asio::local::stream_protocol::socket connect() {
    asio::local::stream_protocol::socket program(io);
    program.connect(asio::local::stream_protocol::endpoint(path.string()));
    return program;
  }
  bool until(const std::function<bool()>& condition) {
    for (int i = 0; i < 500 && !condition(); ++i) {
      io.restart();
      io.run_for(10ms);
    }
    return condition();
  }
  static std::string read(asio::local::stream_protocol::socket& program, std::size_t size) {
    std::string text(size, '\0');
    boost::system::error_code error;
    asio::read(program, asio::buffer(text), error);
    return error ? "" : text;
  }

  asio::io_context io{1};
  fs::path directory, path;
  std::unique_ptr<ChannelSocket> channel;
  std::string received;
  bool full = false;
};

/// No file can be opened while this object exists.
class NoDescriptors {
 public:
  NoDescriptors() {
    ::getrlimit(RLIMIT_NOFILE, &before_);
    const int next = ::dup(STDIN_FILENO);
    ::close(next);
    const rlimit none{static_cast<rlim_t>(next), before_.rlim_max};
    ::setrlimit(RLIMIT_NOFILE, &none);
  }
  ~NoDescriptors() { ::setrlimit(RLIMIT_NOFILE, &before_); }
  NoDescriptors(const NoDescriptors&) = delete;
  NoDescriptors& operator=(const NoDescriptors&) = delete;

 private:
  rlimit before_{};
};

TEST_F(ChannelSocketTest, WaitsWithoutABusyLoopWhenDescriptorsRunOut) {
  listen();
  auto program = connect();
  {
    const NoDescriptors none;
    io.restart();
    EXPECT_LT(io.run_for(500ms), 100U);
  }
  asio::write(program, asio::buffer(std::string("at last")));
  EXPECT_TRUE(until([&] { return received == "at last"; }));
}

TEST_F(ChannelSocketTest, CarriesBytesInBothDirections) {
  listen();
  auto program = connect();
  asio::write(program, asio::buffer(std::string("from the program")));
  ASSERT_TRUE(until([&] { return received == "from the program"; }));
  ASSERT_TRUE(channel->write(as_bytes("from the client")));
  io.restart();
  io.run_for(20ms);
  EXPECT_EQ(read(program, 15), "from the client");
}

TEST_F(ChannelSocketTest, QueuesDataUntilAProgramConnects) {
  listen();
  ASSERT_TRUE(channel->write(as_bytes("one ")));
  ASSERT_TRUE(channel->write(as_bytes("two")));
  auto program = connect();
  io.restart();
  io.run_for(20ms);
  EXPECT_EQ(read(program, 7), "one two");
}

TEST_F(ChannelSocketTest, LimitsTheDataQueuedForASlowProgram) {
  listen();
  const std::string block(64 * 1024, 'x');
  std::size_t taken = 0;
  while (channel->write(as_bytes(block))) taken += block.size();
  EXPECT_EQ(taken, BytePump::kMaxWaiting);
}

TEST_F(ChannelSocketTest, TheProgramWaitsWhenTheClientsBufferIsFull) {
  listen();
  full = true;
  auto program = connect();
  program.non_blocking(true);
  const std::string block(64 * 1024, 'x');
  std::size_t written = 0;
  for (int i = 0; i < 100; ++i) {
    boost::system::error_code error;
    written += program.write_some(asio::buffer(block), error);
    io.restart();
    io.run_for(2ms);
  }
  EXPECT_LE(received.size(), ChannelSocket::kMaxMessage);
  EXPECT_LT(written, 100 * block.size());
  full = false;
  channel->resume();
  EXPECT_TRUE(until([&] { return received.size() == written; }));
}

TEST_F(ChannelSocketTest, ProgramsConnectOneAfterAnother) {
  listen();
  {
    auto first = connect();
    asio::write(first, asio::buffer(std::string("first")));
    ASSERT_TRUE(until([&] { return received == "first"; }));
    auto second = connect();  // waits
    asio::write(second, asio::buffer(std::string("second")));
    io.restart();
    io.run_for(20ms);
    EXPECT_EQ(received, "first");
    first.close();
    EXPECT_TRUE(until([&] { return received == "firstsecond"; }));
  }
  auto third = connect();
  asio::write(third, asio::buffer(std::string("third")));
  EXPECT_TRUE(until([&] { return received == "firstsecondthird"; }));
}

TEST_F(ChannelSocketTest, TheSocketIsPrivateAndRemovedWithTheChannel) {
  listen();
  EXPECT_EQ(fs::status(path).permissions(), fs::perms::owner_read | fs::perms::owner_write);
  EXPECT_FALSE(ChannelSocket::listen(io, path, {}));  // it is in use
  EXPECT_TRUE(fs::exists(path));
  channel.reset();
  EXPECT_FALSE(fs::exists(path));
}

TEST_F(ChannelSocketTest, ReplacesADeadSocketButNoOtherFile) {
  { asio::local::stream_protocol::acceptor dead(io, asio::local::stream_protocol::endpoint(path.string())); }
  ASSERT_TRUE(fs::is_socket(path));
  listen();
  channel.reset();
  std::ofstream(path) << "a file";
  EXPECT_EQ(ChannelSocket::listen(io, path, {}).error(), Errc::io_failed);
  EXPECT_TRUE(fs::is_regular_file(path));
  EXPECT_EQ(ChannelSocket::listen(io, directory / std::string(200, 'x'), {}).error(), Errc::invalid_argument);
  EXPECT_EQ(ChannelSocket::listen(io, directory / "none" / "x", {}).error(), Errc::io_failed);
}

}  // namespace
}  // namespace redan::cloud::runtime
