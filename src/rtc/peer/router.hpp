// Finds the peer of a datagram. A check names its peer by the local ufrag in USERNAME; a response is found by the
// transaction id of its request; all other datagrams by their path, which belongs to a peer from its first
// authenticated check on. Each peer erases its own keys, so the cost of closing a peer does not depend on the number of
// peers.
#pragma once

#include <redan/types.hpp>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/sip_hash.hpp"
#include "rtc/stun/message.hpp"

namespace redan::peer {

class Peer;

class Router {
 public:
  explicit Router(RandomSource& random)
      : hash_(random), by_path_(0, hash_), by_ufrag_(0, hash_), by_transaction_(0, hash_) {}
  Router(const Router&) = delete;
  Router& operator=(const Router&) = delete;

  [[nodiscard]] Peer* by_path(const Path& path) const { return find(by_path_, path); }
  [[nodiscard]] Peer* by_ufrag(std::string_view ufrag) const { return find(by_ufrag_, ufrag); }
  [[nodiscard]] Peer* by_transaction(const stun::TransactionId& id) const { return find(by_transaction_, id); }
  /// Keys held, over all peers.
  [[nodiscard]] std::size_t size() const { return by_path_.size() + by_ufrag_.size() + by_transaction_.size(); }

 private:
  friend class Routes;

  /// Remote parties choose addresses and ufrags, so the hash is keyed.
  struct KeyHash {
    using is_transparent = void;
    explicit KeyHash(RandomSource& random) : hash(random) {}
    std::size_t operator()(std::string_view text) const { return hash(as_bytes(text)); }
    std::size_t operator()(const stun::TransactionId& id) const { return hash(id); }
    std::size_t operator()(const Path& path) const {
      std::array<std::uint8_t, 36> bytes{};
      Writer writer(bytes);
      for (const Address& end : {path.local, path.remote}) {
        writer.bytes(end.ip());
        writer.u16(end.port());
      }
      return hash(writer.written());
    }
    SipHash hash;
  };
  template <class Key>
  using Table = std::unordered_map<Key, Peer*, KeyHash, std::equal_to<>>;
  template <class Key, class Wanted>
  static Peer* find(const Table<Key>& table, const Wanted& key) {
    const auto found = table.find(key);
    return found == table.end() ? nullptr : found->second;
  }

  KeyHash hash_;
  Table<Path> by_path_;
  Table<std::string> by_ufrag_;
  Table<stun::TransactionId> by_transaction_;
};

/// The keys of one peer. Destroying the object erases them from the router.
class Routes {
 public:
  Routes(Router& router, Peer& peer) : router_(router), peer_(peer) {}
  ~Routes();
  Routes(const Routes&) = delete;
  Routes& operator=(const Routes&) = delete;

  /// After an ICE restart the previous ufrag remains valid beside the new one; older ones are removed.
  void add_ufrag(std::string_view ufrag);
  /// The path must belong to no other peer.
  void add_path(const Path& path);
  void remove_path(const Path& path);
  [[nodiscard]] const std::vector<Path>& paths() const { return paths_; }
  /// A request is sent on a path that is not ours yet. Of many transactions the oldest is dropped.
  void add_transaction(const stun::TransactionId& id);
  void remove_transactions();

 private:
  static constexpr std::size_t kMaxUfrags = 2;
  static constexpr std::size_t kMaxTransactions = 64;

  Router& router_;
  Peer& peer_;
  std::vector<std::string> ufrags_;
  std::vector<Path> paths_;
  std::vector<stun::TransactionId> transactions_;
  std::size_t oldest_transaction_ = 0;
};

}  // namespace redan::peer
