// The options of every program with a store: --store, --etcd...
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
  std::vector<std::string> etcd_others{"redan/ams/", "redan/gateway/"};  ///< only for `redan doctor`
  std::string etcd_user, etcd_password_file;
  bool etcd_allow_small_keys = false;
  std::string secrets_key;
};

/// --etcd and related options.
void add_etcd_options(CLI::App& app, StoreOptions& options);
void add_store_options(CLI::App& app, StoreOptions& options);
/// Throws like open_store. `identity` is set from --etcd-cert and --etcd-key, and must outlive the use.
cloud::store::EtcdConfig etcd_config(const StoreOptions& options, net::TlsIdentity& identity);
/// Opens etcd, regardless of --store. Throws like open_store.
std::unique_ptr<cloud::store::Store> open_etcd(boost::asio::io_context& io, const StoreOptions& options,
                                               std::function<void(const cloud::store::StoreFailure&)> report);
/// The key that encrypts the secrets in the store: --secrets-key. Without etcd it is secrets.key in `directory`, which
/// is created if it is missing. Units that share a store share the file, so none of them creates it. Throws like
/// open_store.
Secret<64> secrets_key(const StoreOptions& options, const std::filesystem::path& directory, RandomSource& random);
/// `sqlite_file` is used with --store sqlite, unless --store-file names another. Throws std::runtime_error with a
/// human-readable message. Later errors of the store are logged.
std::unique_ptr<cloud::store::Store> open_store(boost::asio::io_context& io, const StoreOptions& options,
                                                const std::filesystem::path& sqlite_file);

}  // namespace redan::cmd
