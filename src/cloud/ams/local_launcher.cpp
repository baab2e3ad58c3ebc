#include "cloud/ams/local_launcher.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

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

#include "cloud/ams/control_socket.hpp"
#include "cloud/ams/local_execution.hpp"
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

// "NAME=value" from AMS's own environment; "" if the variable is not set.
std::string inherited(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? std::string() : std::string(name) + "=" + value;
}

// Nothing else is inherited from AMS's environment: it may contain secrets that are not for an instance.
std::vector<std::string> environment(const std::string& home) {
  std::vector<std::string> all{"HOME=" + home};
  for (const char* name : {"PATH", "LANG", "TZ"}) {
    if (std::string variable = inherited(name); !variable.empty()) all.push_back(std::move(variable));
  }
  return all;
}

// The user of an isolated instance is the owner of its home; absent if that is AMS's own.
std::optional<uid_t> user_of(const fs::path& home) {
  struct stat status {};
  if (::lstat(home.c_str(), &status) != 0 || status.st_uid == ::geteuid()) return std::nullopt;
  return status.st_uid;
}

std::string cgroup_of(const std::string& id) { return "redan-" + id; }

bool is_ready(int descriptor) {
  pollfd one{descriptor, POLLIN, 0};
  return ::poll(&one, 1, 0) == 1;
}

std::string describe(int status) {
  if (WIFSIGNALED(status)) return "it was killed by signal " + std::to_string(WTERMSIG(status));
  return "it exited with status " + std::to_string(WEXITSTATUS(status));
}

}  // namespace

struct LocalLauncher::Files {
  fs::path home;
  int lock, log, nothing;
};

struct LocalLauncher::Watched {
  Watched(asio::io_context& io, int pidfd, int the_pid) : descriptor(io, pidfd), pid(the_pid) {}
  asio::posix::stream_descriptor descriptor;
  int pid;
  bool ended_by_us = false;
  bool abandoned = false;  ///< its launcher does not exist any more
};

LocalLauncher::LocalLauncher(asio::io_context& io, LocalLauncherConfig config) : io_(io), config_(std::move(config)) {
  fs::create_directories(config_.directory);
  fs::permissions(config_.directory, fs::perms::owner_all);
  // A command that closes its input must not end AMS.
  if (config_.isolation) ::signal(SIGPIPE, SIG_IGN);
}
LocalLauncher::~LocalLauncher() {
  for (const auto& [id, watched] : watched_) watched->abandoned = true;
}

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
  const net::Descriptor lock(::open((home / "lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!lock.ok()) co_return tl::unexpected(system_failure("cannot open the instance's lock"));
  if (::flock(lock.get(), LOCK_EX | LOCK_NB) != 0) co_return LaunchResult<void>{};  // it is already running
  if (!write_private(home / "user-data.json", spec.user_data)) {
    co_return tl::unexpected(system_failure("cannot write the user data"));
  }
  const net::Descriptor log_file(
      ::open((home / "log").c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600));
  const net::Descriptor nothing(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  if (!log_file.ok() || !nothing.ok()) co_return tl::unexpected(system_failure("cannot open the instance's log"));
  const Files files{home, lock.get(), log_file.get(), nothing.get()};
  io_.notify_fork(asio::io_context::fork_prepare);
  const pid_t pid = config_.isolation ? start_isolated(spec, files) : start_bare(spec, files);
  io_.notify_fork(asio::io_context::fork_parent);
  if (pid < 0) co_return tl::unexpected(system_failure("cannot start a process"));
  watch(spec.id, pid);
  co_return LaunchResult<void>{};
}

pid_t LocalLauncher::start_bare(const LaunchSpec& spec, const Files& files) const {
  std::error_code ignored;
  for (const char* left : {"control", "sandbox", "sockets"}) fs::remove(files.home / left, ignored);
  isolation::Child child;
  child.arguments = {config_.program.string(), "runtime", "--user-data", (files.home / "user-data.json").string()};
  child.environment = environment(files.home.string());
  // Descriptor 3, the lock, remains open in it.
  child.descriptors = {files.nothing, files.log, files.log, files.lock};
  child.lock = files.lock;
  child.memory_bytes = spec.memory_bytes > 0 ? spec.memory_bytes : config_.memory_bytes;
  child.file_bytes = config_.log_bytes;
  return isolation::spawn(child);
}

pid_t LocalLauncher::start_isolated(const LaunchSpec& spec, const Files& files) const {
  isolation::Confined instance;
  instance.home = files.home / "home";
  instance.user_data = files.home / "user-data.json";
  if (::mkdir(instance.home.c_str(), 0700) != 0 && errno != EEXIST) return -1;
  if (config_.isolation->has_users()) {
    instance.user = user_of(instance.home).value_or(isolation::free_user(config_.directory));
    for (const fs::path& own : {instance.home, instance.user_data}) {
      if (::lchown(own.c_str(), *instance.user, *instance.user) != 0) return -1;
    }
  }
  // Programs outside find the sockets of data channels where they are without isolation.
  if (::symlink("home/sockets", (files.home / "sockets").c_str()) != 0 && errno != EEXIST) return -1;
  const net::Descriptor control(listen_for_control(files.home / "control"));
  if (!control.ok()) return -1;
  instance.name = cgroup_of(spec.id);
  instance.program = config_.program;
  instance.info = files.home / "sandbox";
  instance.arguments = {"runtime", "--user-data", isolation::kInstanceUserData, "--channels",
                        std::string(isolation::kInstanceHome) + "/sockets"};
  instance.limits = {spec.memory_bytes > 0 ? spec.memory_bytes : config_.memory_bytes, spec.cpus,
                     config_.max_processes};
  instance.lock = files.lock;
  instance.log = files.log;
  instance.control = control.get();
  isolation::Child child;
  child.environment = environment(isolation::kInstanceHome);
  child.lock = files.lock;
  child.memory_bytes = instance.limits.memory_bytes;
  child.file_bytes = config_.log_bytes;
  return config_.isolation->start(instance, std::move(child));
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
    if (error || watched->abandoned) return;
    if (!is_ready(watched->descriptor.native_handle())) return wait_for_end(id, watched);
    int status = 0;
    const bool ours = ::waitpid(watched->pid, &status, WNOHANG) == watched->pid;
    // Only its first process has ended, by another hand.
    if (look(id) == Existence::running) signal(id, SIGKILL, true);
    if (config_.isolation) config_.isolation->remove_cgroups(cgroup_of(id));
    if (const auto found = watched_.find(id); found != watched_.end() && found->second == watched)
      watched_.erase(found);
    if (!watched->ended_by_us && on_exit) on_exit(id, ours ? describe(status) : "it ended");
  });
}

// The init of an isolated instance forwards the first SIGTERM to the program, and with the init all processes inside
// are killed. Others are a process group: it gets SIGTERM once, and SIGKILL repeatedly, because it may start further
// processes meanwhile. Only while the lock is held are these process ids those of the instance.
void LocalLauncher::signal(const std::string& id, int number, bool is_first) const {
  const auto init = isolation::init_of(folder(id) / "sandbox");
  const auto leader = read_pid(folder(id) / "lock");
  if (init) ::kill(*init, number);
  if (!init && leader && (is_first || number == SIGKILL)) ::kill(-*leader, number);
}

// Signals the instance, and waits until the lock is free: remaining child processes count as the instance.
net::Task<bool> LocalLauncher::end(const std::string& id, int number, std::chrono::milliseconds timeout) {
  if (const auto found = watched_.find(id); found != watched_.end()) found->second->ended_by_us = true;
  asio::steady_timer timer(io_);
  for (auto waited = std::chrono::milliseconds(0);; waited += kLook) {
    if (look(id) != Existence::running) co_return true;
    signal(id, number, waited.count() == 0);
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
  if (config_.isolation) config_.isolation->remove_cgroups(cgroup_of(id));
  const bool removed = co_await remove_folder(id);
  if (!removed) co_return tl::unexpected(LaunchFailure{"cannot remove its folder, " + folder(id).string()});
  co_return LaunchResult<void>{};
}

// What an instance left in its home may be large, deep or unreadable: it is removed by another process, which AMS does
// not wait for.
net::Task<bool> LocalLauncher::remove_folder(std::string id) {
  std::error_code error;
  if (!fs::exists(folder(id) / "home", error))
    co_return fs::remove_all(folder(id), error) != static_cast<std::uintmax_t>(-1);
  const net::Descriptor nothing(::open("/dev/null", O_RDWR | O_CLOEXEC));
  isolation::Child child;
  child.arguments = {"/bin/sh", "-c", "chmod -R u+rwX -- \"$0\"; exec rm -rf -- \"$0\"", folder(id).string()};
  child.environment = {"PATH=/usr/bin:/bin"};
  child.descriptors = {nothing.get(), nothing.get(), nothing.get()};
  io_.notify_fork(asio::io_context::fork_prepare);
  const pid_t pid = isolation::spawn(child);
  io_.notify_fork(asio::io_context::fork_parent);
  if (pid < 0) co_return false;
  const long pidfd = ::syscall(SYS_pidfd_open, pid, 0U);
  if (pidfd < 0) co_return false;
  asio::posix::stream_descriptor ended(io_, static_cast<int>(pidfd));
  while (!is_ready(ended.native_handle())) {
    co_await ended.async_wait(asio::posix::stream_descriptor::wait_read, asio::as_tuple(asio::use_awaitable));
  }
  ::waitpid(pid, nullptr, 0);
  co_return !fs::exists(folder(id), error);
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

std::string LocalLauncher::missing_for_exec() const {
  return can_exec() ? "" : "commands in instances of a launcher without isolation";
}

net::Task<LaunchResult<std::shared_ptr<Execution>>> LocalLauncher::exec(std::string id, ExecSpec spec) {
  if (look(id) != Existence::running) co_return tl::unexpected(LaunchFailure{"the instance does not run"});
  const std::optional<uid_t> user = user_of(folder(id) / "home");
  auto execution = co_await execute_locally(io_, folder(id) / "control", user, std::move(spec));
  co_return execution;
}

}  // namespace redan::cloud::ams
