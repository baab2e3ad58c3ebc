#include "cloud/isolation/keeper.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstring>
#include <vector>

#include "base/words.hpp"
#include "cloud/isolation/descendants.hpp"
#include "cloud/isolation/request.hpp"
#include "cloud/isolation/start.hpp"

namespace redan::cloud::isolation {
namespace {

constexpr std::size_t kMaxStreams = 3;

struct Received {
  std::string text;
  std::vector<int> descriptors;
};

Received receive(int connection) {
  Received received;
  received.text.resize(kMaxRequest);
  iovec part{received.text.data(), received.text.size()};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(kMaxStreams * sizeof(int))> control{};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control.data();
  message.msg_controllen = control.size();
  const ssize_t size = ::recvmsg(connection, &message, MSG_CMSG_CLOEXEC);
  received.text.resize(size > 0 ? static_cast<std::size_t>(size) : 0);
  const cmsghdr* header = CMSG_FIRSTHDR(&message);
  if (size <= 0 || header == nullptr || header->cmsg_type != SCM_RIGHTS) return received;
  received.descriptors.resize((header->cmsg_len - CMSG_LEN(0)) / sizeof(int));
  std::memcpy(received.descriptors.data(), CMSG_DATA(header), received.descriptors.size() * sizeof(int));
  return received;
}

void send(int connection, std::string_view name, int number) {
  const std::string text = Word{name, number}.write();
  ::send(connection, text.data(), text.size(), MSG_NOSIGNAL);
}

int code_of(int status) { return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status); }

class Keeper {
 public:
  explicit Keeper(int connection) : connection_(connection) {}

  int run() {
    ::prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
    signals_ = child_signals();
    if (!start_command()) return 1;
    send(connection_, kStarted, 0);
    watch();
    end_descendants();
    if (code_) send(connection_, kEnded, *code_);
    return 0;
  }

 private:
  static int child_signals() {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGCHLD);
    return ::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
  }

  bool start_command() {
    Received received = receive(connection_);
    const auto request = Request::parse(received.text);
    const std::size_t expected = request && request->terminal ? 1 : kMaxStreams;
    if (signals_ < 0 || !request || received.descriptors.size() != expected) return false;
    received.descriptors.resize(kMaxStreams, received.descriptors.front());
    std::array<int, kMaxStreams> streams{};
    std::copy(received.descriptors.begin(), received.descriptors.end(), streams.begin());
    command_ = start(request->command, request->environment, streams, request->terminal);
    const int error = errno;
    for (const int stream : streams) ::close(stream);  // only the command holds its ends of the pipes
    if (command_ < 0) send(connection_, kFailed, error);
    return command_ > 0;
  }

  // Until the command has ended, or AMS has left.
  void watch() {
    while (!code_) {
      std::array<pollfd, 2> ready{pollfd{signals_, POLLIN, 0}, pollfd{connection_, POLLIN, 0}};
      if (::poll(ready.data(), ready.size(), -1) < 0 && errno != EINTR) return;
      if (ready[0].revents != 0) collect();
      if (!code_ && ready[1].revents != 0 && !obey()) return;
    }
  }

  void collect() {
    signalfd_siginfo one{};
    while (::read(signals_, &one, sizeof one) == sizeof one) continue;
    int status = 0;
    for (pid_t pid = 0; (pid = ::waitpid(-1, &status, WNOHANG)) > 0;) {
      if (pid == command_) code_ = code_of(status);
    }
  }

  bool obey() const {
    std::array<char, kMaxWord> text{};
    const ssize_t size = ::recv(connection_, text.data(), text.size(), 0);
    if (size <= 0) return false;
    const auto word = Word::parse({text.data(), static_cast<std::size_t>(size)});
    if (word && word->name == kSignal) ::kill(-command_, word->number);
    return true;
  }

  int connection_, signals_ = -1;
  pid_t command_ = -1;
  std::optional<int> code_;
};

}  // namespace

int keep(int connection) { return Keeper(connection).run(); }

}  // namespace redan::cloud::isolation
