#include "tests/interop/etcd/etcd_nodes.hpp"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <boost/asio/ip/tcp.hpp>
#include <boost/json.hpp>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <thread>

#include "base/base64.hpp"
#include "cloud/store/rules.hpp"
#include "net/http/client.hpp"
#include "tests/cloud/store/contract.hpp"

namespace redan::cloud::test {

namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

// One authority, a certificate for all nodes, one for us, and one signed by another authority. A node needs both
// purposes, because its gateway is its own client. A gateway with users refuses clients whose certificates have a
// common name.
constexpr const char* kMakeCertificates = R"sh(set -e
new="-newkey $1 -nodes"
for ca in ca other-ca; do openssl req -x509 $new -keyout $ca.key -out $ca.pem -subj /CN=$ca -days 2; done
sign() {
  openssl req $new -keyout $1.key -out $1.csr -subj /O=$1
  printf 'subjectAltName=IP:127.0.0.1\nextendedKeyUsage=%s\n' $3 > $1.ext
  openssl x509 -req -in $1.csr -CA $2.pem -CAkey $2.key -CAcreateserial -out $1.pem -days 2 -extfile $1.ext
}
sign node ca serverAuth,clientAuth
sign client ca clientAuth
sign stranger other-ca clientAuth
)sh";

std::uint16_t free_port() {
  boost::asio::io_context io;
  const boost::asio::ip::tcp::acceptor acceptor(io, {boost::asio::ip::address_v4::loopback(), 0});
  return acceptor.local_endpoint().port();
}

std::string url(std::uint16_t port) { return "https://127.0.0.1:" + std::to_string(port); }

net::TlsIdentity identity_of(const std::string& certificate, const std::string& key) {
  auto identity = net::load_tls_identity(certificate, key);
  if (!identity) throw std::runtime_error("the test's own certificate does not load");
  return std::move(*identity);
}

/// Never returns.
[[noreturn]] void become(const fs::path& folder, const std::vector<std::string>& arguments) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  const int log = ::open((folder / "log").c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
  ::dup2(log, STDOUT_FILENO);
  ::dup2(log, STDERR_FILENO);
  std::vector<char*> words;
  for (const std::string& argument : arguments) words.push_back(const_cast<char*>(argument.c_str()));
  words.push_back(nullptr);
  ::execv(words[0], words.data());
  ::_exit(127);
}

}  // namespace

fs::path etcd_program() {
  for (const char* path : {"/usr/bin/etcd", "/usr/local/bin/etcd"}) {
    if (::access(path, X_OK) == 0) return path;
  }
  return {};
}

EtcdNodes::EtcdNodes(std::size_t count, const std::string& key) : nodes_(count) {
  std::string pattern = (fs::temp_directory_path() / "redan-etcd-XXXXXX").string();
  if (::mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("mkdtemp");
  folder_ = pattern;
  make_certificates(key);
  client_ = identity_of(read("client.pem"), read("client.key"));
  stranger_ = identity_of(read("stranger.pem"), read("stranger.key"));
  for (Node& node : nodes_) {
    node.port = free_port();
    node.peer_port = free_port();
  }
  for (std::size_t i = 0; i < count; ++i) start(i);
  wait_until_ready();
}

EtcdNodes::~EtcdNodes() {
  for (std::size_t i = 0; i < nodes_.size(); ++i) kill(i);
  std::error_code ignored;
  fs::remove_all(folder_, ignored);
}

void EtcdNodes::make_certificates(const std::string& key) const {
  std::ofstream(folder_ / "make") << kMakeCertificates;
  const std::string command = "cd " + folder_.string() + " && sh ./make '" + key + "' >make.log 2>&1";
  if (std::system(command.c_str()) != 0) throw std::runtime_error("openssl made no certificates: " + read("make.log"));
}

std::string EtcdNodes::read(const char* file) const {
  std::ifstream stream(folder_ / file);
  return {std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
}

std::string EtcdNodes::strangers_authority() const { return read("other-ca.pem"); }

void EtcdNodes::start(std::size_t node) {
  std::string cluster;
  for (std::size_t i = 0; i < nodes_.size(); ++i) {
    cluster += (i == 0 ? "n" : ",n") + std::to_string(i) + "=" + url(nodes_[i].peer_port);
  }
  const auto file = [this](const char* name) { return (folder_ / name).string(); };
  const std::string name = "n" + std::to_string(node);
  const std::string here = url(nodes_[node].port);
  const std::string peer = url(nodes_[node].peer_port);
  const std::vector<std::string> arguments{etcd_program().string(),
                                           "--name",
                                           name,
                                           "--data-dir",
                                           file(name.c_str()),
                                           "--listen-client-urls",
                                           here,
                                           "--advertise-client-urls",
                                           here,
                                           "--listen-peer-urls",
                                           peer,
                                           "--initial-advertise-peer-urls",
                                           peer,
                                           "--initial-cluster",
                                           cluster,
                                           "--client-cert-auth",
                                           "--trusted-ca-file",
                                           file("ca.pem"),
                                           "--cert-file",
                                           file("node.pem"),
                                           "--key-file",
                                           file("node.key"),
                                           "--peer-client-cert-auth",
                                           "--peer-trusted-ca-file",
                                           file("ca.pem"),
                                           "--peer-cert-file",
                                           file("node.pem"),
                                           "--peer-key-file",
                                           file("node.key"),
                                           "--log-level",
                                           "error"};
  nodes_[node].process = ::fork();
  if (nodes_[node].process == 0) become(folder_, arguments);
}

void EtcdNodes::kill(std::size_t node) {
  if (nodes_[node].process <= 0) return;
  ::kill(nodes_[node].process, SIGKILL);
  ::waitpid(nodes_[node].process, nullptr, 0);
  nodes_[node].process = 0;
}

void EtcdNodes::freeze(std::size_t node) { signal(node, SIGSTOP); }
void EtcdNodes::thaw(std::size_t node) { signal(node, SIGCONT); }
void EtcdNodes::signal(std::size_t node, int number) const {
  if (nodes_[node].process > 0) ::kill(nodes_[node].process, number);
}

std::optional<std::string> EtcdNodes::ask(std::size_t node, std::string path, std::string body) const {
  boost::asio::io_context io{1};
  net::HttpClientConfig config;
  config.server = net::TlsRemote{"127.0.0.1", nodes_[node].port, net::TrustedAuthority{read("ca.pem"), "127.0.0.1"},
                                 &client_, true};
  config.timeout = 1s;
  net::HttpClient client(io, std::move(config));
  net::HttpRequest request{"POST", std::move(path), "", {}, std::move(body)};
  const net::HttpResult result = wait_for(io, client.request(std::move(request)));
  if (!result || result->status != 200) return std::nullopt;
  return result->body;
}

void EtcdNodes::wait_until_ready() const {
  const auto end = std::chrono::steady_clock::now() + 20s;
  for (std::size_t i = 0; i < nodes_.size(); ++i) {
    while (!(login_.empty() ? ask(i, "/v3/kv/range", R"({"key":"AA=="})") : ask(i, "/v3/auth/authenticate", login_))) {
      if (std::chrono::steady_clock::now() > end) throw std::runtime_error("etcd does not answer: " + read("log"));
      std::this_thread::sleep_for(50ms);
    }
  }
}

void EtcdNodes::require_users(const std::string& user, const std::string& password, const std::string& prefix) {
  const auto must = [this](const char* path, const boost::json::object& body) {
    if (!ask(0, path, boost::json::serialize(body))) throw std::runtime_error(std::string("etcd refuses ") + path);
  };
  const cloud::store::KeyRange keys = store::keys_below(prefix, "");
  const boost::json::object permission{{"permType", "READWRITE"},
                                       {"key", to_base64(as_bytes(keys.begin))},
                                       {"range_end", to_base64(as_bytes(*keys.end))}};
  must("/v3/auth/user/add", {{"name", "root"}, {"password", "root"}});
  must("/v3/auth/user/grant", {{"user", "root"}, {"role", "root"}});
  must("/v3/auth/role/add", {{"name", user}});
  must("/v3/auth/role/grant", {{"name", user}, {"perm", permission}});
  must("/v3/auth/user/add", {{"name", user}, {"password", password}});
  must("/v3/auth/user/grant", {{"user", user}, {"role", user}});
  must("/v3/auth/enable", {});
  login_ = boost::json::serialize(boost::json::object{{"name", user}, {"password", password}});
}

std::size_t EtcdNodes::leader() const {
  for (std::size_t i = 0; i < nodes_.size(); ++i) {
    const auto status = ask(i, "/v3/maintenance/status", "{}");
    if (!status) continue;
    const boost::json::value answer = boost::json::parse(*status);
    if (answer.at("leader") == answer.at("header").at("member_id")) return i;
  }
  throw std::runtime_error("etcd has no leader");
}

void EtcdNodes::compact(store::Revision revision) const {
  if (!ask(0, "/v3/kv/compaction", R"({"revision":")" + std::to_string(revision.value) + R"(","physical":true})")) {
    throw std::runtime_error("etcd does not compact");
  }
}

store::EtcdConfig EtcdNodes::config(const std::string& prefix) const {
  store::EtcdConfig config;
  for (const Node& node : nodes_) config.endpoints.push_back({"127.0.0.1", node.port});
  config.authority_pem = read("ca.pem");
  config.identity = &client_;
  config.allow_small_keys = true;
  config.prefix = prefix;
  return config;
}

}  // namespace redan::cloud::test
