#include "cloud/ams/local_launcher.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <charconv>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <optional>

#include "net/descriptor.hpp"

namespace redan::cloud::ams {
namespace {

namespace asio = boost::asio;
namespace fs = std::filesystem;

constexpr std::chrono::milliseconds kLook{20};

LaunchFailure system_failure(const std::string& what) { return {what + ": " + std::strerror(errno)}; }

bool write_private(const fs::path& file, std::string_view text) {
  const net::Descriptor out(::open(file.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600));
  return out.ok() && ::write(out.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size());
}

std::optional<int> read_pid(const fs::path& lock) {
  std::ifstream in(lock);
  std::string text;
  std::getline(in, text);
  int pid = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), pid);
  if (error != std::errc() || end == text.data() || pid <= 1) return std::nullopt;
  return pid;
}

struct ChildPlan {
  const char* program;
  std::array<const char*, 5> arguments;
  std::array<const char*, 5> environment;
  int lock, log, nothing;
  rlim_t memory, file_size;
};

// "NAME=value" from AMS's own environment; "" if the variable is not set.
std::string inherited(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? std::string() : std::string(name) + "=" + value;
}

// Runs between fork and exec: only async-signal-safe calls are permitted (fork(2)).
[[noreturn]] void become(const ChildPlan& plan) {
  ::setsid();
  std::array<char, 16> text{};
  std::size_t at = text.size();
  text[--at] = '\n';
  for (int pid = ::getpid(); pid > 0; pid /= 10) text[--at] = static_cast<char>('0' + pid % 10);
  if (::ftruncate(plan.lock, 0) != 0 || ::pwrite(plan.lock, text.data() + at, text.size() - at, 0) < 0) ::_exit(126);
  const rlimit none{0, 0}, memory{plan.memory, plan.memory}, files{1024, 1024}, size{plan.file_size, plan.file_size};
  ::setrlimit(RLIMIT_CORE, &none);
  ::setrlimit(RLIMIT_AS, &memory);
  ::setrlimit(RLIMIT_NOFILE, &files);
  ::setrlimit(RLIMIT_FSIZE, &size);
  ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  sigset_t signals;
  sigemptyset(&signals);
  ::sigprocmask(SIG_SETMASK, &signals, nullptr);
  ::signal(SIGPIPE, SIG_DFL);
  ::dup2(plan.nothing, 0);
  ::dup2(plan.log, 1);
  ::dup2(plan.log, 2);
  // The lock remains open across exec as descriptor 3; no other descriptor does.
  ::dup2(plan.lock, 3);
  ::syscall(SYS_close_range, 4U, ~0U, 0U);
  ::execve(plan.program, const_cast<char* const*>(plan.arguments.data()),
           const_cast<char* const*>(plan.environment.data()));
  ::_exit(127);
}

bool is_ready(int descriptor) {
  pollfd one{descriptor, POLLIN, 0};
  return ::poll(&one, 1, 0) == 1;
}

std::string describe(int status) {
  if (WIFSIGNALED(status)) return "it was killed by signal " + std::to_string(WTERMSIG(status));
  return "it exited with status " + std::to_string(WEXITSTATUS(status));
}

}  // namespace

struct LocalLauncher::Watched {
  Watched(asio::io_context& io, int pidfd, int the_pid) : descriptor(io, pidfd), pid(the_pid) {}
  asio::posix::stream_descriptor descriptor;
  int pid;
  bool ended_by_us = false;
};

LocalLauncher::LocalLauncher(asio::io_context& io, LocalLauncherConfig config) : io_(io), config_(std::move(config)) {
  fs::create_directories(config_.directory);
  fs::permissions(config_.directory, fs::perms::owner_all);
}
LocalLauncher::~LocalLauncher() = default;

// The process that holds the lock is alive.
Existence LocalLauncher::look(const std::string& id) const {
  const net::Descriptor lock(::open((folder(id) / "lock").c_str(), O_RDWR | O_CLOEXEC));
  if (!lock.ok()) return fs::exists(folder(id)) ? Existence::stopped : Existence::absent;
  return ::flock(lock.get(), LOCK_SH | LOCK_NB) == 0 ? Existence::stopped : Existence::running;
}

net::Task<LaunchResult<Existence>> LocalLauncher::find(std::string id) { co_return look(id); }

net::Task<LaunchResult<void>> LocalLauncher::launch(LaunchSpec spec) {
  const fs::path home = folder(spec.id);
  std::error_code error;
  fs::create_directory(home, error);
  fs::permissions(home, fs::perms::owner_all, error);
  if (error) co_return tl::unexpected(LaunchFailure{"cannot make " + home.string() + ": " + error.message()});
  // The child's descriptors are numbered from 4, so that they do not collide with 0 to 3.
  const net::Descriptor opened(::open((home / "lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  const net::Descriptor lock(opened.ok() ? ::fcntl(opened.get(), F_DUPFD_CLOEXEC, 4) : -1);
  if (!lock.ok()) co_return tl::unexpected(system_failure("cannot open the instance's lock"));
  if (::flock(lock.get(), LOCK_EX | LOCK_NB) != 0) co_return LaunchResult<void>{};  // it is already running
  const std::string data = (home / "user-data.json").string();
  if (!write_private(data, spec.user_data)) co_return tl::unexpected(system_failure("cannot write the user data"));
  const net::Descriptor log_file(
      ::open((home / "log").c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600));
  const net::Descriptor nothing(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  const net::Descriptor log_high(log_file.ok() ? ::fcntl(log_file.get(), F_DUPFD_CLOEXEC, 4) : -1);
  const net::Descriptor nothing_high(nothing.ok() ? ::fcntl(nothing.get(), F_DUPFD_CLOEXEC, 4) : -1);
  if (!log_high.ok() || !nothing_high.ok()) co_return tl::unexpected(system_failure("cannot open the instance's log"));

  ChildPlan plan{};
  plan.program = config_.program.c_str();
  plan.arguments = {plan.program, "runtime", "--user-data", data.c_str(), nullptr};
  // Nothing else is inherited from AMS's environment: it may contain secrets that are not for an instance.
  const std::string own_home = "HOME=" + home.string();
  const std::array variables{inherited("PATH"), inherited("LANG"), inherited("TZ")};
  std::size_t count = 0;
  plan.environment[count++] = own_home.c_str();
  for (const std::string& variable : variables) {
    if (!variable.empty()) plan.environment[count++] = variable.c_str();
  }
  plan.lock = lock.get();
  plan.log = log_high.get();
  plan.nothing = nothing_high.get();
  plan.memory = static_cast<rlim_t>(spec.memory_bytes > 0 ? spec.memory_bytes : config_.memory_bytes);
  plan.file_size = static_cast<rlim_t>(config_.log_bytes);
  io_.notify_fork(asio::io_context::fork_prepare);
  const pid_t pid = ::fork();
  if (pid == 0) become(plan);
  io_.notify_fork(asio::io_context::fork_parent);
  if (pid < 0) co_return tl::unexpected(system_failure("cannot start a process"));
  watch(spec.id, pid);
  co_return LaunchResult<void>{};
}

void LocalLauncher::watch(const std::string& id, int pid) {
  const long pidfd = ::syscall(SYS_pidfd_open, pid, 0U);
  if (pidfd < 0) return;
  const auto watched = std::make_shared<Watched>(io_, static_cast<int>(pidfd), pid);
  watched_[id] = watched;
  wait_for_end(id, watched);
}

// A child between fork and exec keeps descriptors open that were closed here meanwhile. epoll continues to report
// events for them, and the reactor attributes these events to the descriptors that now use their slots. So the state of
// the process itself is checked.
void LocalLauncher::wait_for_end(const std::string& id, const std::shared_ptr<Watched>& watched) {
  watched->descriptor.async_wait(asio::posix::stream_descriptor::wait_read, [this, id, watched](const auto& error) {
    if (error) return;
    if (!is_ready(watched->descriptor.native_handle())) return wait_for_end(id, watched);
    int status = 0;
    const bool ours = ::waitpid(watched->pid, &status, WNOHANG) == watched->pid;
    if (const auto found = watched_.find(id); found != watched_.end() && found->second == watched)
      watched_.erase(found);
    if (!watched->ended_by_us && on_exit) on_exit(id, ours ? describe(status) : "it ended");
  });
}

// Signals the whole process group, and waits until the lock is free: remaining child processes count as the instance.
net::Task<bool> LocalLauncher::end(const std::string& id, int signal, std::chrono::milliseconds timeout) {
  if (const auto found = watched_.find(id); found != watched_.end()) found->second->ended_by_us = true;
  asio::steady_timer timer(io_);
  for (auto waited = std::chrono::milliseconds(0);; waited += kLook) {
    if (look(id) != Existence::running) co_return true;
    const auto pid = read_pid(folder(id) / "lock");
    // SIGTERM is sent once; SIGKILL repeatedly, because the instance may start further processes meanwhile.
    if (pid && (waited.count() == 0 || signal == SIGKILL)) ::kill(-*pid, signal);
    if (waited >= timeout) co_return false;
    timer.expires_after(kLook);
    co_await timer.async_wait(asio::as_tuple(asio::use_awaitable));
  }
}

net::Task<LaunchResult<void>> LocalLauncher::stop(std::string id) {
  bool ended = co_await end(id, SIGTERM, config_.politeness);
  if (!ended) ended = co_await end(id, SIGKILL, config_.politeness);
  if (ended) co_return LaunchResult<void>{};
  co_return tl::unexpected(LaunchFailure{"the process does not end"});
}

net::Task<LaunchResult<void>> LocalLauncher::remove(std::string id) {
  const bool ended = co_await end(id, SIGKILL, config_.politeness);
  if (!ended) {
    co_return tl::unexpected(LaunchFailure{"the process does not end"});
  }
  std::error_code error;
  fs::remove_all(folder(id), error);
  if (error) co_return tl::unexpected(LaunchFailure{"cannot remove its folder: " + error.message()});
  co_return LaunchResult<void>{};
}

net::Task<LaunchResult<std::vector<FoundInstance>>> LocalLauncher::find_all() {
  std::vector<FoundInstance> all;
  std::error_code error;
  for (const fs::directory_entry& entry : fs::directory_iterator(config_.directory, error)) {
    const std::string id = entry.path().filename().string();
    all.push_back({id, look(id)});
    if (all.back().existence != Existence::running || watched_.contains(id)) continue;
    if (const auto pid = read_pid(entry.path() / "lock")) watch(id, *pid);
  }
  if (error) co_return tl::unexpected(LaunchFailure{"cannot read " + config_.directory.string()});
  co_return all;
}

net::Task<LaunchResult<std::string>> LocalLauncher::log(std::string id, std::size_t limit) {
  std::ifstream in(folder(id) / "log", std::ios::binary | std::ios::ate);
  if (!in) co_return std::string();
  const auto size = static_cast<std::size_t>(in.tellg());
  const std::size_t length = std::min(size, limit);
  std::string text(length, '\0');
  in.seekg(static_cast<std::streamoff>(size - length));
  in.read(text.data(), static_cast<std::streamsize>(length));
  text.resize(static_cast<std::size_t>(in.gcount()));
  co_return text;
}

}  // namespace redan::cloud::ams
