#include "cloud/isolation/confine.hpp"

#include <grp.h>
#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cstdint>

namespace redan::cloud::isolation {
namespace {

// Headers of older kernels have neither these constants nor the last member (landlock(7)).
struct RulesetAttributes {
  std::uint64_t handled_access_fs, handled_access_net, scoped;
};
constexpr std::uint64_t kScopeAbstractSockets = 1, kScopeSignals = 2;
constexpr unsigned kQueryVersion = 1;
constexpr long kFirstVersionWithScopes = 6;

bool clear_capabilities() {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  const std::array<__user_cap_data_struct, _LINUX_CAPABILITY_U32S_3> none{};
  return ::syscall(SYS_capset, &header, none.data()) == 0;
}

}  // namespace

bool become_user(uid_t user) {
  for (unsigned long capability = 0; ::prctl(PR_CAPBSET_READ, capability, 0, 0, 0) >= 0; ++capability) {
    if (::prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) != 0) return false;
  }
  const gid_t group = user;
  if (::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) != 0) return false;
  if (::setgroups(0, nullptr) != 0 || ::setresgid(group, group, group) != 0) return false;
  // Without root in any of the three, the kernel clears all capabilities but the inheritable ones (capabilities(7)).
  return ::setresuid(user, user, user) == 0 && clear_capabilities() && ::setuid(0) != 0;
}

bool limit_processes(rlim_t count) {
  const rlimit both{count, count};
  return ::setrlimit(RLIMIT_NPROC, &both) == 0;
}

bool hide_memory() { return ::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == 0; }

bool scope_to_descendants() {
  if (::syscall(SYS_landlock_create_ruleset, nullptr, 0, kQueryVersion) < kFirstVersionWithScopes) return true;
  const RulesetAttributes attributes{0, 0, kScopeAbstractSockets | kScopeSignals};
  const long rules = ::syscall(SYS_landlock_create_ruleset, &attributes, sizeof attributes, 0U);
  if (rules < 0) return false;
  const bool done = ::syscall(SYS_landlock_restrict_self, rules, 0U) == 0;
  ::close(static_cast<int>(rules));
  return done;
}

}  // namespace redan::cloud::isolation
