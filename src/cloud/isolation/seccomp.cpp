#include "cloud/isolation/seccomp.hpp"

#include <fcntl.h>
#include <linux/netlink.h>
#include <sched.h>
#include <seccomp.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <memory>

namespace redan::cloud::isolation {
namespace {

// Left out, although programs exist that use them: calls that change namespaces, mounts, the clock, modules or other
// global state; that read or trace other processes; that use kernel keys, BPF, io_uring, userfaultfd, performance
// counters or handles of files. Calls of old architectures are refused with the architecture.
constexpr std::array kCalls{
    // files
    "access", "chdir", "chmod", "chown", "close", "close_range", "copy_file_range", "creat", "dup", "dup2", "dup3",
    "faccessat", "faccessat2", "fadvise64", "fallocate", "fchdir", "fchmod", "fchmodat", "fchown", "fchownat", "fcntl",
    "fdatasync", "fgetxattr", "flistxattr", "flock", "fremovexattr", "fsetxattr", "fstat", "fstatfs", "fsync",
    "ftruncate", "futimesat", "getcwd", "getdents", "getdents64", "getxattr", "inotify_add_watch", "inotify_init",
    "inotify_init1", "inotify_rm_watch", "ioctl", "lchown", "lgetxattr", "link", "linkat", "listxattr", "llistxattr",
    "lremovexattr", "lseek", "lsetxattr", "lstat", "mkdir", "mkdirat", "mknod", "mknodat", "newfstatat", "open",
    "openat", "openat2", "pread64", "preadv", "preadv2", "pwrite64", "pwritev", "pwritev2", "read", "readahead",
    "readlink", "readlinkat", "readv", "removexattr", "rename", "renameat", "renameat2", "rmdir", "sendfile",
    "setxattr", "splice", "stat", "statfs", "statx", "symlink", "symlinkat", "sync", "sync_file_range", "syncfs", "tee",
    "truncate", "umask", "unlink", "unlinkat", "utime", "utimensat", "utimes", "vmsplice", "write", "writev",
    // memory
    "brk", "get_mempolicy", "madvise", "mbind", "membarrier", "memfd_create", "mincore", "mlock", "mlock2", "mlockall",
    "mmap", "mprotect", "mremap", "msync", "munlock", "munlockall", "munmap", "pkey_alloc", "pkey_free",
    "pkey_mprotect", "set_mempolicy",
    // processes, threads and their identity; clone has a rule of its own
    "alarm", "arch_prctl", "capget", "capset", "execve", "execveat", "exit", "exit_group", "fork", "futex",
    "get_robust_list", "get_thread_area", "getcpu", "getegid", "geteuid", "getgid", "getgroups", "getitimer", "getpgid",
    "getpgrp", "getpid", "getppid", "getpriority", "getresgid", "getresuid", "getrlimit", "getrusage", "getsid",
    "gettid", "getuid", "ioprio_get", "ioprio_set", "kill", "landlock_add_rule", "landlock_create_ruleset",
    "landlock_restrict_self", "nanosleep", "pause", "pidfd_open", "pidfd_send_signal", "prctl", "prlimit64",
    "restart_syscall", "rseq", "rt_sigaction", "rt_sigpending", "rt_sigprocmask", "rt_sigqueueinfo", "rt_sigreturn",
    "rt_sigsuspend", "rt_sigtimedwait", "rt_tgsigqueueinfo", "sched_get_priority_max", "sched_get_priority_min",
    "sched_getaffinity", "sched_getattr", "sched_getparam", "sched_getscheduler", "sched_rr_get_interval",
    "sched_setaffinity", "sched_setattr", "sched_setparam", "sched_setscheduler", "sched_yield", "seccomp",
    "set_robust_list", "set_thread_area", "set_tid_address", "setfsgid", "setfsuid", "setgid", "setgroups", "setitimer",
    "setpgid", "setpriority", "setregid", "setresgid", "setresuid", "setreuid", "setrlimit", "setsid", "setuid",
    "sigaltstack", "signalfd", "signalfd4", "sysinfo", "tgkill", "time", "times", "tkill", "uname", "vfork", "wait4",
    "waitid",
    // time
    "clock_getres", "clock_gettime", "clock_nanosleep", "gettimeofday", "timer_create", "timer_delete",
    "timer_getoverrun", "timer_gettime", "timer_settime", "timerfd_create", "timerfd_gettime", "timerfd_settime",
    // waiting and communication; socket has a rule of its own
    "accept", "accept4", "bind", "connect", "epoll_create", "epoll_create1", "epoll_ctl", "epoll_pwait", "epoll_pwait2",
    "epoll_wait", "eventfd", "eventfd2", "getpeername", "getsockname", "getsockopt", "listen", "mq_getsetattr",
    "mq_notify", "mq_open", "mq_timedreceive", "mq_timedsend", "mq_unlink", "msgctl", "msgget", "msgrcv", "msgsnd",
    "pipe", "pipe2", "poll", "ppoll", "pselect6", "recvfrom", "recvmmsg", "recvmsg", "select", "semctl", "semget",
    "semop", "semtimedop", "sendmmsg", "sendmsg", "sendto", "setsockopt", "shmat", "shmctl", "shmdt", "shmget",
    "shutdown", "socketpair",
    // random bytes
    "getrandom"};

constexpr std::uint64_t kNewNamespace =
    CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET;
constexpr std::uint64_t kQueryPersonality = 0xffffffff;
// The kernel reads 32 bits of ioctl's request: without the mask, one with higher bits would pass.
constexpr std::uint64_t kRequestBits = 0xffffffff;

struct Free {
  void operator()(void* context) const { seccomp_release(context); }
};
using Context = std::unique_ptr<void, Free>;

int number_of(const char* name) { return seccomp_syscall_resolve_name(name); }

bool permit(void* context, const char* name, std::initializer_list<scmp_arg_cmp> when) {
  return seccomp_rule_add_array(context, SCMP_ACT_ALLOW, number_of(name), static_cast<unsigned>(when.size()),
                                when.begin()) == 0;
}

bool permit_sockets(void* context) {
  for (const scmp_datum_t family : {AF_UNIX, AF_INET, AF_INET6}) {
    if (!permit(context, "socket", {SCMP_A0(SCMP_CMP_EQ, family)})) return false;
  }
  // The addresses of the host's interfaces.
  return permit(context, "socket", {SCMP_A0(SCMP_CMP_EQ, AF_NETLINK), SCMP_A2(SCMP_CMP_EQ, NETLINK_ROUTE)});
}

Context permitted_calls() {
  Context context(seccomp_init(SCMP_ACT_ERRNO(ENOSYS)));
  if (!context) return nullptr;
  for (const char* name : kCalls) {
    if (number_of(name) != __NR_SCMP_ERROR && !permit(context.get(), name, {})) return nullptr;
  }
  // clone3 passes its flags in memory, which a filter cannot read: it is not listed, and libraries go back to clone.
  const bool complete = permit(context.get(), "clone", {SCMP_A0(SCMP_CMP_MASKED_EQ, kNewNamespace, 0)}) &&
                        permit(context.get(), "personality", {SCMP_A0(SCMP_CMP_EQ, 0)}) &&
                        permit(context.get(), "personality", {SCMP_A0(SCMP_CMP_EQ, kQueryPersonality)}) &&
                        permit_sockets(context.get());
  return complete ? std::move(context) : nullptr;
}

// Input pushed into a terminal by TIOCSTI or TIOCLINUX would be read by the program that runs there afterwards.
Context refused_requests() {
  Context context(seccomp_init(SCMP_ACT_ALLOW));
  for (const scmp_datum_t request : {TIOCSTI, TIOCLINUX}) {
    const scmp_arg_cmp is_request = SCMP_A1(SCMP_CMP_MASKED_EQ, kRequestBits, request);
    if (!context || seccomp_rule_add_array(context.get(), SCMP_ACT_ERRNO(EPERM), SCMP_SYS(ioctl), 1, &is_request) != 0)
      return nullptr;
  }
  return context;
}

}  // namespace

int open_filter(Filter which) {
  const Context context = which == Filter::calls ? permitted_calls() : refused_requests();
  if (!context) {
    errno = EINVAL;
    return -1;
  }
  const int file = ::memfd_create("seccomp", MFD_CLOEXEC);
  if (file < 0) return -1;
  if (seccomp_export_bpf(context.get(), file) == 0 && ::lseek(file, 0, SEEK_SET) == 0) return file;
  ::close(file);
  errno = EIO;
  return -1;
}

std::vector<std::string_view> unknown_calls() {
  std::vector<std::string_view> unknown;
  for (const char* name : kCalls) {
    if (number_of(name) == __NR_SCMP_ERROR) unknown.emplace_back(name);
  }
  return unknown;
}

}  // namespace redan::cloud::isolation
