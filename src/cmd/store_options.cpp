#include "cmd/store_options.hpp"

#include "cloud/store/memory.hpp"
#include "cloud/store/sqlite.hpp"
#include "cmd/arguments.hpp"
#include "cmd/program.hpp"

namespace redan::cmd {
namespace {

/// The file's one line.
std::shared_ptr<const Secret<256>> read_password(const std::string& file) {
  std::string text = read_private_file(file);
  std::string_view line = text;
  while (line.ends_with('\n') || line.ends_with('\r')) line.remove_suffix(1);
  constexpr std::size_t kLongest = 72;  // bcrypt looks no further
  const bool good = !line.empty() && line.size() <= kLongest && line.find('\n') == std::string_view::npos;
  auto password = std::make_shared<const Secret<256>>(as_bytes(good ? line : std::string_view()));
  wipe({reinterpret_cast<std::uint8_t*>(text.data()), text.size()});
  if (!good) throw std::runtime_error(file + ": a password for etcd is one line of 1 to 72 characters");
  return password;
}

}  // namespace

cloud::EtcdConfig etcd_config(const StoreOptions& options, net::TlsIdentity& identity) {
  if (options.etcd.empty() || options.etcd_authority.empty() || options.etcd_certificate.empty() ||
      options.etcd_key.empty()) {
    throw std::runtime_error("etcd needs --etcd, --etcd-ca, --etcd-cert and --etcd-key");
  }
  if (options.etcd_user.empty() != options.etcd_password_file.empty()) {
    throw std::runtime_error("--etcd-user and --etcd-password-file belong together");
  }
  std::string key = read_private_file(options.etcd_key);
  auto loaded = net::load_tls_identity(read_file(options.etcd_certificate), key);
  wipe({reinterpret_cast<std::uint8_t*>(key.data()), key.size()});
  if (!loaded) throw std::runtime_error("--etcd-cert and --etcd-key: " + std::string(text(loaded.error())));
  identity = std::move(*loaded);
  cloud::EtcdConfig config;
  for (const std::string& endpoint : options.etcd) {
    const HostAndPort parsed = parse_host_and_port(endpoint);
    config.endpoints.push_back({parsed.host, parsed.port});
  }
  config.authority_pem = read_file(options.etcd_authority);
  config.identity = &identity;
  config.user = options.etcd_user;
  if (!config.user.empty()) config.password = read_password(options.etcd_password_file);
  config.prefix = options.etcd_prefix;
  return config;
}

std::unique_ptr<cloud::Store> open_etcd(boost::asio::io_context& io, const StoreOptions& options,
                                        std::function<void(const cloud::StoreFailure&)> report) {
  net::TlsIdentity identity;
  return cloud::etcd_store(io, etcd_config(options, identity), std::move(report));
}

void add_etcd_options(CLI::App& app, StoreOptions& options) {
  app.add_option("--etcd", options.etcd, "host:port of an etcd node; repeatable");
  app.add_option("--etcd-ca", options.etcd_authority, "The CA of the etcd nodes, PEM");
  app.add_option("--etcd-cert", options.etcd_certificate, "This unit's certificate for etcd, PEM");
  app.add_option("--etcd-key", options.etcd_key, "Its key, PEM, readable by this user alone");
  app.add_option("--etcd-user", options.etcd_user, "This unit's user at etcd");
  app.add_option("--etcd-password-file", options.etcd_password_file, "File with its password, as private as the key");
  app.add_option("--etcd-prefix", options.etcd_prefix, "Of all keys of this unit in etcd")->capture_default_str();
}

void add_store_options(CLI::App& app, StoreOptions& options) {
  app.add_option("--store", options.store, "Where the truth is kept")
      ->check(CLI::IsMember({"sqlite", "etcd", "memory"}))
      ->capture_default_str();
  app.add_option("--store-file", options.file, "The SQLite file (default: in --data-dir)");
  add_etcd_options(app, options);
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
