#include "cloud/isolation/init.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstring>
#include <utility>

#include "cloud/isolation/confine.hpp"
#include "cloud/isolation/keeper.hpp"
#include "cloud/isolation/sandbox.hpp"
#include "cloud/isolation/start.hpp"

namespace redan::cloud::isolation {
namespace {

constexpr int kControl = 3;
constexpr int kCannotStart = 126;

int code_of(int status) { return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status); }

int fail(const char* what) {
  std::fprintf(stderr, "the isolation of this instance is incomplete: %s: %s\n", what, std::strerror(errno));
  return kCannotStart;
}

class Init {
 public:
  explicit Init(const InitOptions& options) : options_(options) {}

  int run() {
    const int signals = watched_signals();
    if (signals < 0) return fail("signalfd");
    if (!start_program()) return fail(options_.program.front().c_str());
    while (!code_) {
      std::array<pollfd, 2> ready{pollfd{signals, POLLIN, 0}, pollfd{kControl, POLLIN, 0}};
      if (::poll(ready.data(), ready.size(), -1) < 0 && errno != EINTR) return fail("poll");
      if (ready[0].revents != 0) on_signal(signals);
      if (!code_ && (ready[1].revents & POLLIN) != 0) on_request();
    }
    return *code_;
  }

 private:
  static int watched_signals() {
    sigset_t set;
    sigemptyset(&set);
    for (const int number : {SIGCHLD, SIGTERM, SIGINT, SIGHUP}) sigaddset(&set, number);
    ::sigprocmask(SIG_BLOCK, &set, nullptr);
    return ::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
  }

  bool start_program() {
    const int nothing = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
    program_ = nothing < 0 ? -1 : start(options_.program, {}, {nothing, STDOUT_FILENO, STDERR_FILENO}, false);
    const int error = errno;
    if (nothing >= 0) ::close(nothing);
    errno = error;
    return program_ > 0;
  }

  void on_signal(int signals) {
    signalfd_siginfo one{};
    while (::read(signals, &one, sizeof one) == sizeof one) {
      if (one.ssi_signo != SIGCHLD) forward(static_cast<int>(one.ssi_signo));
    }
    int status = 0;
    for (pid_t pid = 0; (pid = ::waitpid(-1, &status, WNOHANG)) > 0;) {
      if (pid == program_) code_ = code_of(status);
    }
  }

  // Once: AMS repeats a signal, because the first may come before this process is ready, and a second one would end the
  // program at once.
  void forward(int number) {
    if (!std::exchange(has_forwarded_, true)) ::kill(-program_, number);
  }

  void on_request() {
    const int connection = ::accept4(kControl, nullptr, nullptr, SOCK_CLOEXEC);
    if (connection < 0) return;
    if (::fork() == 0) ::_exit(keep(connection));
    ::close(connection);
  }

  const InitOptions& options_;
  pid_t program_ = -1;
  bool has_forwarded_ = false;
  std::optional<int> code_;
};

}  // namespace

int run_init(const InitOptions& options) {
  if (options.user && !become_user(*options.user)) return fail("setresuid");
  if (!hide_memory()) return fail("PR_SET_DUMPABLE");
  if (options.max_processes > 0 && !limit_processes(static_cast<rlim_t>(options.max_processes)))
    return fail("RLIMIT_NPROC");
  if (!scope_to_descendants()) return fail("Landlock");
  if (::chdir(kInstanceHome) != 0) return fail(kInstanceHome);
  return Init(options).run();
}

}  // namespace redan::cloud::isolation
