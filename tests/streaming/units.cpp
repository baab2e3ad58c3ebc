#include "tests/streaming/units.hpp"

#include <sys/stat.h>

#include <boost/json.hpp>
#include <charconv>
#include <fstream>

namespace redan::cloud::test {
namespace {

namespace fs = std::filesystem;
namespace json = boost::json;
using namespace std::chrono_literals;

/// The certificate in a file that also contains a key.
std::string certificate_in(const fs::path& pem) {
  const std::string text = read_file(pem);
  const std::string end = "-----END CERTIFICATE-----";
  const std::size_t begin = text.find("-----BEGIN CERTIFICATE-----");
  return text.substr(begin, text.find(end, begin) + end.size() - begin) + "\n";
}

}  // namespace

Unit::Unit(Options options) : options_(std::move(options)) { start(); }

Unit::~Unit() {
  if (process_->runs()) static_cast<void>(stop());
}

void Unit::start(const std::vector<std::string>& before) {
  const fs::path announcement = options_.folder.string() + ".announcement";
  fs::remove(announcement);
  std::vector<std::string> arguments = before;
  arguments.insert(arguments.end(), {redan_program(), options_.command, "--json", "--data-dir",
                                     options_.folder.string(), "--listen", "127.0.0.1:" + std::to_string(port_)});
  arguments.insert(arguments.end(), options_.more.begin(), options_.more.end());
  process_ = std::make_unique<Process>(arguments, options_.folder.string() + ".log", announcement);
  const bool announced = eventually([&] { return read_file(announcement).ends_with('\n') || !process_->runs(); }, 30s);
  if (!announced || !process_->runs()) {
    throw std::runtime_error("redan " + options_.command + " does not start: " + log());
  }
  const json::value said = json::parse(read_file(announcement));
  const std::string url(said.at("url").as_string());
  const std::string port = url.substr(url.rfind(':') + 1);
  std::from_chars(port.data(), port.data() + port.size(), port_);
  fingerprint_ = said.at("fingerprint").as_string();
}

void Unit::kill() {
  process_->signal(SIGKILL);
  process_->wait(10s);
}

std::optional<int> Unit::stop() {
  process_->signal(SIGTERM);
  return process_->wait(20s);
}

net::Remote Unit::remote() const {
  return net::TlsRemote{"127.0.0.1", port_, net::PinnedSha256{net::parse_pin(fingerprint_).value()}};
}

net::Remote Unit::local() const { return net::UnixRemote{options_.folder / (options_.command + ".socket")}; }

std::vector<std::string> bus_options(const NatsServers& nats, const std::string& who) {
  const fs::path token = nats.folder() / "token";
  if (!fs::exists(token)) {
    std::ofstream(token) << kToken << "\n";
    ::chmod(token.c_str(), 0600);
  }
  ::chmod((nats.folder() / (who + ".key")).c_str(), 0600);
  std::vector<std::string> options{"--nats-allow-small-keys",
                                   "--nats-ca",
                                   nats.folder() / "ca.pem",
                                   "--nats-cert",
                                   nats.folder() / (who + ".pem"),
                                   "--nats-key",
                                   nats.folder() / (who + ".key"),
                                   "--nats-token-file",
                                   token};
  for (std::size_t i = 0; i < nats.count(); ++i) {
    options.insert(options.end(), {"--nats", "127.0.0.1:" + std::to_string(nats.port(i))});
  }
  return options;
}

std::unique_ptr<Unit> start_agent(const NatsServers& nats, const AmsProcess& ams, const fs::path& folder,
                                  const std::string& name, std::vector<std::string> more) {
  std::vector<std::string> arguments = bus_options(nats, name);
  arguments.insert(arguments.end(), {"--name", name, "--ams", "https://127.0.0.1:" + std::to_string(ams.port()),
                                     "--ams-fingerprint", ams.fingerprint()});
  arguments.insert(arguments.end(), more.begin(), more.end());
  auto unit = std::make_unique<Unit>(Unit::Options{"agent", folder, std::move(arguments)});
  const json::object identity{
      {"certificate", certificate_in(unit->folder() / "tls.pem")}, {"name", name}, {"role", "agent"}};
  Client admin(ams.local());
  const Answer added = admin.post("/1.0/auth/identities", json::serialize(identity));
  if (added.status != 202) throw std::runtime_error("AMS does not trust the agent: " + added.raw.body);
  return unit;
}

std::unique_ptr<Unit> start_gateway(const NatsServers& nats, const fs::path& folder, const std::string& name,
                                    std::vector<std::string> more) {
  std::vector<std::string> arguments = bus_options(nats, "gateway");
  arguments.insert(arguments.end(), {"--name", name});
  arguments.insert(arguments.end(), more.begin(), more.end());
  return std::make_unique<Unit>(Unit::Options{"gateway", folder, std::move(arguments)});
}

Cloud::Cloud(std::vector<std::string> agent_options, std::vector<std::string> gateway_options) {
  const std::string gateway_socket = (folder.path() / "gateway" / "gateway.socket").string();
  ams = std::make_unique<AmsProcess>(
      AmsProcess::Options{.folder = folder.path() / "ams", .more = {"--gateway", gateway_socket}});
  Client admin(ams->local());
  if (admin.post("/1.0/applications", R"({"name":"pong"})").status != 202) throw std::runtime_error("no application");
  gateway = start_gateway(nats, folder.path() / "gateway", "gateway", std::move(gateway_options));
  agent = start_agent(nats, *ams, folder.path() / "agent-1", "agent-1", std::move(agent_options));
  if (!has_agents(1)) throw std::runtime_error("the gateway hears of no agent: " + agent->log() + gateway->log());
}

std::unique_ptr<Unit> Cloud::another_agent(const std::string& name, std::vector<std::string> more) {
  return start_agent(nats, *ams, folder.path() / name, name, std::move(more));
}

std::unique_ptr<Unit> Cloud::another_gateway(std::vector<std::string> more) {
  more.insert(more.end(), {"--store-file", gateway->folder() / "gateway.sqlite", "--secrets-key",
                           gateway->folder() / "secrets.key"});
  return start_gateway(nats, folder.path() / "gateway-2", "gateway-2", std::move(more));
}

std::string Cloud::account(const std::string& name, const std::vector<std::string>& allow) {
  Client admin(gateway->local());
  const json::object wanted{{"name", name}, {"max_sessions", 1000}, {"allow", json::array(allow.begin(), allow.end())}};
  const Answer made = admin.post("/internal/1.0/accounts", json::serialize(wanted));
  if (made.status != 201) throw std::runtime_error("no account: " + made.raw.body);
  return std::string(made.metadata().at("token").as_string());
}

bool Cloud::has_agents(std::size_t count) {
  Client admin(gateway->local());
  return eventually([&] {
    const Answer applications = admin.get("/1.0/applications");
    const Answer status = admin.get("/1.0/status");
    return !applications.metadata().as_array().empty() &&
           status.metadata().at("agents").to_number<std::size_t>() == count;
  });
}

Answer GatewayClient::ask(std::string method, std::string path, std::string body) {
  return call(std::move(method), std::move(path), std::move(body), {{"Authorization", "macaroon root=" + token_}});
}

}  // namespace redan::cloud::test
