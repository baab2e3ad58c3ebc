#include "tests/cloud/ams/intruder.hpp"

#include <fcntl.h>
#include <linux/netlink.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/personality.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <map>

namespace redan::cloud::test {
namespace {

constexpr long kHighBit = 1L << 32;

long clone_with(unsigned long flags) {
  const long pid = ::syscall(SYS_clone, flags | SIGCHLD, nullptr, nullptr, nullptr, nullptr);
  if (pid == 0) ::_exit(0);
  return pid;
}

long open_for_writing(const char* path) { return ::open(path, O_WRONLY | O_CLOEXEC); }

long connect_abstract(const std::string& name) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path + 1, name.data(), name.size());
  const int socket = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  return ::connect(socket, reinterpret_cast<const sockaddr*>(&address),
                   static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + name.size()));
}

const std::map<std::string, std::function<long()>>& kernel_attacks() {
  static const std::map<std::string, std::function<long()>> all{
      {"mount", [] { return ::syscall(SYS_mount, "none", "/tmp", "tmpfs", 0, nullptr); }},
      {"umount", [] { return ::syscall(SYS_umount2, "/instance/home", 0); }},
      {"pivot_root", [] { return ::syscall(SYS_pivot_root, "/tmp", "/tmp"); }},
      {"chroot", [] { return ::syscall(SYS_chroot, "/tmp"); }},
      {"open_tree", [] { return ::syscall(428, AT_FDCWD, "/", 1); }},
      {"fsopen", [] { return ::syscall(430, "tmpfs", 0); }},
      {"unshare user", [] { return ::syscall(SYS_unshare, CLONE_NEWUSER); }},
      {"unshare network", [] { return ::syscall(SYS_unshare, CLONE_NEWNET); }},
      {"setns", [] { return ::syscall(SYS_setns, ::open("/proc/self/ns/net", O_RDONLY), 0); }},
      {"clone user", [] { return clone_with(CLONE_NEWUSER); }},
      {"clone mounts", [] { return clone_with(CLONE_NEWNS); }},
      {"clone processes", [] { return clone_with(CLONE_NEWPID | CLONE_NEWUSER); }},
      {"clone3", [] { return ::syscall(SYS_clone3, nullptr, 0); }},
      {"ptrace", [] { return ::syscall(SYS_ptrace, PTRACE_TRACEME, 0, 0, 0); }},
      {"ptrace the init", [] { return ::syscall(SYS_ptrace, PTRACE_SEIZE, 1, 0, 0); }},
      {"process_vm_readv", [] { return ::syscall(SYS_process_vm_readv, 1, nullptr, 0, nullptr, 0, 0); }},
      {"pidfd_getfd", [] { return ::syscall(438, ::syscall(434, 1, 0), 0, 0); }},
      {"keyctl", [] { return ::syscall(SYS_keyctl, 0, -3, 1); }},
      {"add_key", [] { return ::syscall(SYS_add_key, "user", "a", "b", 1, -3); }},
      {"request_key", [] { return ::syscall(SYS_request_key, "user", "a", nullptr, -3); }},
      {"bpf", [] { return ::syscall(SYS_bpf, 0, nullptr, 0); }},
      {"perf_event_open", [] { return ::syscall(SYS_perf_event_open, nullptr, 0, -1, -1, 0); }},
      {"userfaultfd", [] { return ::syscall(SYS_userfaultfd, 1); }},
      {"io_uring_setup", [] { return ::syscall(425, 1, nullptr); }},
      {"init_module", [] { return ::syscall(SYS_init_module, nullptr, 0, ""); }},
      {"finit_module", [] { return ::syscall(SYS_finit_module, 0, "", 0); }},
      {"kexec_load", [] { return ::syscall(SYS_kexec_load, 0, 0, nullptr, 0); }},
      {"reboot", [] { return ::syscall(SYS_reboot, 0, 0, 0, nullptr); }},
      {"swapon", [] { return ::syscall(SYS_swapon, "/tmp/a", 0); }},
      {"sethostname", [] { return ::syscall(SYS_sethostname, "a", 1); }},
      {"settimeofday", [] { return ::syscall(SYS_settimeofday, nullptr, nullptr); }},
      {"syslog", [] { return ::syscall(SYS_syslog, 10, nullptr, 0); }},
      {"open_by_handle_at", [] { return ::syscall(SYS_open_by_handle_at, AT_FDCWD, nullptr, 0); }},
      {"name_to_handle_at", [] { return ::syscall(SYS_name_to_handle_at, AT_FDCWD, "/", nullptr, nullptr, 0); }},
      {"fanotify_init", [] { return ::syscall(SYS_fanotify_init, 0, 0); }},
      {"personality", [] { return ::syscall(SYS_personality, READ_IMPLIES_EXEC); }},
      {"packet socket", [] { return ::syscall(SYS_socket, AF_PACKET, SOCK_RAW, 0); }},
      {"vsock", [] { return ::syscall(SYS_socket, AF_VSOCK, SOCK_STREAM, 0); }},
      {"netfilter socket", [] { return ::syscall(SYS_socket, AF_NETLINK, SOCK_RAW, NETLINK_NETFILTER); }},
      {"alg socket", [] { return ::syscall(SYS_socket, AF_ALG, SOCK_SEQPACKET, 0); }},
  };
  return all;
}

long attack(const std::vector<std::string>& words) {
  if (words[0] == "kernel") return kernel_attacks().at(words[1])();
  if (words[0] == "write") return open_for_writing(words[1].c_str());
  if (words[0] == "read") return ::open(words[1].c_str(), O_RDONLY | O_CLOEXEC);
  if (words[0] == "connect") return connect_abstract(words[1]);
  if (words[0] == "signal") return ::kill(std::atoi(words[1].c_str()), 0);
  // With a bit that the kernel ignores.
  if (words[0] == "tiocsti") return ::syscall(SYS_ioctl, 0, TIOCSTI | (words.size() > 1 ? kHighBit : 0), "x");
  if (words[0] == "tioclinux") return ::syscall(SYS_ioctl, 0, TIOCLINUX, "\3");
  if (words[0] == "setuid") return ::setuid(0);
  std::printf("no such attack\n");
  return 0;
}

}  // namespace

std::vector<std::string> attacks() {
  std::vector<std::string> names;
  for (const auto& [name, run] : kernel_attacks()) names.push_back(name);
  return names;
}

int intrude(const std::vector<std::string>& words) {
  errno = 0;
  const long result = attack(words);
  if (result < 0) std::printf("refused %d\n", errno);
  if (result >= 0) std::printf("DONE\n");
  std::fflush(stdout);
  return result < 0 ? 0 : 1;
}

}  // namespace redan::cloud::test
