#include "cloud/isolation/sandbox.hpp"

#include <array>

namespace redan::cloud::isolation {
namespace {

namespace fs = std::filesystem;

constexpr const char* kBin = "/instance/bin";
// What programs need to run. /usr contains no secrets; /etc does, so only these of its files are visible.
constexpr std::array kSystem{"/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32"};
constexpr std::array kSettings{"/etc/alternatives", "/etc/ca-certificates", "/etc/gai.conf",   "/etc/host.conf",
                               "/etc/hosts",        "/etc/ld.so.cache",     "/etc/ld.so.conf", "/etc/ld.so.conf.d",
                               "/etc/localtime",    "/etc/nsswitch.conf",   "/etc/profile",    "/etc/protocols",
                               "/etc/resolv.conf",  "/etc/services",        "/etc/ssl/certs",  "/etc/ssl/openssl.cnf",
                               "/etc/terminfo",     "/etc/timezone"};

class Arguments {
 public:
  explicit Arguments(const fs::path& program) { all_.push_back(program.string()); }
  template <class... Words>
  Arguments& add(const Words&... words) {
    (all_.push_back(text(words)), ...);
    return *this;
  }
  Arguments& add_all(const std::vector<std::string>& words) {
    all_.insert(all_.end(), words.begin(), words.end());
    return *this;
  }
  std::vector<std::string> take() { return std::move(all_); }

 private:
  static std::string text(const fs::path& path) { return path.string(); }
  static std::string text(const std::string& word) { return word; }
  static std::string text(const char* word) { return word; }
  static std::string text(std::int64_t number) { return std::to_string(number); }
  static std::string text(int number) { return std::to_string(number); }
  static std::string text(uid_t number) { return std::to_string(number); }
  std::vector<std::string> all_;
};

void add_system(Arguments& arguments) {
  arguments.add("--ro-bind", "/usr", "/usr");
  for (const char* directory : kSystem) {
    std::error_code error;
    const fs::path target = fs::read_symlink(directory, error);
    if (!error) arguments.add("--symlink", target, directory);
    if (error) arguments.add("--ro-bind-try", directory, directory);
  }
  for (const char* file : kSettings) arguments.add("--ro-bind-try", file, file);
}

// The init needs three capabilities until it has become the user.
void add_privileges(Arguments& arguments, const Sandbox& sandbox) {
  if (!sandbox.user) arguments.add("--unshare-user", "--disable-userns");
  arguments.add("--cap-drop", "ALL");
  if (!sandbox.user) return;
  for (const char* capability : {"CAP_SETUID", "CAP_SETGID", "CAP_SETPCAP"}) arguments.add("--cap-add", capability);
}

bool is_inside(const fs::path& path, const fs::path& directory) {
  const fs::path relative = path.lexically_relative(directory);
  return !relative.empty() && *relative.begin() != "..";
}

// Bubblewrap makes parents that it is not asked for with mode 0700, and they would be root's.
constexpr std::array kParents{"/etc", "/etc/ssl", "/instance", "/instance/bin"};

}  // namespace

std::vector<std::string> bubblewrap_arguments(const Sandbox& sandbox) {
  Arguments arguments(sandbox.bubblewrap);
  add_privileges(arguments, sandbox);
  arguments.add("--unshare-pid", "--unshare-ipc", "--unshare-uts", "--unshare-cgroup-try", "--hostname", "instance");
  for (const char* directory : kParents) arguments.add("--dir", directory);
  add_system(arguments);
  arguments.add("--perms", "0644", "--ro-bind-data", sandbox.passwd, "/etc/passwd");
  arguments.add("--perms", "0644", "--ro-bind-data", sandbox.group, "/etc/group");
  arguments.add("--proc", "/proc", "--dev", "/dev");
  arguments.add("--size", sandbox.temporary_bytes, "--tmpfs", "/dev/shm", "--chmod", "1777", "/dev/shm");
  arguments.add("--size", sandbox.temporary_bytes, "--tmpfs", "/tmp", "--chmod", "1777", "/tmp");
  const fs::path init = fs::path(kBin) / "init", program = fs::path(kBin) / sandbox.program.filename();
  arguments.add("--ro-bind", sandbox.init, init, "--ro-bind", sandbox.program, program);
  arguments.add("--ro-bind", sandbox.user_data, kInstanceUserData, "--bind", sandbox.home, kInstanceHome);
  arguments.add("--remount-ro", "/dev", "--remount-ro", "/");
  arguments.add("--add-seccomp-fd", sandbox.calls, "--add-seccomp-fd", sandbox.requests, "--info-fd", sandbox.info);
  arguments.add("--chdir", "/", "--as-pid-1", "--", init).add_all(sandbox.init_arguments);
  if (sandbox.user) arguments.add("--user", *sandbox.user);
  arguments.add("--max-processes", sandbox.max_processes, "--", program).add_all(sandbox.arguments);
  return arguments.take();
}

std::string objection_to(const fs::path& directory) {
  std::error_code error;
  const fs::path real = fs::weakly_canonical(directory, error);
  if (error) return "cannot resolve " + directory.string() + ": " + error.message();
  if (is_inside(real, "/usr") || is_inside(real, "/etc")) {
    return directory.string() + " is in a directory that every instance can read; use another --data-dir";
  }
  return {};
}

}  // namespace redan::cloud::isolation
