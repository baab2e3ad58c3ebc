// The whole control plane in one process, with everything embedded: AMS, agent, gateway, and instances that stream.
// They communicate as on several machines, over mutual TLS 1.3 on loopback; only the bus is in process, and the stores
// are in memory.
#pragma once

#include "cloud/agent/server.hpp"
#include "cloud/ams/server.hpp"
#include "cloud/gateway/server.hpp"
#include "cmd/demo/attack/hostile_gateway.hpp"
#include "cmd/demo/embedded_launcher.hpp"

namespace redan::cmd {

struct DemoCloudConfig {
  const net::TlsIdentity* identity = nullptr;  ///< of all services; must outlive the object
  std::shared_ptr<net::TlsServerCredentials> credentials{};
  boost::asio::ip::tcp::endpoint listen{};  ///< of the gateway, with its port
  std::string url;                          ///< the URL for clients: "wss://..."
  std::vector<Address> media_addresses{};
  std::vector<std::string> turn_urls{};
  std::optional<Secret<64>> turn_secret{};
  decltype(net::HttpServerConfig::handler) page{};
  decltype(net::HttpServerConfig::on_upgrade) page_socket{};
  std::function<void(std::string_view)> log{};
};

class DemoCloud {
 public:
  DemoCloud(boost::asio::io_context& io, DemoCloudConfig config, Provider& provider);
  DemoCloud(const DemoCloud&) = delete;
  DemoCloud& operator=(const DemoCloud&) = delete;

  /// Everything is available when it is done. Returns a human-readable error on failure.
  [[nodiscard]] net::Task<tl::expected<void, std::string>> start();
  void stop();

  /// A token for one visitor, valid for a day.
  [[nodiscard]] net::Task<cloud::api::Outcome<std::string>> new_token();
  /// What a back end requests from AMS for its user: this session's grant for this key, both in base64.
  [[nodiscard]] net::Task<cloud::api::Outcome<std::string>> new_grant(std::string session, std::string key);
  /// AMS's sealing keys, for the page: 64 hexadecimal digits each.
  [[nodiscard]] boost::json::array authorities() const;
  /// The attacks of this gateway on its sessions.
  [[nodiscard]] HostileGateway& attacks() { return hostile_; }
  /// Whether the request has a visitor's token.
  [[nodiscard]] bool admits(const net::HttpRequest& request) const;
  /// The hops between a browser and the runtime, and how each is protected: rows for the page.
  [[nodiscard]] boost::json::array chain() const;

 private:
  [[nodiscard]] net::Task<tl::expected<void, std::string>> start_ams();
  [[nodiscard]] tl::expected<void, std::string> start_agent();

  boost::asio::io_context& io_;
  DemoCloudConfig config_;
  Provider& provider_;
  std::string fingerprint_;
  std::unique_ptr<cloud::store::Store> ams_store_, gateway_store_;
  std::unique_ptr<cloud::bus::Bus> bus_;
  HostileGateway hostile_;
  HostileBus gateway_bus_;
  EmbeddedLauncher launcher_;
  std::unique_ptr<cloud::ams::Ams> ams_;
  std::unique_ptr<cloud::ams::Server> ams_server_;
  std::unique_ptr<cloud::agent::AmsClient> ams_client_;
  std::unique_ptr<cloud::agent::Agent> agent_;
  std::unique_ptr<cloud::agent::Server> agent_server_;
  std::unique_ptr<cloud::gateway::Gateway> gateway_;
  std::unique_ptr<cloud::gateway::Server> gateway_server_;
  std::uint64_t visitors_ = 0;
};

}  // namespace redan::cmd
