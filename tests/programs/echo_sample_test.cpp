// README's sample as a process: an offer on its standard input, the answer on its output, and every message echoed.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <redan/udp_socket.hpp>

#include "tests/support/dtls_pair.hpp"

namespace redan {
namespace {

using namespace std::chrono_literals;

const char* g_redan = nullptr;

/// `redan echo` with its standard input and output.
class EchoProcess {
 public:
  EchoProcess() {
    int in[2];
    int out[2];
    EXPECT_EQ(::pipe(in), 0);
    EXPECT_EQ(::pipe(out), 0);
    pid_ = ::fork();
    if (pid_ == 0) {
      ::dup2(in[0], 0);
      ::dup2(out[1], 1);
      for (const int fd : {in[0], in[1], out[0], out[1]}) ::close(fd);
      ::execl(g_redan, g_redan, "echo", nullptr);
      ::_exit(127);
    }
    ::close(in[0]);
    ::close(out[1]);
    in_ = in[1];
    out_ = out[0];
  }
  ~EchoProcess() {
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
  EchoProcess(const EchoProcess&) = delete;
  EchoProcess& operator=(const EchoProcess&) = delete;

  std::string answer_to(const std::string& offer) const {
    EXPECT_EQ(::write(in_, offer.data(), offer.size()), static_cast<ssize_t>(offer.size()));
    ::close(in_);
    std::string answer;
    std::array<char, 4096> buffer{};
    while (answer.find("a=max-message-size") == std::string::npos) {
      const ssize_t n = ::read(out_, buffer.data(), buffer.size());
      if (n <= 0) break;
      answer.append(buffer.data(), static_cast<std::size_t>(n));
    }
    // The rest of the last line.
    while (!answer.ends_with("\r\n")) {
      char c = 0;
      if (::read(out_, &c, 1) != 1) break;
      answer += c;
    }
    return answer;
  }
  int wait() {
    int status = 0;
    ::waitpid(pid_, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }

 private:
  pid_t pid_ = -1;
  int in_ = -1;
  int out_ = -1;
};

TEST(EchoSample, AnswersEchoesAndEndsWithItsPeer) {
  const auto provider = default_provider();
  auto socket = UdpSocket::bind(Address::v4({127, 0, 0, 1}, 0));
  ASSERT_TRUE(socket);
  Endpoint endpoint({.local_addresses = {socket->local_address()}, .announce_lite = false},
                    test::test_identity(*provider), *provider);
  const auto offered = endpoint.offer({});
  ASSERT_TRUE(offered);
  const auto channel = endpoint.open_channel(offered->peer, "any");
  EchoProcess process;
  const auto completed = endpoint.complete(offered->peer, process.answer_to(offered->offer));
  ASSERT_TRUE(completed) << completed.error().detail;

  std::string received;
  const TimePoint end = now() + 10s;
  std::array<std::uint8_t, 1500> buffer{};
  for (bool closed = false; !closed && now() < end;) {
    const Output output = endpoint.poll_output(now(), buffer);
    if (const auto* wait = std::get_if<Wait>(&output)) {
      if (const auto datagram = socket->receive(std::min(wait->until, end))) endpoint.handle_input(now(), *datagram);
    } else if (const auto* transmit = std::get_if<Transmit>(&output)) {
      socket->send(*transmit);
    } else if (std::holds_alternative<ChannelOpened>(output)) {
      ASSERT_TRUE(endpoint.send(offered->peer, *channel, MessageKind::text, as_bytes("twenty-five lines")));
    } else if (const auto* message = std::get_if<Message>(&output)) {
      received = as_text(message->payload);
      endpoint.close(offered->peer);
    } else if (std::holds_alternative<Closed>(output)) {
      closed = true;
    }
  }
  EXPECT_EQ(received, "twenty-five lines");
  EXPECT_EQ(process.wait(), 0);
}

}  // namespace
}  // namespace redan

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  redan::g_redan = argc > 1 ? argv[1] : "redan";
  return RUN_ALL_TESTS();
}
