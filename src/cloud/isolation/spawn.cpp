#include "cloud/isolation/spawn.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>

namespace redan::cloud::isolation {
namespace {

constexpr std::size_t kMaxDescriptors = 16;
constexpr rlim_t kMaxOpenFiles = 1024;

std::vector<char*> pointers(const std::vector<std::string>& texts) {
  std::vector<char*> all;
  for (const std::string& text : texts) all.push_back(const_cast<char*>(text.c_str()));
  all.push_back(nullptr);
  return all;
}

struct Plan {
  char* const* arguments;
  char* const* environment;
  const int* descriptors;
  std::size_t descriptor_count;
  const int* cgroups;
  std::size_t cgroup_count;
  int lock;
  rlim_t memory, file_size;
};

// The functions below run between fork and exec: only async-signal-safe calls are permitted (fork(2)).

bool write_own_pid(int lock) {
  std::array<char, 16> text{};
  std::size_t at = text.size();
  text[--at] = '\n';
  for (int pid = ::getpid(); pid > 0; pid /= 10) text[--at] = static_cast<char>('0' + pid % 10);
  return ::ftruncate(lock, 0) == 0 && ::pwrite(lock, text.data() + at, text.size() - at, 0) > 0;
}

void limit(int resource, rlim_t value) {
  const rlimit both{value, value};
  ::setrlimit(static_cast<__rlimit_resource>(resource), &both);
}

// First above all targets, so that none is overwritten before it is moved.
bool place_descriptors(const Plan& plan) {
  std::array<int, kMaxDescriptors> moved{};
  for (std::size_t i = 0; i < plan.descriptor_count; ++i) {
    moved[i] = ::fcntl(plan.descriptors[i], F_DUPFD, static_cast<int>(kMaxDescriptors));
    if (moved[i] < 0) return false;
  }
  for (std::size_t i = 0; i < plan.descriptor_count; ++i) {
    if (::dup2(moved[i], static_cast<int>(i)) < 0) return false;
  }
  return ::syscall(SYS_close_range, static_cast<unsigned>(plan.descriptor_count), ~0U, 0U) == 0;
}

[[noreturn]] void become(const Plan& plan) {
  ::setsid();
  if (plan.lock >= 0 && !write_own_pid(plan.lock)) ::_exit(126);
  for (std::size_t i = 0; i < plan.cgroup_count; ++i) {
    if (::write(plan.cgroups[i], "0", 1) != 1) ::_exit(126);
  }
  limit(RLIMIT_CORE, 0);
  limit(RLIMIT_NOFILE, kMaxOpenFiles);
  if (plan.memory != 0) limit(RLIMIT_AS, plan.memory);
  if (plan.file_size != 0) limit(RLIMIT_FSIZE, plan.file_size);
  ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  sigset_t signals;
  sigemptyset(&signals);
  ::sigprocmask(SIG_SETMASK, &signals, nullptr);
  ::signal(SIGPIPE, SIG_DFL);
  if (!place_descriptors(plan)) ::_exit(126);
  ::execve(plan.arguments[0], plan.arguments, plan.environment);
  ::_exit(127);
}

}  // namespace

pid_t spawn(const Child& child) {
  if (child.descriptors.size() > kMaxDescriptors) {
    errno = EINVAL;
    return -1;
  }
  const std::vector<char*> arguments = pointers(child.arguments), environment = pointers(child.environment);
  Plan plan{};
  plan.arguments = arguments.data();
  plan.environment = environment.data();
  plan.descriptors = child.descriptors.data();
  plan.descriptor_count = child.descriptors.size();
  plan.cgroups = child.cgroups.data();
  plan.cgroup_count = child.cgroups.size();
  plan.lock = child.lock;
  plan.memory = static_cast<rlim_t>(child.memory_bytes);
  plan.file_size = static_cast<rlim_t>(child.file_bytes);
  const pid_t pid = ::fork();
  if (pid == 0) become(plan);
  return pid;
}

}  // namespace redan::cloud::isolation
