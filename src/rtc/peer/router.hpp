// Which peer a datagram is for: by the address it comes from, or by the local ufrag in a STUN USERNAME. Knows no
// address before its peer has validated it.
#pragma once

#include <redan/types.hpp>
#include <string>
#include <unordered_map>

namespace redan::peer {

class Peer;

class Router {
 public:
  void add_ufrag(std::string_view ufrag, Peer& peer) { by_ufrag_.insert_or_assign(std::string(ufrag), &peer); }
  void add_address(const Address& remote, Peer& peer) { by_address_.insert_or_assign(remote, &peer); }

  [[nodiscard]] Peer* by_address(const Address& remote) const {
    const auto found = by_address_.find(remote);
    return found == by_address_.end() ? nullptr : found->second;
  }
  [[nodiscard]] Peer* by_ufrag(std::string_view ufrag) const {
    const auto found = by_ufrag_.find(ufrag);
    return found == by_ufrag_.end() ? nullptr : found->second;
  }
  void remove(const Peer& peer) {
    std::erase_if(by_address_, [&](const auto& entry) { return entry.second == &peer; });
    std::erase_if(by_ufrag_, [&](const auto& entry) { return entry.second == &peer; });
  }

 private:
  struct TextHash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
  };
  std::unordered_map<Address, Peer*> by_address_;
  std::unordered_map<std::string, Peer*, TextHash, std::equal_to<>> by_ufrag_;
};

}  // namespace redan::peer
