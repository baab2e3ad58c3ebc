#include "tests/trust/ams_process.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <boost/json.hpp>
#include <charconv>
#include <fstream>
#include <redan/crypto.hpp>
#include <sstream>
#include <thread>

#include "base/base64.hpp"
#include "net/clock.hpp"
#include "tests/cloud/store/contract.hpp"

namespace redan::cloud::test {

namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

std::string g_redan;

void redirect(int stream, const fs::path& file) {
  const int fd = ::open(file.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  ::dup2(fd, stream);
}

}  // namespace

TemporaryFolder::TemporaryFolder() {
  std::string pattern = (fs::temp_directory_path() / "redan-trust-XXXXXX").string();
  if (::mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("mkdtemp");
  path_ = pattern;
}
TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;
  fs::remove_all(path_, ignored);
}

void set_redan_program(const char* path) { g_redan = path; }
const std::string& redan_program() { return g_redan; }

net::TlsIdentity make_client(const std::string& name) {
  static const std::unique_ptr<Provider> provider = default_provider();
  const WallTime now = net::wall_time();
  SelfSignedOptions options;
  options.common_name = name;
  options.not_before = {now.seconds_since_1970 - 3600};
  options.not_after = {now.seconds_since_1970 + 86400};
  auto made = self_signed(*provider, options);
  if (!made) throw std::runtime_error("no client certificate");
  net::TlsIdentity identity;
  identity.certificate_der = made->certificate_der;
  identity.private_key_der = made->key->private_key_der();
  identity.fingerprint = Fingerprint::of(*provider, HashAlgorithm::sha256, made->certificate_der);
  return identity;
}

Process::Process(const std::vector<std::string>& arguments, const fs::path& output, const fs::path& standard_output) {
  std::vector<char*> words;
  for (const std::string& argument : arguments) words.push_back(const_cast<char*>(argument.c_str()));
  words.push_back(nullptr);
  pid_ = ::fork();
  if (pid_ < 0) throw std::runtime_error("fork");
  if (pid_ > 0) return;
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  redirect(0, "/dev/null");
  redirect(2, output);
  redirect(1, standard_output.empty() ? output : standard_output);
  ::execvp(words[0], words.data());
  ::_exit(127);
}

Process::~Process() {
  if (status_) return;
  signal(SIGKILL);
  wait(10s);
}

void Process::signal(int number) const {
  if (!status_) ::kill(pid_, number);
}

std::optional<int> Process::wait(std::chrono::milliseconds timeout) {
  const auto end = Clock::now() + timeout;
  while (!status_) {
    int status = 0;
    if (::waitpid(pid_, &status, WNOHANG) == pid_) {
      status_ = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    } else if (Clock::now() > end) {
      break;
    } else {
      std::this_thread::sleep_for(5ms);
    }
  }
  return status_;
}

bool Process::runs() { return !wait(0ms); }

std::string read_file(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

std::string secrets_key_file(const fs::path& folder) {
  const fs::path file = folder / "secrets.key";
  std::ofstream(file) << std::string(128, '5') << "\n";
  fs::permissions(file, fs::perms(0600));
  return file.string();
}

AmsProcess::AmsProcess(Options options) : options_(std::move(options)) { start(); }

void AmsProcess::start() {
  const fs::path announcement = options_.folder.string() + ".announcement";
  fs::remove(announcement);
  std::vector<std::string> arguments{g_redan,    "ams",         "--json", "--data-dir", options_.folder.string(),
                                     "--listen", "127.0.0.1:0", "--name", options_.name};
  if (port_ != 0) arguments[6] = "127.0.0.1:" + std::to_string(port_);
  arguments.insert(arguments.end(), options_.more.begin(), options_.more.end());
  process_ = std::make_unique<Process>(arguments, options_.folder.string() + ".log", announcement);
  const bool announced = eventually([&] { return read_file(announcement).ends_with('\n') || !process_->runs(); }, 30s);
  if (!announced || !process_->runs()) throw std::runtime_error("redan ams does not start: " + log());
  const boost::json::value said = boost::json::parse(read_file(announcement));
  const std::string url(said.at("url").as_string());
  const std::string port = url.substr(url.rfind(':') + 1);
  std::from_chars(port.data(), port.data() + port.size(), port_);
  fingerprint_ = said.at("fingerprint").as_string();
}

namespace {

/// The directories of the cgroups of an instance, from "5:memory:/redan-<id>".
std::vector<fs::path> cgroups_in(const std::string& list, const std::string& instance) {
  std::vector<fs::path> found;
  std::istringstream lines(list);
  for (std::string line; std::getline(lines, line);) {
    const std::size_t first = line.find(':'), second = line.find(':', first + 1);
    if (second == std::string::npos || line.find(instance, second) == std::string::npos) continue;
    const std::string controllers = line.substr(first + 1, second - first - 1);
    const fs::path path = line.substr(second + 2);
    for (const char* mount : {controllers.c_str(), ".", "unified"}) {
      const fs::path directory = fs::path("/sys/fs/cgroup") / mount / path;
      if (fs::is_directory(directory)) found.push_back(directory);
    }
  }
  return found;
}

}  // namespace

AmsProcess::~AmsProcess() {
  if (process_->runs()) {
    process_->signal(SIGTERM);
    process_->wait(5s);
  }
  process_.reset();
  // Instances outlive their AMS, but must not outlive this test.
  std::error_code ignored;
  for (const fs::directory_entry& entry : fs::directory_iterator(options_.folder / "instances", ignored)) {
    const std::string text = read_file(entry.path() / "lock");
    pid_t pid = 0;
    std::from_chars(text.data(), text.data() + text.size(), pid);
    const std::string process = "/proc/" + std::to_string(pid);
    const bool ours = pid > 1 && read_file(process + "/cmdline").find(entry.path().string()) != std::string::npos;
    if (!ours) continue;
    const auto cgroups = cgroups_in(read_file(process + "/cgroup"), entry.path().filename());
    ::kill(-pid, SIGKILL);
    for (const fs::path& cgroup : cgroups) {
      eventually([&] { return ::rmdir(cgroup.c_str()) == 0 || errno == ENOENT; }, 2s);
    }
  }
}

void AmsProcess::kill() {
  process_->signal(SIGKILL);
  process_->wait(10s);
}

std::optional<int> AmsProcess::stop() {
  process_->signal(SIGTERM);
  return process_->wait(10s);
}

void AmsProcess::reload() { process_->signal(SIGHUP); }

std::string AmsProcess::log() const { return read_file(options_.folder.string() + ".log"); }

net::Remote AmsProcess::remote(const net::TlsIdentity* identity) const {
  return net::TlsRemote{"127.0.0.1", port_, net::PinnedSha256{net::parse_pin(fingerprint_).value()}, identity};
}

net::Remote AmsProcess::local() const { return net::UnixRemote{options_.folder / "ams.socket"}; }

Client::Client(net::Remote remote, std::chrono::milliseconds timeout)
    : client_(io_, {.server = std::move(remote), .timeout = timeout, .max_connections = 1}) {}

Answer Client::call(std::string method, std::string path, std::string body, std::vector<net::HttpHeader> headers) {
  net::HttpRequest request;
  request.method = std::move(method);
  const std::size_t query = path.find('?');
  request.path = path.substr(0, query);
  if (query != std::string::npos) request.query = path.substr(query + 1);
  request.headers = std::move(headers);
  if (!body.empty()) request.headers.push_back({"Content-Type", "application/json"});
  request.body = std::move(body);
  auto result = wait_for(io_, client_.request(std::move(request)));
  Answer answer;
  if (!result) {
    answer.failure = result.error().code;
    return answer;
  }
  answer.raw = std::move(*result);
  answer.status = answer.raw.status;
  boost::json::error_code not_json;
  answer.body = boost::json::parse(answer.raw.body, not_json);
  if (not_json) return answer;
  if (const auto* type = answer.body.if_object() ? answer.body.as_object().if_contains("type") : nullptr;
      type != nullptr && *type == "error") {
    answer.code = answer.body.at("metadata").at("code").as_string();
  }
  return answer;
}

boost::json::value Client::finish(const Answer& answer) {
  if (answer.status != 202) throw std::runtime_error("no operation: " + answer.raw.body);
  return get(answer.operation() + "/wait?timeout=8").metadata();
}

bool eventually(const std::function<bool()>& look, std::chrono::milliseconds timeout) {
  const auto end = Clock::now() + timeout;
  while (!look()) {
    if (Clock::now() > end) return false;
    std::this_thread::sleep_for(10ms);
  }
  return true;
}

std::string certificate_body(const net::TlsIdentity& identity, const std::string& name, const std::string& role) {
  return boost::json::serialize(
      boost::json::object{{"certificate", to_base64(identity.certificate_der)}, {"name", name}, {"role", role}});
}

}  // namespace redan::cloud::test
