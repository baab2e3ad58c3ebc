// A store in an etcd cluster (3.4 or later), over its JSON gateway with mutual TLS 1.3. An acknowledged commit survives
// as long as a majority of the nodes does. Nothing but TLS is spoken, to the loopback too.
//
// The server certificates need the purposes serverAuth and clientAuth: the gateway of a node is its own client. The
// cluster needs --auto-compaction-retention, as every cluster that is written to.
#pragma once

#include <boost/asio/io_context.hpp>
#include <redan/secret.hpp>

#include "cloud/store/store.hpp"
#include "net/tls/tls.hpp"

namespace redan::cloud::store {

struct EtcdEndpoint {
  std::string host;  ///< a DNS name or an IP address; the server's certificate names it
  std::uint16_t port = 2379;
};

struct EtcdConfig {
  std::vector<EtcdEndpoint> endpoints;         ///< at least one; the others are tried when it fails
  std::string authority_pem;                   ///< that signed the servers' certificates
  const net::TlsIdentity* identity = nullptr;  ///< ours; read only within etcd_store()
  bool allow_small_keys = false;               ///< of the servers and their authority: below RSA-4096
  /// Whom etcd knows us as. Its gateway takes no certificate for a user, so there is a password too; both or neither.
  /// With a user, an etcd that asks nobody who he is (no `auth enable`) is refused.
  std::string user;
  std::shared_ptr<const Secret<256>> password;
  std::string prefix = "redan/";             ///< of all keys of this store; stores of one prefix see each other
  std::chrono::milliseconds deadline{2000};  ///< for each call of the store; then store_no_majority or the like
};

/// Connects when it is first used. `report` is told on the loop, at most once a second, why a call failed.
///
/// A commit that loses its answer is asked for again, elsewhere if need be, within the deadline, and is made once. Only
/// if nobody answers in time does it end store_unknown_outcome. A watch runs over one stream for all; its UpToDate
/// costs the cluster a small write per half second, shared by all stores of the prefix that watch.
std::unique_ptr<Store> etcd_store(boost::asio::io_context& io, EtcdConfig config,
                                  std::function<void(const StoreFailure&)> report = {});

}  // namespace redan::cloud::store
