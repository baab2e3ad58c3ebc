// Data between us and the peers of an allocation: into messages for the server, and out of them.
#pragma once

#include "base/counters.hpp"
#include "rtc/stun/message.hpp"
#include "rtc/turn/framing.hpp"
#include "rtc/turn/peers.hpp"

namespace redan::turn {

enum class Drop : std::uint8_t {
  other_path,       ///< not from the server to us
  malformed,        ///< neither a STUN message nor ChannelData, or more than Inbox::kMax between two polls
  unexpected,       ///< a response to no request, or a request or indication that a client does not serve
  unproven,         ///< a response that fails its integrity check
  unknown_channel,  ///< ChannelData on a channel that is not ours
  not_permitted,    ///< data of a peer that the application does not want
  not_sent,         ///< wrap() without a permission, or with too much data
  count_
};

struct Statistics {
  std::uint64_t packets_sent = 0, bytes_sent = 0;          ///< data for peers, payload only
  std::uint64_t packets_received = 0, bytes_received = 0;  ///< data of peers, payload only
  std::uint64_t channel_packets_sent = 0;                  ///< of packets_sent, those on a channel
  std::uint64_t requests_sent = 0, requests_retransmitted = 0, responses_received = 0;
  Counters<Drop> drops;
  std::optional<Duration> rtt;  ///< to the server, of the last request that was answered without retransmission
};

/// Data of a peer. The payload is inside the frame that was read.
struct Received {
  Address peer;
  MutableBytes payload;
};

class DataPath {
 public:
  /// On Send indications (RFC 8656 section 11.1).
  void set_dont_fragment(bool set) { dont_fragment_ = set; }

  /// See Client::wrap().
  MutableBytes wrap(TimePoint now, const Address& peer, stun::Transport layer, RandomSource& random,
                    MutableBytes buffer, std::size_t size);
  // nullopt: nothing that the application wants, which is counted.
  std::optional<Received> read_channel_data(MutableBytes frame);
  std::optional<Received> read_indication(const stun::Message& message, MutableBytes frame);

  Peers peers;
  Statistics statistics;  ///< the owner adds what it sees itself

 private:
  std::optional<Received> drop(Drop reason) {
    statistics.drops.add(reason);
    return std::nullopt;
  }
  std::optional<Received> receive(const Address& peer, MutableBytes payload);

  bool dont_fragment_ = false;
};

}  // namespace redan::turn
