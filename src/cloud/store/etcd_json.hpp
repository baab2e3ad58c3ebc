// Messages of etcd's JSON gateway (etcd.io: api_grpc_gateway): proto3 JSON, so 64-bit integers are strings, keys and
// values are base64, and zero or false values are omitted. Keys here are etcd's own, including the store's prefix.
#pragma once

#include "cloud/store/rules.hpp"

namespace redan::cloud::store {

// Requests.

/// Holds if the revision of the key (0: absent) is equal to `revision`, or less.
struct EtcdCompare {
  enum class Target : std::uint8_t { created, modified };
  enum class Relation : std::uint8_t { equal, less };
  std::string key;
  Target target = Target::modified;
  Relation relation = Relation::equal;
  Revision revision{};
};

struct EtcdPut {
  std::string key;
  std::string value;
  LeaseId lease{};
};
struct EtcdErase {
  std::string key;
};
/// Several keys, or keys.begin only.
struct EtcdRange {
  KeyRange keys;
  std::size_t limit = 1;
  enum class Width : std::uint8_t { one_key, several } width = Width::several;
};
using EtcdOperation = std::variant<EtcdPut, EtcdErase, EtcdRange>;

struct EtcdTransaction {
  std::vector<EtcdCompare> compares;
  std::vector<EtcdOperation> success;  ///< if all compares hold
  std::vector<EtcdOperation> failure;
};

std::string write(const EtcdRange& range);                     ///< for /v3/kv/range
std::string write(const EtcdTransaction& transaction);         ///< for /v3/kv/txn
std::string write_lease_grant(std::chrono::seconds ttl);       ///< for /v3/lease/grant
std::string write_lease_id(LeaseId lease);                     ///< for /v3/lease/keepalive and /v3/lease/revoke
std::string write_watch(const KeyRange& keys, Revision from);  ///< for /v3/watch; `from` is the first revision reported

std::string write_login(std::string_view user, std::string_view password);  ///< for /v3/auth/authenticate

// Answers; nullopt if etcd would not send them.

struct EtcdRangeAnswer {
  Revision revision{};  ///< of the whole cluster
  std::vector<Entry> entries;
  bool more = false;
};
struct EtcdTransactionAnswer {
  Revision revision{};
  bool succeeded = false;
  std::vector<EtcdRangeAnswer> ranges;  ///< the answers to the EtcdRange operations that were carried out, in order
};
struct EtcdLeaseAnswer {
  LeaseId lease{};
  std::chrono::seconds ttl{};  ///< 0: the lease has expired
};
struct EtcdWatchAnswer {
  std::vector<WatchEvent> events;  ///< PutSeen and EraseSeen
  bool canceled = false;
  Revision compacted{};  ///< if canceled and not 0: the first revision that is still available
};
struct EtcdError {
  std::uint64_t code = 0;  ///< of gRPC (grpc.io: status codes)
  std::string message;
};

std::optional<EtcdRangeAnswer> parse_range(std::string_view body);
std::optional<EtcdTransactionAnswer> parse_transaction(std::string_view body);
/// Returns the token.
std::optional<std::string> parse_login(std::string_view body);
/// For grant and for keepalive, whose answer is the first line of a stream.
std::optional<EtcdLeaseAnswer> parse_lease(std::string_view body);
/// One line of the stream.
std::optional<EtcdWatchAnswer> parse_watch(std::string_view line);
/// Of a call, or in a stream.
std::optional<EtcdError> parse_error(std::string_view body);

}  // namespace redan::cloud::store
