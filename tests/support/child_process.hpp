// Other programs as child processes of a test. They end with it.
#pragma once

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace redan::test {

using Arguments = std::vector<std::string>;

/// A program that runs until stop() or the destructor. Its output goes to `log`, a file; its input is empty.
class Child {
 public:
  Child(const Arguments& arguments, const std::string& log)
      : Child(arguments, open_file("/dev/null", O_RDONLY), open_file(log, O_WRONLY | O_CREAT | O_APPEND)) {}
  /// Takes the two descriptors; `output` is for standard error as well.
  Child(const Arguments& arguments, int input, int output) : process_(::fork()) {
    if (process_ == 0) become(arguments, input, output);
    ::close(input);
    ::close(output);
    if (process_ < 0) throw std::runtime_error("fork");
  }
  ~Child() { stop(); }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  void stop() {
    if (process_ == 0) return;
    ::kill(process_, SIGKILL);
    wait();
  }
  /// The exit code; 128 and the signal if there was one.
  int wait() {
    int status = 0;
    ::waitpid(process_, &status, 0);
    process_ = 0;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  }

 private:
  static int open_file(const std::string& path, int flags) {
    const int file = ::open(path.c_str(), flags | O_CLOEXEC, 0600);
    if (file < 0) throw std::runtime_error("cannot open " + path);
    return file;
  }
  [[noreturn]] static void become(const Arguments& arguments, int input, int output) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    ::dup2(input, STDIN_FILENO);
    ::dup2(output, STDOUT_FILENO);
    ::dup2(output, STDERR_FILENO);
    std::vector<char*> words;
    for (const std::string& argument : arguments) words.push_back(const_cast<char*>(argument.c_str()));
    words.push_back(nullptr);
    ::execvp(words[0], words.data());
    ::_exit(127);
  }

  pid_t process_;
};

struct Finished {
  int exit_code = 0;
  std::string output;  ///< standard output and error
};

/// Runs a program until it ends. Input is limited to the size of a pipe, 64 KiB. Throws after 60 s.
inline Finished run(const Arguments& arguments, std::string_view input = {}) {
  int in[2];
  int out[2];
  if (::pipe2(in, O_CLOEXEC) != 0 || ::pipe2(out, O_CLOEXEC) != 0) throw std::runtime_error("pipe");
  const bool whole = ::write(in[1], input.data(), input.size()) == static_cast<ssize_t>(input.size());
  ::close(in[1]);
  Child child(arguments, in[0], out[1]);
  Finished finished;
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(60);
  char buffer[4096];
  for (ssize_t n = 1; n > 0;) {
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
    pollfd waiting{out[0], POLLIN, 0};
    if (!whole || ::poll(&waiting, 1, static_cast<int>(left.count())) <= 0) {
      ::close(out[0]);
      throw std::runtime_error(arguments.front() + " did not end");
    }
    n = ::read(out[0], buffer, sizeof buffer);
    if (n > 0) finished.output.append(buffer, static_cast<std::size_t>(n));
  }
  ::close(out[0]);
  finished.exit_code = child.wait();
  return finished;
}

}  // namespace redan::test
