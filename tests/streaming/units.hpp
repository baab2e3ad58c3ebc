// The programs that together provide streams: NATS, AMS, agents and gateways, each in its own process.
#pragma once

#include "tests/interop/nats/nats_servers.hpp"
#include "tests/trust/ams_process.hpp"

namespace redan::cloud::test {

/// A unit that prints its address on standard output when it listens: {"url":..., "fingerprint":...}.
class Unit {
 public:
  struct Options {
    std::string command;  ///< "agent", "gateway"
    std::filesystem::path folder;
    std::vector<std::string> more{};
  };
  /// Starts it on a free port of loopback. Throws if it does not start.
  explicit Unit(Options options);
  ~Unit();
  Unit(const Unit&) = delete;
  Unit& operator=(const Unit&) = delete;

  void kill();  ///< SIGKILL
  /// Restarts it on the same port; `before` is put before the program: env and its variables.
  void start(const std::vector<std::string>& before = {});
  void freeze() const { process_->signal(SIGSTOP); }
  void thaw() const { process_->signal(SIGCONT); }
  void signal(int number) const { process_->signal(number); }
  [[nodiscard]] pid_t pid() const { return process_->pid(); }
  [[nodiscard]] std::optional<int> stop();
  [[nodiscard]] std::optional<int> wait(std::chrono::milliseconds timeout) { return process_->wait(timeout); }

  [[nodiscard]] std::uint16_t port() const { return port_; }
  [[nodiscard]] const std::string& fingerprint() const { return fingerprint_; }
  [[nodiscard]] const std::filesystem::path& folder() const { return options_.folder; }
  [[nodiscard]] std::string log() const { return read_file(options_.folder.string() + ".log"); }
  /// Over TLS, with the server pinned.
  [[nodiscard]] net::Remote remote() const;
  /// On the Unix socket.
  [[nodiscard]] net::Remote local() const;

 private:
  Options options_;
  std::unique_ptr<Process> process_;
  std::uint16_t port_ = 0;
  std::string fingerprint_;
};

/// The options of a unit on this bus as `who`, one of the names for which NatsServers has certificates.
std::vector<std::string> bus_options(const NatsServers& nats, const std::string& who);

/// An agent of this AMS, which trusts it afterwards.
std::unique_ptr<Unit> start_agent(const NatsServers& nats, const AmsProcess& ams, const std::filesystem::path& folder,
                                  const std::string& name, std::vector<std::string> more);
std::unique_ptr<Unit> start_gateway(const NatsServers& nats, const std::filesystem::path& folder,
                                    const std::string& name, std::vector<std::string> more);

/// One of each unit, and an application named "pong". AMS trusts the agent, and the gateway knows it.
class Cloud {
 public:
  explicit Cloud(std::vector<std::string> agent_options = {}, std::vector<std::string> gateway_options = {});

  NatsServers nats{1};
  TemporaryFolder folder;
  std::unique_ptr<AmsProcess> ams;
  std::unique_ptr<Unit> agent, gateway;

  /// A further agent, "agent-2", of the same AMS.
  std::unique_ptr<Unit> another_agent(const std::string& name, std::vector<std::string> more = {});
  /// A further gateway with the same store.
  std::unique_ptr<Unit> another_gateway(std::vector<std::string> more = {});
  /// The token of a new account.
  std::string account(const std::string& name, const std::vector<std::string>& allow = {});
  /// Whether the gateway knows this many agents.
  bool has_agents(std::size_t count);
};

/// A client of a gateway, with its token.
class GatewayClient : public Client {
 public:
  GatewayClient(const Unit& gateway, std::string token)
      : Client(gateway.remote(), std::chrono::seconds(30)), token_(std::move(token)) {}
  Answer ask(std::string method, std::string path, std::string body = {});

 private:
  std::string token_;
};

}  // namespace redan::cloud::test
