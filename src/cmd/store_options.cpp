#include "cmd/store_options.hpp"

#include "cloud/store/etcd.hpp"
#include "cloud/store/memory.hpp"
#include "cloud/store/sqlite.hpp"
#include "cmd/arguments.hpp"
#include "cmd/program.hpp"

namespace redan::cmd {
std::unique_ptr<cloud::Store> open_etcd(boost::asio::io_context& io, const StoreOptions& options,
                                        std::function<void(const cloud::StoreFailure&)> report) {
  if (options.etcd.empty() || options.etcd_authority.empty() || options.etcd_certificate.empty() ||
      options.etcd_key.empty()) {
    throw std::runtime_error("etcd needs --etcd, --etcd-ca, --etcd-cert and --etcd-key");
  }
  auto identity = net::load_tls_identity(read_file(options.etcd_certificate), read_file(options.etcd_key));
  if (!identity) throw std::runtime_error("--etcd-cert and --etcd-key: " + std::string(text(identity.error())));
  cloud::EtcdConfig config;
  for (const std::string& endpoint : options.etcd) {
    const HostAndPort parsed = parse_host_and_port(endpoint);
    config.endpoints.push_back({parsed.host, parsed.port});
  }
  config.authority_pem = read_file(options.etcd_authority);
  config.identity = &*identity;
  config.prefix = options.etcd_prefix;
  return cloud::etcd_store(io, std::move(config), std::move(report));
}

void add_store_options(CLI::App& app, StoreOptions& options) {
  app.add_option("--store", options.store, "Where the truth is kept")
      ->check(CLI::IsMember({"sqlite", "etcd", "memory"}))
      ->capture_default_str();
  app.add_option("--store-file", options.file, "The SQLite file (default: in --data-dir)");
  app.add_option("--etcd", options.etcd, "host:port of an etcd node; repeatable");
  app.add_option("--etcd-ca", options.etcd_authority, "The CA of the etcd nodes, PEM");
  app.add_option("--etcd-cert", options.etcd_certificate, "Our certificate for etcd, PEM");
  app.add_option("--etcd-key", options.etcd_key, "Its key, PEM");
  app.add_option("--etcd-prefix", options.etcd_prefix, "Of all keys in etcd")->capture_default_str();
}

std::unique_ptr<cloud::Store> open_store(boost::asio::io_context& io, const StoreOptions& options,
                                         const std::filesystem::path& sqlite_file) {
  const auto report = [](const cloud::StoreFailure& failure) {
    log_line("store: " + std::string(text(failure.code)) + ": " + failure.detail);
  };
  if (options.store == "memory") return cloud::memory_store(io);
  if (options.store == "etcd") return open_etcd(io, options, report);
  auto store =
      cloud::sqlite_store(io, options.file.empty() ? sqlite_file : std::filesystem::path(options.file), report);
  if (!store) throw std::runtime_error(std::string(text(store.error().code)) + ": " + store.error().detail);
  return std::move(*store);
}

}  // namespace redan::cmd
