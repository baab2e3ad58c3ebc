// The stream ids of one association: the channel of each id, the free ids, and the ids that can never be used again.
#pragma once

#include <array>
#include <map>
#include <optional>
#include <redan/channel.hpp>
#include <set>

#include "rtc/sctp/types.hpp"

namespace redan::datachannel {

/// The ids that we may assign to our channels: even for the DTLS client, odd for the server (RFC 8832 section 6).
enum class StreamParity : std::uint8_t { even, odd };

inline constexpr std::uint16_t kReservedStream = 65535;  // RFC 8832 section 6

/// Each call takes at most logarithmic time in the number of ids in use, amortised.
class StreamIds {
 public:
  [[nodiscard]] bool in_use(sctp::StreamId stream) const { return used_.contains(stream); }
  /// nullopt for an id that is free or spoiled.
  [[nodiscard]] std::optional<ChannelId> channel_of(sctp::StreamId stream) const {
    const auto at = used_.find(stream);
    return at == used_.end() ? std::nullopt : at->second;
  }
  [[nodiscard]] std::size_t spoiled() const { return spoiled_; }

  /// The lowest free id.
  std::optional<sctp::StreamId> lowest_free(StreamParity parity) {
    Side& side = of(parity);
    if (!side.freed.empty()) return sctp::StreamId(*side.freed.begin());
    while (side.untouched < kReservedStream && in_use(sctp::StreamId(static_cast<std::uint16_t>(side.untouched)))) {
      side.untouched += 2;
    }
    if (side.untouched >= kReservedStream) return std::nullopt;
    return sctp::StreamId(static_cast<std::uint16_t>(side.untouched));
  }
  /// `stream` must be free.
  void assign(sctp::StreamId stream, ChannelId channel) {
    used_.emplace(stream, channel);
    of(stream).freed.erase(stream.value);
  }
  /// Makes the id reusable, unless it is spoiled.
  void release(sctp::StreamId stream) {
    const auto at = used_.find(stream);
    if (at == used_.end() || !at->second) return;
    used_.erase(at);
    Side& side = of(stream);
    if (stream.value < side.untouched) side.freed.insert(stream.value);
  }
  /// The id belongs to no channel any more, and is never reused.
  void spoil(sctp::StreamId stream) {
    used_.at(stream) = std::nullopt;
    ++spoiled_;
  }

 private:
  struct Side {
    std::uint32_t untouched;        // lowest_free() has returned no id from here on
    std::set<std::uint16_t> freed;  // all free ids below it
  };
  Side& of(StreamParity parity) { return sides_[parity == StreamParity::even ? 0 : 1]; }
  Side& of(sctp::StreamId stream) { return sides_[stream.value % 2]; }

  std::map<sctp::StreamId, std::optional<ChannelId>> used_;
  std::array<Side, 2> sides_{Side{0, {}}, Side{1, {}}};
  std::size_t spoiled_ = 0;
};

}  // namespace redan::datachannel
