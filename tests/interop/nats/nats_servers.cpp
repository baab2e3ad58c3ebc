#include "tests/interop/nats/nats_servers.hpp"

#include <fcntl.h>
#include <netinet/in.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <boost/asio/ip/tcp.hpp>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <thread>

namespace redan::cloud::test {

namespace {

namespace asio = boost::asio;
namespace fs = std::filesystem;
using namespace std::chrono_literals;

// The servers are clients of each other.
constexpr const char* kMakeCertificates = R"sh(set -e
new="-newkey $1 -nodes"
for ca in ca other-ca; do openssl req -x509 $new -keyout $ca.key -out $ca.pem -subj /CN=$ca -days 2; done
sign() {
  openssl req $new -keyout $1.key -out $1.csr -subj /CN=$1
  printf 'subjectAltName=%s\nextendedKeyUsage=%s\n' $4 $3 > $1.ext
  openssl x509 -req -in $1.csr -CA $2.pem -CAkey $2.key -CAcreateserial -out $1.pem -days 2 -extfile $1.ext
}
sign node ca serverAuth,clientAuth IP:127.0.0.1
for unit in gateway agent-1 agent-2 nobody; do sign $unit ca clientAuth DNS:$unit; done
sign stranger other-ca clientAuth DNS:stranger
)sh";

std::string read_whole(const fs::path& file) {
  std::ifstream stream(file);
  return {std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
}

/// Never returns.
[[noreturn]] void become(const fs::path& folder, const std::string& program, const std::string& configuration) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  const int log = ::open((folder / "log").c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
  ::dup2(log, STDOUT_FILENO);
  ::dup2(log, STDERR_FILENO);
  ::execl(program.c_str(), program.c_str(), "-c", configuration.c_str(), nullptr);
  ::_exit(127);
}

}  // namespace

fs::path nats_program() {
  for (const char* path : {"/usr/sbin/nats-server", "/usr/bin/nats-server", "/usr/local/bin/nats-server"}) {
    if (::access(path, X_OK) == 0) return path;
  }
  return {};
}

void make_certificates(const fs::path& folder, const std::string& key) {
  fs::create_directories(folder);
  std::ofstream(folder / "make") << kMakeCertificates;
  const std::string command = "cd " + folder.string() + " && sh ./make '" + key + "' >make.log 2>&1";
  if (std::system(command.c_str()) != 0) {
    throw std::runtime_error("openssl made no certificates: " + read_whole(folder / "make.log"));
  }
}

// Bound but not listening: bind(2) with port 0 and connect(2) skip it, but a program that also has SO_REUSEADDR can
// bind it.
NatsServers::Port::Port()
    : socket_(std::make_shared<net::Descriptor>(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0))) {
  const int on = 1;
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  socklen_t size = sizeof address;
  if (::setsockopt(socket_->get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0 ||
      ::bind(socket_->get(), generic, size) != 0 || ::getsockname(socket_->get(), generic, &size) != 0) {
    throw std::runtime_error("no free port");
  }
  number_ = ntohs(address.sin_port);
}

NatsServers::NatsServers(std::size_t count) : NatsServers(count, Options()) {}

NatsServers::NatsServers(std::size_t count, Options options) : options_(std::move(options)), servers_(count) {
  std::string pattern = (fs::temp_directory_path() / "redan-nats-XXXXXX").string();
  if (::mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("mkdtemp");
  folder_ = pattern;
  make_certificates(folder_, options_.key);
  for (std::size_t i = 0; i < count; ++i) start(i);
  for (std::size_t i = 0; i < count; ++i) wait_until_listening(i);
}

NatsServers::~NatsServers() {
  for (std::size_t i = 0; i < servers_.size(); ++i) kill(i);
  std::error_code ignored;
  fs::remove_all(folder_, ignored);
}

std::string NatsServers::configuration(std::size_t server) const {
  if (!options_.whole.empty()) {
    std::string text = options_.whole;
    constexpr std::string_view kListen = "@listen@";
    return text.replace(text.find(kListen), kListen.size(), "127.0.0.1:" + std::to_string(servers_[server].port));
  }
  const std::string files = R"(cert_file: "node.pem", key_file: "node.key", ca_file: "ca.pem")";
  std::string text = "listen: \"127.0.0.1:" + std::to_string(servers_[server].port) + "\"\nserver_name: n" +
                     std::to_string(server) + "\n";
  if (!options_.tls.empty()) text += "tls { " + files + ", timeout: 10, " + options_.tls + " }\n";
  if (!options_.authorization.empty()) text += "authorization { " + options_.authorization + " }\n";
  text += options_.more + "\n";
  if (servers_.size() == 1) return text;
  text += "cluster {\n  name: test\n  listen: \"127.0.0.1:" + std::to_string(servers_[server].cluster_port) +
          "\"\n  tls { " + files + ", verify: true, timeout: 10 }\n  routes = [\n";
  for (const Server& other : servers_) text += "    \"nats://127.0.0.1:" + std::to_string(other.cluster_port) + "\"\n";
  return text + "  ]\n}\n";
}

void NatsServers::start(std::size_t server) {
  const std::string name = "n" + std::to_string(server) + ".conf";
  std::ofstream(folder_ / name) << configuration(server);
  const std::string program = nats_program().string();
  servers_[server].process = ::fork();
  if (servers_[server].process != 0) return;
  if (::chdir(folder_.c_str()) == 0) become(folder_, program, name);
  ::_exit(127);
}

void NatsServers::wait_until_listening(std::size_t server) const {
  const auto end = std::chrono::steady_clock::now() + 20s;
  for (;;) {
    asio::io_context io;
    asio::ip::tcp::socket socket(io);
    boost::system::error_code error;
    socket.connect({asio::ip::address_v4::loopback(), servers_[server].port}, error);
    if (!error) return;
    if (std::chrono::steady_clock::now() > end) throw std::runtime_error("nats-server does not listen: " + log());
    std::this_thread::sleep_for(20ms);
  }
}

void NatsServers::signal(std::size_t server, int number) const {
  if (servers_[server].process > 0) ::kill(servers_[server].process, number);
}

void NatsServers::reap(std::size_t server) {
  if (servers_[server].process > 0) ::waitpid(servers_[server].process, nullptr, 0);
  servers_[server].process = 0;
}

std::string NatsServers::read(const std::string& file) const { return read_whole(folder_ / file); }

const net::TlsIdentity& NatsServers::identity(const std::string& who) const {
  const auto known = identities_.find(who);
  if (known != identities_.end()) return known->second;
  auto identity = net::load_tls_identity(read(who + ".pem"), read(who + ".key"));
  if (!identity) throw std::runtime_error("the test's own certificate does not load");
  return identities_.emplace(who, std::move(*identity)).first->second;
}

bus::NatsConfig NatsServers::config(const std::string& who) const {
  bus::NatsConfig config;
  for (const Server& server : servers_) {
    config.servers.push_back(
        {"127.0.0.1", server.port, net::TrustedAuthority{authority(), "127.0.0.1"}, &identity(who), true});
  }
  config.name = who;
  config.token = Secret<256>(as_bytes(kToken));
  return config;
}

}  // namespace redan::cloud::test
