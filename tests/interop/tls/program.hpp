// A program of this machine with its three streams, which does not outlive its test.
#pragma once

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <stdexcept>
#include <string>
#include <vector>

namespace redan::test {

class Program {
 public:
  explicit Program(const std::vector<std::string>& words) {
    std::array<std::array<int, 2>, 3> pipes{};
    for (auto& pipe : pipes) {
      if (::pipe2(pipe.data(), O_CLOEXEC) != 0) throw std::runtime_error("pipe2");
    }
    process_ = ::fork();
    if (process_ == 0) become(words, {pipes[0][0], pipes[1][1], pipes[2][1]});
    for (const int theirs : {pipes[0][0], pipes[1][1], pipes[2][1]}) ::close(theirs);
    input_ = pipes[0][1];
    streams_ = {pipes[1][0], pipes[2][0]};
    for (const int stream : streams_) ::fcntl(stream, F_SETFL, O_NONBLOCK);
  }
  ~Program() {
    ::kill(process_, SIGKILL);
    ::waitpid(process_, nullptr, 0);
    end_input();
    for (const int stream : streams_) ::close(stream);
  }
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;

  void write(const std::string& text) const {
    if (::write(input_, text.data(), text.size()) != static_cast<ssize_t>(text.size())) {
      throw std::runtime_error("the program does not read");
    }
  }
  void end_input() {
    if (input_ >= 0) ::close(input_);
    input_ = -1;
  }
  /// Its complete output so far.
  const std::string& output() { return read(0); }
  const std::string& errors() { return read(1); }
  /// Whether it has closed its output, which it does when it ends.
  bool ended() {
    (void)output();
    return ended_;
  }

 private:
  [[noreturn]] static void become(const std::vector<std::string>& words, const std::array<int, 3>& streams) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    for (int i = 0; i < 3; ++i) ::dup2(streams[static_cast<std::size_t>(i)], i);
    std::vector<char*> arguments;
    for (const std::string& word : words) arguments.push_back(const_cast<char*>(word.c_str()));
    arguments.push_back(nullptr);
    ::execvp(arguments[0], arguments.data());
    ::_exit(127);
  }
  const std::string& read(std::size_t which) {
    std::array<char, 4096> buffer;
    for (;;) {
      const ssize_t size = ::read(streams_[which], buffer.data(), buffer.size());
      if (size == 0 && which == 0) ended_ = true;
      if (size <= 0) return text_[which];
      text_[which].append(buffer.data(), static_cast<std::size_t>(size));
    }
  }

  pid_t process_ = 0;
  int input_ = -1;
  std::array<int, 2> streams_{};
  std::array<std::string, 2> text_;
  bool ended_ = false;
};

}  // namespace redan::test
