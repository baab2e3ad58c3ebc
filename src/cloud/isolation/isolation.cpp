#include "cloud/isolation/isolation.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <boost/json/parse.hpp>
#include <cstring>
#include <fstream>
#include <random>
#include <set>
#include <sstream>

#include "cloud/isolation/seccomp.hpp"
#include "net/descriptor.hpp"

namespace redan::cloud::isolation {
namespace {

namespace fs = std::filesystem;

// The descriptors of bubblewrap: first those that the init keeps.
enum Slot : int { kLock, kLog, kErrors, kControl, kPasswd, kGroup, kCalls, kRequests, kInfo };

std::optional<fs::path> find_program(const std::string& search_path, const char* name) {
  std::istringstream directories(search_path);
  for (std::string directory; std::getline(directories, directory, ':');) {
    const fs::path file = fs::path(directory) / name;
    if (::access(file.c_str(), X_OK) == 0) return file;
  }
  return std::nullopt;
}

int open_text(const std::string& text) {
  const int file = ::memfd_create("text", MFD_CLOEXEC);
  if (file < 0) return -1;
  if (::write(file, text.data(), text.size()) == static_cast<ssize_t>(text.size()) && ::lseek(file, 0, SEEK_SET) == 0)
    return file;
  ::close(file);
  return -1;
}

// Programs ask for the name of their user; the host's users are not theirs to know.
std::string passwd_of(uid_t user) {
  const std::string number = std::to_string(user);
  return "root:x:0:0:root:/:/usr/sbin/nologin\ninstance:x:" + number + ":" + number + "::" + kInstanceHome +
         ":/bin/sh\n";
}

std::string group_of(uid_t user) { return "root:x:0:\ninstance:x:" + std::to_string(user) + ":\n"; }

std::string read_all(int file) {
  std::string text(4096, '\0');
  const ssize_t size = ::pread(file, text.data(), text.size(), 0);
  text.resize(size > 0 ? static_cast<std::size_t>(size) : 0);
  while (!text.empty() && (text.back() == '\n' || text.back() == '\0')) text.pop_back();
  return text;
}

struct TrialFolder {
  TrialFolder(const fs::path& directory, std::optional<uid_t> user) : path(directory / ".trial") {
    std::error_code ignored;
    fs::remove_all(path, ignored);
    fs::create_directories(path / "home", ignored);
    std::ofstream(path / "user-data.json") << "{}";
    is_made = !user || ::lchown((path / "home").c_str(), *user, *user) == 0;
  }
  ~TrialFolder() {
    std::error_code ignored;
    fs::remove_all(path, ignored);
  }
  TrialFolder(const TrialFolder&) = delete;
  TrialFolder& operator=(const TrialFolder&) = delete;
  fs::path path;
  bool is_made = false;
};

}  // namespace

tl::expected<Isolation, std::string> Isolation::make(IsolationConfig config, const fs::path& directory) {
  if (std::string objection = objection_to(directory); !objection.empty()) return tl::unexpected(std::move(objection));
  const auto bubblewrap = find_program(config.search_path, "bwrap");
  if (!bubblewrap) return tl::unexpected(std::string("bubblewrap is not installed: apt-get install bubblewrap"));
  Isolation isolation(std::move(config), *bubblewrap);
  const std::string failure = isolation.trial(directory);
  if (failure.empty()) return isolation;
  return tl::unexpected(failure + "; bubblewrap needs user namespaces (sysctl user.max_user_namespaces and, where it " +
                        "exists, kernel.apparmor_restrict_unprivileged_userns=0), or root");
}

std::string Isolation::trial(const fs::path& directory) const {
  const std::optional<uid_t> user = config_.has_users ? std::optional(kFirstUser) : std::nullopt;
  const TrialFolder folder(directory, user);
  const net::Descriptor nothing(::open("/dev/null", O_RDWR | O_CLOEXEC)), log(::memfd_create("trial", MFD_CLOEXEC));
  Confined trial;
  trial.name = "redan-trial";
  trial.program = "/bin/true";
  trial.home = folder.path / "home";
  trial.user_data = folder.path / "user-data.json";
  trial.info = folder.path / "info";
  trial.user = user;
  trial.lock = trial.control = nothing.get();
  trial.log = log.get();
  const pid_t pid = folder.is_made ? start(trial, {}) : -1;
  if (pid < 0) return std::string("cannot start a process: ") + std::strerror(errno);
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) continue;
  cgroups_.remove(trial.name);
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return {};
  return "a trial failed: " + read_all(log.get());
}

std::string Isolation::description() const {
  const char* user = config_.has_users ? "a user of its own for each instance" : "a user namespace for each instance";
  return bubblewrap_.string() + ", " + user + ", seccomp; " + cgroups_.description();
}

pid_t Isolation::start(const Confined& instance, Child child) const {
  const uid_t user = instance.user.value_or(::geteuid());
  const net::Descriptor passwd(open_text(passwd_of(user))), group(open_text(group_of(user)));
  const net::Descriptor calls(open_filter(Filter::calls)), requests(open_filter(Filter::requests));
  const net::Descriptor info(
      ::open(instance.info.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!passwd.ok() || !group.ok() || !calls.ok() || !requests.ok() || !info.ok()) return -1;
  Sandbox sandbox;
  sandbox.bubblewrap = bubblewrap_;
  sandbox.init = config_.init;
  sandbox.init_arguments = config_.init_arguments;
  sandbox.program = instance.program;
  sandbox.arguments = instance.arguments;
  sandbox.home = instance.home;
  sandbox.user_data = instance.user_data;
  sandbox.user = instance.user;
  if (instance.limits.processes > 0) sandbox.max_processes = instance.limits.processes;
  sandbox.passwd = kPasswd;
  sandbox.group = kGroup;
  sandbox.calls = kCalls;
  sandbox.requests = kRequests;
  sandbox.info = kInfo;
  child.arguments = bubblewrap_arguments(sandbox);
  child.descriptors = {instance.lock, instance.log, instance.log,   instance.control, passwd.get(),
                       group.get(),   calls.get(),  requests.get(), info.get()};
  std::vector<std::unique_ptr<net::Descriptor>> members;
  for (const fs::path& directory : cgroups_.make(instance.name, instance.limits)) {
    members.push_back(
        std::make_unique<net::Descriptor>(::open((directory / "cgroup.procs").c_str(), O_WRONLY | O_CLOEXEC)));
    child.cgroups.push_back(members.back()->get());
  }
  return spawn(child);
}

std::optional<pid_t> init_of(const fs::path& info) {
  std::ifstream in(info);
  std::ostringstream text;
  text << in.rdbuf();
  boost::system::error_code error;
  const boost::json::value value = boost::json::parse(text.str(), error);
  const auto* pid = error || !value.is_object() ? nullptr : value.get_object().if_contains("child-pid");
  if (pid == nullptr || !pid->is_int64() || pid->get_int64() <= 1) return std::nullopt;
  return static_cast<pid_t>(pid->get_int64());
}

uid_t free_user(const fs::path& directory) {
  std::set<uid_t> used;
  std::error_code error;
  for (const fs::directory_entry& entry : fs::directory_iterator(directory, error)) {
    struct stat status {};
    if (::lstat((entry.path() / "home").c_str(), &status) == 0) used.insert(status.st_uid);
  }
  std::random_device random;
  std::uniform_int_distribution<uid_t> any(kFirstUser, kFirstUser + kUsers - 1);
  for (;;) {
    const uid_t user = any(random);
    if (!used.contains(user)) return user;
  }
}

}  // namespace redan::cloud::isolation
