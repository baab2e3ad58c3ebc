#include "cloud/isolation/descendants.hpp"

#include <dirent.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <fstream>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "base/words.hpp"

namespace redan::cloud::isolation {
namespace {

struct Close {
  void operator()(DIR* directory) const { ::closedir(directory); }
};

// From /proc/<pid>/stat: "pid (name) state parent ..."; the name may contain anything.
std::optional<pid_t> parent_of(pid_t pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/stat");
  std::string text;
  std::getline(file, text, '\0');
  const std::size_t name_end = text.rfind(") ");
  if (name_end == std::string::npos) return std::nullopt;
  const std::size_t begin = name_end + 4;
  return begin >= text.size() ? std::nullopt : to_number<pid_t>(text.substr(begin, text.find(' ', begin) - begin));
}

std::multimap<pid_t, pid_t> children_by_parent() {
  std::multimap<pid_t, pid_t> children;
  const std::unique_ptr<DIR, Close> all(::opendir("/proc"));
  while (const dirent* entry = all ? ::readdir(all.get()) : nullptr) {
    const auto pid = to_number<pid_t>(entry->d_name);
    const auto parent = pid ? parent_of(*pid) : std::nullopt;
    if (parent) children.emplace(*parent, *pid);
  }
  return children;
}

// Takes what it has visited out of `children`: what was read at different moments may contain a circle.
void kill_below(pid_t pid, std::multimap<pid_t, pid_t>& children) {
  while (auto child = children.extract(pid)) {
    ::kill(child.mapped(), SIGKILL);
    kill_below(child.mapped(), children);
  }
}

}  // namespace

// Again and again: they may start others meanwhile. Those that lose their parent become children of this process.
void end_descendants() {
  for (;;) {
    auto children = children_by_parent();
    kill_below(::getpid(), children);
    pid_t ended = 0;
    while ((ended = ::waitpid(-1, nullptr, WNOHANG)) > 0) continue;
    if (ended < 0 && errno == ECHILD) return;
    ::usleep(1000);
  }
}

}  // namespace redan::cloud::isolation
