// What a process of an instance does to itself, beside what bubblewrap did to it.
#pragma once

#include <sys/resource.h>
#include <sys/types.h>

namespace redan::cloud::isolation {

/// Becomes another user without any capability. Needs CAP_SETUID, CAP_SETGID and CAP_SETPCAP.
bool become_user(uid_t user);
/// Limits the processes of this user, or of this user namespace.
bool limit_processes(rlim_t count);
/// From now on no process without privileges can read the memory or the descriptors of this one.
bool hide_memory();
/// Abstract Unix sockets and processes outside of this process's descendants cannot be reached. Without effect before
/// Linux 6.12; false if the kernel can do it and refuses.
bool scope_to_descendants();

}  // namespace redan::cloud::isolation
