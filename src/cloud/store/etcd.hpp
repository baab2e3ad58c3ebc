// A store in an etcd cluster (3.4 or later), through its JSON gateway with mutual TLS 1.3. An acknowledged commit
// survives as long as a majority of the nodes does. TLS is always used, also on loopback.
//
// The server certificates need the purposes serverAuth and clientAuth, because the gateway of a node is its own client.
// The cluster needs --auto-compaction-retention, like every cluster that is written to.
#pragma once

#include <boost/asio/io_context.hpp>
#include <redan/secret.hpp>

#include "cloud/store/store.hpp"
#include "net/tls/tls.hpp"

namespace redan::cloud::store {

struct EtcdEndpoint {
  std::string host;  ///< a DNS name or an IP address, contained in the server's certificate
  std::uint16_t port = 2379;
};

struct EtcdConfig {
  std::vector<EtcdEndpoint> endpoints;         ///< at least one; the others are tried when it fails
  std::string authority_pem;                   ///< that signed the servers' certificates
  const net::TlsIdentity* identity = nullptr;  ///< our identity; read only within etcd_store()
  bool allow_small_keys = false;               ///< accept keys of the servers and their authority below RSA-4096
  /// Our user in etcd. Its gateway does not map a certificate to a user, so a password is needed too; set both or
  /// neither. With a user, an etcd that does not authenticate users (no `auth enable`) is refused.
  std::string user;
  std::shared_ptr<const Secret<256>> password;
  std::string prefix = "redan/";             ///< of all keys of this store; stores of one prefix see each other
  std::chrono::milliseconds deadline{2000};  ///< for each call of the store; then store_no_majority or a similar error
};

/// Connects at first use. `report` is called on the loop, at most once a second, with the reason for which a call
/// failed.
///
/// A commit whose answer is lost is retried, at another node if necessary, within the deadline, and is applied once. It
/// ends with store_unknown_outcome only if no node answers in time. All watches share one stream; their UpToDate costs
/// the cluster a small write per half second, shared by all stores of the prefix that watch.
std::unique_ptr<Store> etcd_store(boost::asio::io_context& io, EtcdConfig config,
                                  std::function<void(const StoreFailure&)> report = {});

}  // namespace redan::cloud::store
