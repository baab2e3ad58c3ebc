#include "cloud/isolation/start.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>

namespace redan::cloud::isolation {
namespace {

constexpr int kReport = 3;  ///< closed by a successful execve

// The streams are above 2 after this, so that none is overwritten before it is moved.
bool place(const std::array<int, 3>& streams, int report) {
  std::array<int, 4> moved{};
  for (std::size_t i = 0; i < moved.size(); ++i) {
    moved[i] = ::fcntl(i < 3 ? streams[i] : report, F_DUPFD, 16);
    if (moved[i] < 0) return false;
  }
  for (int i = 0; i < 3; ++i) ::dup2(moved[static_cast<std::size_t>(i)], i);
  ::dup3(moved[3], kReport, O_CLOEXEC);
  return ::syscall(SYS_close_range, kReport + 1U, ~0U, 0U) == 0;
}

void unblock_signals() {
  sigset_t none;
  sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
}

// In a process with one thread, so that allocating after fork is safe.
[[noreturn]] void become(const std::vector<std::string>& command, const std::map<std::string, std::string>& environment,
                         const std::array<int, 3>& streams, int report, bool on_terminal) {
  std::vector<char*> arguments;
  for (const std::string& word : command) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  for (const auto& [name, value] : environment) ::setenv(name.c_str(), value.c_str(), 1);
  ::setsid();
  unblock_signals();
  if (!place(streams, report)) ::_exit(126);
  if (on_terminal) ::ioctl(STDIN_FILENO, TIOCSCTTY, 0);
  ::execvp(arguments.front(), arguments.data());
  const int error = errno;
  ::_exit(::write(kReport, &error, sizeof error) == sizeof error ? 127 : 126);
}

}  // namespace

pid_t start(const std::vector<std::string>& command, const std::map<std::string, std::string>& environment,
            const std::array<int, 3>& streams, bool on_terminal) {
  std::array<int, 2> report{};
  if (::pipe2(report.data(), O_CLOEXEC) != 0) return -1;
  const pid_t pid = ::fork();
  if (pid == 0) become(command, environment, streams, report[1], on_terminal);
  int error = pid < 0 ? errno : 0;
  ::close(report[1]);
  if (pid > 0 && ::read(report[0], &error, sizeof error) == sizeof error) ::waitpid(pid, nullptr, 0);
  ::close(report[0]);
  errno = error;
  return error == 0 ? pid : -1;
}

}  // namespace redan::cloud::isolation
