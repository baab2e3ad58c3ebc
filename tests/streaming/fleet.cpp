#include "tests/streaming/fleet.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/write.hpp>
#include <boost/json.hpp>
#include <charconv>
#include <cstdio>
#include <sstream>

#include "net/clock.hpp"
#include "tests/cloud/store/contract.hpp"

namespace redan::cloud::test {
namespace {

namespace asio = boost::asio;
namespace fs = std::filesystem;
namespace json = boost::json;
using namespace std::chrono_literals;

constexpr std::size_t kAtOnce = 8;

}  // namespace

// Instances.

EchoApp::EchoApp(asio::io_context& io, fs::path socket) : socket_(io), path_(std::move(socket)) {}

bool EchoApp::connect() {
  boost::system::error_code error;
  socket_.connect(asio::local::stream_protocol::endpoint(path_.string()), error);
  if (error) {
    socket_.close(error);
    return false;
  }
  read();
  return true;
}

void EchoApp::read() {
  socket_.async_read_some(asio::buffer(buffer_), [this](const boost::system::error_code& error, std::size_t size) {
    if (error) return;
    boost::system::error_code failed;
    asio::write(socket_, asio::buffer(buffer_.data(), size), failed);
    if (!failed) read();
  });
}

// Clients.

Talk::Talk(asio::io_context& io, cmd::StreamClients& clients, std::string session)
    : clients_(clients), session_(std::move(session)), timer_(io) {}

void Talk::open(const cmd::StreamGrant& grant, bool video, const net::TlsRemote* through) {
  client_ = &clients_.open(grant, {.video = video, .channels = {"echo"}}, through);
  client_->on_message = [this](const std::string& channel, std::string_view text) {
    if (channel == "echo") hear(text);
  };
}

bool Talk::connected() const { return client_ != nullptr && client_->state() == cmd::StreamClient::State::connected; }

void Talk::start(std::chrono::milliseconds every) {
  sending_ = true;
  client_->reset_gap(net::now());
  tick(every);
}

void Talk::tick(std::chrono::milliseconds every) {
  if (!sending_) return;
  if (client_->send("echo", std::to_string(sent_) + "\n")) ++sent_;
  timer_.expires_after(every);
  timer_.async_wait([this, every](const boost::system::error_code& error) {
    if (!error) tick(every);
  });
}

// Bytes return in the same pieces as on their way.
void Talk::hear(std::string_view text) {
  partial_ += text;
  for (std::size_t end = partial_.find('\n'); end != std::string::npos; end = partial_.find('\n')) {
    std::uint64_t number = 0;
    std::from_chars(partial_.data(), partial_.data() + end, number);
    in_order_ = in_order_ && number == received_;
    ++received_;
    partial_.erase(0, end + 1);
  }
}

// The fleet.

Fleet::Fleet(std::int64_t capacity) {
  std::vector<std::string> ams_options = etcd_options("ams/");
  ams_options.insert(ams_options.end(), {"--secrets-key", secrets_key_file(folder.path())});
  ams = std::make_unique<AmsProcess>(AmsProcess::Options{.folder = folder.path() / "ams", .more = ams_options});
  Client admin(ams->local());
  if (admin.post("/1.0/applications", R"({"name":"demo"})").status != 202) throw std::runtime_error("no application");
  const fs::path key = folder.path() / "token.key";
  for (const std::string name : {"agent-1", "agent-2"}) {
    agents.push_back(start_agent(nats, *ams, folder.path() / name, name,
                                 {"--token-key", key.string(), "--capacity", std::to_string(capacity)}));
  }
  for (const std::string name : {"gateway-1", "gateway-2"}) {
    std::vector<std::string> more = etcd_options("gateway/");
    more.insert(more.end(), {"--secrets-key", secrets_key_file(folder.path()), "--requests-per-second", "10000",
                             "--max-per-address", "10000"});
    gateways.push_back(start_gateway(nats, folder.path() / name, name, std::move(more)));
  }
  Client first(gateways[0]->local());
  const Answer made = first.post("/internal/1.0/accounts", R"({"name":"fleet","max_sessions":2000})");
  if (made.status != 201) throw std::runtime_error("no account: " + made.raw.body);
  token_ = made.metadata().at("token").as_string();
  for (std::size_t i = 0; i < gateways.size(); ++i) {
    const std::vector<Address> here{*Address::parse("127.0.0.1", 0)};
    clients.push_back(std::make_unique<cmd::StreamClients>(io, remote(i), token_, here, *provider));
  }
  for (std::size_t i = 0; i < gateways.size(); ++i) {
    Client local(gateways[i]->local());
    const bool known = eventually([&] {
      return local.get("/internal/1.0/accounts").metadata().as_array().size() == 1 &&
             local.get("/1.0/status").metadata().at("agents").to_number<std::size_t>() == agents.size() &&
             !local.get("/1.0/applications").metadata().as_array().empty();
    });
    if (!known) throw std::runtime_error("a gateway does not know the agents: " + gateways[i]->log());
  }
}

Fleet::~Fleet() {
  for (const auto& talk : talks) talk->stop_sending();
  apps_.clear();
  talks.clear();
  clients.clear();
  run_for(100ms);
}

std::vector<std::string> Fleet::etcd_options(const std::string& prefix) const {
  std::vector<std::string> options{"--etcd-allow-small-keys",
                                   "--store",
                                   "etcd",
                                   "--etcd-ca",
                                   (etcd.folder() / "ca.pem").string(),
                                   "--etcd-cert",
                                   (etcd.folder() / "client.pem").string(),
                                   "--etcd-key",
                                   (etcd.folder() / "client.key").string(),
                                   "--etcd-prefix",
                                   prefix};
  for (const store::EtcdEndpoint& endpoint : etcd.config(prefix).endpoints) {
    options.insert(options.end(), {"--etcd", endpoint.host + ":" + std::to_string(endpoint.port)});
  }
  return options;
}

net::TlsRemote Fleet::remote(std::size_t gateway) const {
  return std::get<net::TlsRemote>(gateways[gateway]->remote());
}

net::Task<void> Fleet::begin_one(std::size_t gateway, std::size_t through, bool video) {
  std::string body = R"({"app":"demo","joinable":true,"screen":{"width":320,"height":180,"fps":15}})";
  const auto granted = co_await clients[gateway]->create(std::move(body));
  --pending_;
  if (!granted) {
    problems_.push_back("gateway-" + std::to_string(gateway + 1) + ": " + granted.error());
    co_return;
  }
  talks.push_back(std::make_unique<Talk>(io, *clients[gateway], granted->session));
  const net::TlsRemote other = remote(through);
  talks.back()->open(*granted, video, &other);
}

bool Fleet::begin(std::size_t gateway, std::size_t through, bool video) {
  const std::size_t before = talks.size();
  ++pending_;
  asio::co_spawn(io, begin_one(gateway, through, video), asio::detached);
  until([&] { return pending_ == 0; }, 30s);
  for (const std::string& problem : problems_) std::printf("  %s\n", problem.c_str());
  problems_.clear();
  if (talks.size() != before + 1) return false;
  return all_connected(20s);
}

bool Fleet::begin_many(std::size_t count, std::size_t videos) {
  for (std::size_t i = 0; i < count; ++i) {
    // Every gateway serves sockets of sessions that another one created.
    ++pending_;
    asio::co_spawn(io, begin_one(i % 2, i / 2 % 2, i < videos), asio::detached);
    if (!until([&] { return pending_ < kAtOnce; }, 60s)) break;
    attach_apps();
  }
  until([&] { return pending_ == 0; }, 60s);
  for (const std::string& problem : problems_) std::printf("  %s\n", problem.c_str());
  return problems_.empty() && talks.size() == count;
}

// An instance's folder is named by its id; its name is the session's.
void Fleet::attach_apps() {
  std::error_code ignored;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder.path() / "ams" / "instances", ignored)) {
    const fs::path socket = entry.path() / "sockets" / "webrtc_data_echo";
    const std::string id = entry.path().filename();
    if (with_app_.contains(id) || !fs::exists(socket, ignored)) continue;
    auto app = std::make_unique<EchoApp>(io, socket);
    if (!app->connect()) continue;
    apps_.push_back(std::move(app));
    with_app_.insert(id);
  }
}

bool Fleet::all_connected(std::chrono::seconds timeout) {
  const bool all = until(
      [&] {
        attach_apps();
        return std::all_of(talks.begin(), talks.end(), [](const auto& talk) { return talk->open_for_talk(); }) &&
               with_app_.size() >= talks.size();
      },
      timeout);
  if (all) return true;
  std::printf("  %zu clients, %zu applications\n", talks.size(), with_app_.size());
  for (const auto& talk : talks) {
    if (!talk->open_for_talk()) std::printf("  %s: %s\n", talk->session().c_str(), talk->client().problem().c_str());
  }
  return false;
}

void Fleet::talk(std::chrono::milliseconds every) {
  for (const auto& talk : talks) talk->start(every);
}

void Fleet::run_for(std::chrono::milliseconds time) {
  io.restart();
  io.run_for(time);
}

bool Fleet::until(const std::function<bool()>& done, std::chrono::milliseconds timeout) {
  const auto end = std::chrono::steady_clock::now() + timeout;
  while (!done()) {
    if (std::chrono::steady_clock::now() > end) return false;
    run_for(20ms);
  }
  return true;
}

std::multiset<std::string> Fleet::instances() {
  Client admin(ams->local());
  std::multiset<std::string> names;
  const Answer answer = admin.get("/1.0/instances?recursion=1");
  if (answer.status != 200) return names;
  for (const json::value& instance : answer.metadata().as_array()) {
    for (const json::value& tag : instance.at("tags").as_array()) {
      if (tag.as_string().starts_with("session=")) names.insert(std::string(tag.as_string()).substr(8));
    }
  }
  return names;
}

std::string Fleet::logged_about(const std::string& session) {
  std::string found;
  const auto look_for = [&](const std::string& what, const std::string& who, const std::string& log) {
    std::istringstream lines(log);
    for (std::string line; std::getline(lines, line);) {
      if (line.find(what) != std::string::npos) found += "    " + who + ": " + line + "\n";
    }
  };
  std::string instance;
  std::error_code ignored;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder.path() / "ams" / "instances", ignored)) {
    if (read_file(entry.path() / "user-data.json").find(session) == std::string::npos) continue;
    instance = entry.path().filename().string();
    look_for("", "instance " + instance, read_file(entry.path() / "log"));
  }
  for (const auto* units : {&agents, &gateways}) {
    for (const auto& unit : *units) look_for(session, unit->folder().filename().string(), unit->log());
  }
  if (!instance.empty()) look_for(instance, "ams", ams->log());
  return found.empty() ? "    " + session + ": no log has it\n" : found;
}

std::string Fleet::logs() {
  std::string all;
  for (const auto* units : {&agents, &gateways}) {
    for (const auto& unit : *units) all += unit->folder().filename().string() + ":\n" + unit->log();
  }
  return all + "ams:\n" + ams->log();
}

std::size_t Fleet::sessions(std::size_t gateway, const std::string& status) {
  Client local(gateways[gateway]->local());
  const Answer answer = local.get("/1.0/sessions?limit=1000&status=" + status);
  return answer.status == 200 ? answer.metadata().as_array().size() : 0;
}

}  // namespace redan::cloud::test
