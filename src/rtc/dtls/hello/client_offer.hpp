// What all ClientHellos of one client that offers DTLS 1.3 share.
#pragma once

#include <memory>
#include <vector>

#include "rtc/dtls/hello/client_hello.hpp"

namespace redan::dtls {

class ClientOffer {
 public:
  /// Makes the key shares: of the first group, and of the first that is no hybrid. `provider` and the lists must
  /// outlive the object.
  ClientOffer(Provider& provider, std::span<const Group> groups, std::span<const std::uint16_t> srtp_profiles,
              bool offers_dtls12)
      : groups_(groups.begin(), groups.end()),
        srtp_profiles_(srtp_profiles.begin(), srtp_profiles.end()),
        offers_dtls12_(offers_dtls12) {
    provider.random(random_);
    for (const Group group : groups_) {
      if (exchanges_.empty() || serves_dtls12(group))
        exchanges_.emplace_back(group, provider.start_key_exchange(group));
      if (serves_dtls12(group)) break;
    }
  }

  [[nodiscard]] const Random& random() const { return random_; }
  [[nodiscard]] std::span<const Group> groups() const { return groups_; }
  /// Ours for this group; null if the first hello has no share of it.
  [[nodiscard]] KeyExchange* exchange(Group group) const {
    for (const auto& [its_group, exchange] : exchanges_) {
      if (its_group == group) return exchange.get();
    }
    return nullptr;
  }
  /// The first hello, or that with the cookie of a HelloVerifyRequest.
  void write(Writer& writer, Bytes verify_cookie) const { write(writer, verify_cookie, shares(), {}); }
  /// That which answers a HelloRetryRequest with a cookie alone.
  void write_with_cookie(Writer& writer, Bytes cookie) const { write(writer, {}, shares(), cookie); }
  /// That which answers a HelloRetryRequest for another share.
  void write_retry(Writer& writer, Group group, Bytes share, Bytes cookie) const {
    const std::array one{KeyShare{static_cast<std::uint16_t>(group), share}};
    write(writer, {}, one, cookie);
  }

 private:
  [[nodiscard]] std::vector<KeyShare> shares() const {
    std::vector<KeyShare> all;
    for (const auto& [group, exchange] : exchanges_) {
      all.push_back({static_cast<std::uint16_t>(group), exchange->share()});
    }
    return all;
  }
  void write(Writer& writer, Bytes verify_cookie, std::span<const KeyShare> shares, Bytes cookie) const {
    const ClientHello::Offer13 offer{offers_dtls12_, shares, cookie};
    ClientHello::write(writer, random_, verify_cookie, groups_, srtp_profiles_, &offer);
  }

  Random random_{};
  std::vector<Group> groups_;
  std::vector<std::uint16_t> srtp_profiles_;
  bool offers_dtls12_;
  std::vector<std::pair<Group, std::unique_ptr<KeyExchange>>> exchanges_;
};

}  // namespace redan::dtls
