// The options of every program that keeps its truth in a store: --store, --etcd...
#pragma once

#include <CLI/CLI.hpp>
#include <filesystem>
#include <memory>

#include "cloud/store/etcd.hpp"

namespace redan::cmd {

struct StoreOptions {
  std::string store = "sqlite";
  std::string file;
  std::vector<std::string> etcd;
  std::string etcd_authority, etcd_certificate, etcd_key, etcd_prefix = "redan/";
  std::vector<std::string> etcd_others{"redan/ams/", "redan/gateway/"};  ///< `redan doctor` alone
  std::string etcd_user, etcd_password_file;
  bool etcd_allow_small_keys = false;
  std::string secrets_key;
};

/// --etcd and what belongs to it.
void add_etcd_options(CLI::App& app, StoreOptions& options);
void add_store_options(CLI::App& app, StoreOptions& options);
/// Throws as open_store. `identity` is set to what --etcd-cert and --etcd-key say, and outlives the use.
cloud::store::EtcdConfig etcd_config(const StoreOptions& options, net::TlsIdentity& identity);
/// Whatever --store says. Throws as open_store.
std::unique_ptr<cloud::store::Store> open_etcd(boost::asio::io_context& io, const StoreOptions& options,
                                               std::function<void(const cloud::store::StoreFailure&)> report);
/// What the secrets in the store are sealed under: --secrets-key. Without etcd it is secrets.key in `directory`, which
/// is made if it is missing; units that share their store share the file, so none of them makes it. Throws as
/// open_store.
Secret<64> secrets_key(const StoreOptions& options, const std::filesystem::path& directory, RandomSource& random);
/// `sqlite_file` is used with --store sqlite, unless --store-file says another. Throws std::runtime_error in a person's
/// words. What the store meets later is logged.
std::unique_ptr<cloud::store::Store> open_store(boost::asio::io_context& io, const StoreOptions& options,
                                                const std::filesystem::path& sqlite_file);

}  // namespace redan::cmd
