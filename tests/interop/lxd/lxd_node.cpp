#include "tests/interop/lxd/lxd_node.hpp"

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <csignal>
#include <fstream>
#include <sstream>
#include <thread>

#include "net/tls/x509.hpp"

namespace redan::cloud::test {

namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

// Process 1 of a container: runs as long as redan, and passes on LXD's request to stop (SIGPWR).
constexpr const char* kInit = R"sh(#!/bin/sh
exec >>/var/log/redan.log 2>&1
ip link set lo up
stat -c '%a %u %n' /etc/redan /etc/redan/user-data.json
/usr/bin/redan runtime --user-data /etc/redan/user-data.json &
child=$!
trap 'kill -TERM $child' PWR TERM
wait $child
wait $child
echo "redan ended"
)sh";

// The program with all its libraries, in the places where it looks for them.
constexpr const char* kMakeImage = R"sh(set -e
cd rootfs
mkdir -p bin sbin etc proc sys dev run tmp root usr/bin var/log
cp "$(command -v busybox)" bin/busybox
for name in sh cat ip kill killall sleep stat stty tr wc yes; do ln -s busybox bin/$name; done
ln -s ../bin/ip sbin/ip
cp ../init sbin/init
chmod 755 sbin/init
cp "$1" usr/bin/redan
strip usr/bin/redan
ldd "$1" | grep -o '/[^ ]*' | while read -r library; do
  mkdir -p ".$(dirname "$library")"
  cp -L "$library" ".$library"
done
cd ..
printf 'architecture: %s\ncreation_date: 1\nproperties:\n  description: redan\n' "$(uname -m)" >metadata.yaml
tar -cf image.tar metadata.yaml rootfs
printf 'architecture: %s\ncreation_date: 2\nproperties:\n  description: other\n' "$(uname -m)" >metadata.yaml
tar -cf other.tar metadata.yaml rootfs
)sh";

void write(const fs::path& file, const std::string& text) { std::ofstream(file, std::ios::binary) << text; }
std::string read(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

[[noreturn]] void become_lxd(const fs::path& folder) {
  // Its mounts are private, and disappear with the last process of the namespace.
  if (::unshare(CLONE_NEWNS) != 0 || ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) ::_exit(126);
  ::prctl(PR_SET_PDEATHSIG, SIGPWR);  // stops its containers and ends
  const int log = ::open((folder / "log").c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
  ::dup2(log, STDOUT_FILENO);
  ::dup2(log, STDERR_FILENO);
  ::setenv("LXD_DIR", (folder / "lxd").c_str(), 1);
  ::execlp("lxd", "lxd", "--group", "root", nullptr);
  ::_exit(127);
}

}  // namespace

std::string shell(const std::string& command) {
  FILE* pipe = ::popen(("(" + command + ") 2>&1").c_str(), "r");
  if (pipe == nullptr) throw std::runtime_error("popen");
  std::string output;
  std::array<char, 4096> buffer{};
  while (const std::size_t size = ::fread(buffer.data(), 1, buffer.size(), pipe)) output.append(buffer.data(), size);
  if (::pclose(pipe) != 0) throw std::runtime_error(command + ": " + output);
  return output;
}

std::uint16_t free_port() {
  boost::asio::io_context io;
  const boost::asio::ip::tcp::acceptor acceptor(io, {boost::asio::ip::address_v4::loopback(), 0});
  return acceptor.local_endpoint().port();
}

std::string LxdNode::missing() {
  if (::geteuid() != 0) return "not root";
  for (const char* program : {"lxd", "lxc", "busybox", "strip"}) {
    if (std::system(("command -v " + std::string(program) + " >/dev/null 2>&1").c_str()) != 0) {
      return std::string(program) + " is not installed";
    }
  }
  std::error_code ignored;
  if (fs::is_empty("/sys/fs/cgroup", ignored)) return "there are no cgroups";
  const pid_t probe = ::fork();
  if (probe == 0) ::_exit(::unshare(CLONE_NEWNS) == 0 ? 0 : 1);
  int status = 1;
  ::waitpid(probe, &status, 0);
  if (status != 0) return "mount namespaces are not permitted";
  return {};
}

LxdNode::LxdNode(const fs::path& redan, std::uint16_t reachable_port) : port_(free_port()) {
  std::string pattern = (fs::temp_directory_path() / "redan-lxd-XXXXXX").string();
  if (::mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("mkdtemp");
  folder_ = pattern;
  try {
    set_up(redan, reachable_port);
  } catch (const std::exception&) {
    end();
    throw;
  }
}

LxdNode::~LxdNode() { end(); }

void LxdNode::set_up(const fs::path& redan, std::uint16_t reachable_port) {
  fs::permissions(folder_, static_cast<fs::perms>(0711));
  fs::create_directories(folder_ / "lxd");
  fs::permissions(folder_ / "lxd", static_cast<fs::perms>(0711));
  fs::create_directories(folder_ / "rootfs");
  start();
  const std::string address = "127.0.0.1:" + std::to_string(reachable_port);
  for (const std::string& arguments : std::vector<std::string>{
           "storage create default dir",
           "config set core.https_address 127.0.0.1:" + std::to_string(port_),
           "profile create redan",
           "profile set redan security.privileged=true",  // nested sandboxes cannot create user namespaces
           "profile device add redan root disk path=/ pool=default",
           "profile device add redan ams proxy bind=instance listen=tcp:" + address + " connect=tcp:" + address,
       }) {
    lxc(arguments);
  }
  make_image(redan);
  lxc("image import " + (folder_ / "image.tar").string() + " --alias redan");
}

void LxdNode::make_image(const fs::path& redan) const {
  write(folder_ / "init", kInit);
  write(folder_ / "make", kMakeImage);
  shell("cd " + folder_.string() + " && sh ./make '" + fs::absolute(redan).string() + "'");
}

void LxdNode::start() {
  process_ = ::fork();
  if (process_ == 0) become_lxd(folder_);
  const auto end = std::chrono::steady_clock::now() + 60s;
  while (!answers()) {
    int status = 0;
    const bool ended = ::waitpid(process_, &status, WNOHANG) == process_;
    if (ended) process_ = 0;
    if (ended || std::chrono::steady_clock::now() > end) {
      throw std::runtime_error("LXD does not start: " + read(folder_ / "log"));
    }
    std::this_thread::sleep_for(100ms);
  }
}

bool LxdNode::answers() const {
  try {
    lxc("query /1.0");
    return true;
  } catch (const std::runtime_error&) {
    return false;
  }
}

std::string LxdNode::lxc(const std::string& arguments) const {
  return shell("LXD_DIR=" + (folder_ / "lxd").string() + " LXD_CONF=" + (folder_ / "conf").string() +
               " timeout 60 lxc " + arguments + " </dev/null");
}

void LxdNode::trust(const std::string& certificate_pem, const std::string& options) const {
  write(folder_ / "trusted.crt", certificate_pem);
  lxc("config trust add " + (folder_ / "trusted.crt").string() + " " + options);
}

Digest LxdNode::fingerprint() const {
  const auto certificate = net::parse_certificate(read(folder_ / "lxd/server.crt"));
  if (!certificate) throw std::runtime_error("LXD has no certificate");
  return *net::parse_pin(net::certificate_fingerprint(*certificate));
}

void LxdNode::kill() {
  if (process_ <= 0) return;
  ::kill(process_, SIGKILL);
  ::waitpid(process_, nullptr, 0);
  process_ = 0;
}

void LxdNode::end() {
  if (process_ > 0) {
    ::kill(process_, SIGPWR);
    const auto end = std::chrono::steady_clock::now() + 60s;
    while (::waitpid(process_, nullptr, WNOHANG) == 0 && std::chrono::steady_clock::now() < end) {
      std::this_thread::sleep_for(50ms);
    }
    kill();
  }
  std::error_code ignored;
  fs::remove_all(folder_, ignored);
}

std::string LxdNode::leftovers() const {
  const std::string folder = folder_.string();
  std::string left;
  std::ifstream mounts("/proc/self/mounts");
  for (std::string line; std::getline(mounts, line);) {
    if (line.find(folder) != std::string::npos) left += "mount " + line + "\n";
  }
  for (const fs::directory_entry& process : fs::directory_iterator("/proc")) {
    const std::string pid = process.path().filename().string();
    if (pid.find_first_not_of("0123456789") != std::string::npos) continue;
    const std::string command = read(process.path() / "cmdline") + read(process.path() / "mounts");
    if (command.find(folder) != std::string::npos) left += "process " + pid + " " + read(process.path() / "comm");
  }
  return left;
}

}  // namespace redan::cloud::test
