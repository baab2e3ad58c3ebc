#include "cmd/units/store_options.hpp"

#include "cloud/store/memory.hpp"
#include "cloud/store/sqlite.hpp"
#include "cmd/arguments.hpp"
#include "cmd/program.hpp"
#include "cmd/secret_file.hpp"

namespace redan::cmd {
namespace {

constexpr const char* kMakeKey =
    "make it once, with: (umask 077; openssl rand -hex 64 > secrets.key), and copy it to every unit of this kind";

/// The single line of the file.
std::shared_ptr<const Secret<256>> read_password(const std::string& file) {
  constexpr std::size_t kLongest = 72;  // bcrypt ignores the rest
  const SecretText text = read_secret_file(file);
  const std::string_view line = text.line();
  if (line.empty() || line.size() > kLongest || line.find('\n') != std::string_view::npos) {
    throw std::runtime_error(file + ": a password for etcd is one line of 1 to 72 characters");
  }
  return std::make_shared<const Secret<256>>(as_bytes(line));
}

}  // namespace

cloud::store::EtcdConfig etcd_config(const StoreOptions& options, net::TlsIdentity& identity) {
  if (options.etcd.empty() || options.etcd_authority.empty() || options.etcd_certificate.empty() ||
      options.etcd_key.empty()) {
    throw std::runtime_error("etcd needs --etcd, --etcd-ca, --etcd-cert and --etcd-key");
  }
  if (options.etcd_user.empty() != options.etcd_password_file.empty()) {
    throw std::runtime_error("--etcd-user and --etcd-password-file belong together");
  }
  identity = read_identity("--etcd-cert and --etcd-key", options.etcd_certificate, options.etcd_key);
  cloud::store::EtcdConfig config;
  for (const std::string& endpoint : options.etcd) {
    const HostAndPort parsed = parse_host_and_port(endpoint);
    config.endpoints.push_back({parsed.host, parsed.port});
  }
  config.authority_pem = read_file(options.etcd_authority);
  config.identity = &identity;
  config.allow_small_keys = options.etcd_allow_small_keys;
  config.user = options.etcd_user;
  if (!config.user.empty()) config.password = read_password(options.etcd_password_file);
  config.prefix = options.etcd_prefix;
  return config;
}

std::unique_ptr<cloud::store::Store> open_etcd(boost::asio::io_context& io, const StoreOptions& options,
                                               std::function<void(const cloud::store::StoreFailure&)> report) {
  net::TlsIdentity identity;
  return cloud::store::etcd_store(io, etcd_config(options, identity), std::move(report));
}

void add_etcd_options(CLI::App& app, StoreOptions& options) {
  app.add_option("--etcd", options.etcd, "host:port of an etcd node; repeatable");
  app.add_option("--etcd-ca", options.etcd_authority, "The CA of the etcd nodes, PEM");
  app.add_option("--etcd-cert", options.etcd_certificate, "This unit's certificate for etcd, PEM");
  app.add_option("--etcd-key", options.etcd_key, "Its key, PEM, readable by this user alone");
  app.add_flag("--etcd-allow-small-keys", options.etcd_allow_small_keys,
               "Keys of the nodes and their CA below RSA-4096");
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
  app.add_option("--secrets-key", options.secrets_key,
                 "The key of the secrets in the store, one file for all units (default without etcd: secrets.key "
                 "in --data-dir)");
}

Secret<64> secrets_key(const StoreOptions& options, const std::filesystem::path& directory, RandomSource& random) {
  if (options.secrets_key.empty() && options.store != "etcd") {
    return load_or_create_key(directory / "secrets.key", random);
  }
  if (options.secrets_key.empty()) {
    throw std::runtime_error(std::string("--store etcd needs --secrets-key; ") + kMakeKey);
  }
  if (!std::filesystem::exists(options.secrets_key)) {
    throw std::runtime_error(options.secrets_key + " is missing; " + kMakeKey);
  }
  return read_key(options.secrets_key);
}

std::unique_ptr<cloud::store::Store> open_store(boost::asio::io_context& io, const StoreOptions& options,
                                                const std::filesystem::path& sqlite_file) {
  const auto report = [](const cloud::store::StoreFailure& failure) {
    log_line("store: " + std::string(text(failure.code)) + ": " + failure.detail);
  };
  if (options.store == "memory") return cloud::store::memory_store(io);
  if (options.store == "etcd") return open_etcd(io, options, report);
  auto store =
      cloud::store::sqlite_store(io, options.file.empty() ? sqlite_file : std::filesystem::path(options.file), report);
  if (!store) throw std::runtime_error(std::string(text(store.error().code)) + ": " + store.error().detail);
  return std::move(*store);
}

}  // namespace redan::cmd
