// The demo's services on data channels, selected by label: "echo" returns everything, "throughput-up" counts,
// "throughput-down" sends in bulk.
#pragma once

#include <map>
#include <memory>

#include "cmd/connect/bulk_sender.hpp"

namespace redan::cmd {

class ChannelServices {
 public:
  void on_opened(const ChannelOpened& opened);
  void on_message(Endpoint& endpoint, TimePoint now, const Message& message);
  void on_low(Endpoint& endpoint, TimePoint now, const BufferedAmountLow& low);
  void on_closed(PeerId peer, ChannelId channel) { services_.erase({peer.value, channel.value}); }
  void on_peer_closed(PeerId peer);

 private:
  enum class Kind { echo, count, bulk };
  struct Service {
    Kind kind = Kind::echo;
    std::uint64_t bytes = 0;
    TimePoint first{};
    Duration time{};
    std::unique_ptr<BulkSender> sender;
  };
  using Key = std::pair<std::uint64_t, std::uint32_t>;

  void count(Endpoint& endpoint, TimePoint now, const Message& message, Service& service);
  void start_bulk(Endpoint& endpoint, TimePoint now, const Message& message, Service& service);
  void push(Endpoint& endpoint, TimePoint now, Service& service);

  std::map<Key, Service> services_;
};

}  // namespace redan::cmd
