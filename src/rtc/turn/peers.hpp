// The peers of one allocation: for which addresses the server has a permission, and which have a channel (RFC 8656
// sections 9, 10 and 12). The application adds and forgets peers; the table decides when something is to be requested.
#pragma once

#include <map>
#include <vector>

#include "rtc/turn/task.hpp"

namespace redan::turn {

class Peers {
 public:
  static constexpr std::size_t kMaxPermissions = 1024;
  static constexpr std::size_t kMaxChannels = 1024;

  /// A permission holds for all ports of an IP address. False: the table is full.
  bool permit(TimePoint now, const Address& peer);
  /// The peer must be permitted. False: the table is full.
  bool bind(TimePoint now, const Address& peer);
  /// The permission of this IP address, with its channels. A later channel does not get their numbers before the server
  /// has certainly forgotten them.
  void forget(const Address& peer);

  /// The application wants data of this peer; the server may not know it yet.
  [[nodiscard]] bool wanted(const Address& peer) const { return permissions_.contains(ip_of(peer)); }
  /// The server has a permission for it.
  [[nodiscard]] bool permitted(TimePoint now, const Address& peer) const;
  /// The channel on which data for this peer can be sent.
  [[nodiscard]] std::optional<std::uint16_t> channel(TimePoint now, const Address& peer) const;
  /// Whose data comes on this channel; null if it is not ours.
  [[nodiscard]] const Address* peer(std::uint16_t channel) const;

  /// The next request that is due; its outcome must be told.
  std::optional<Task> next_due(TimePoint now);
  [[nodiscard]] TimePoint deadline() const { return earliest_; }
  /// True if the permission is new.
  bool on_permission(const Address& peer, TimePoint sent);
  /// It is due again after a while, as long as the application wants it.
  void on_refused_permission(const Address& peer, TimePoint now);
  void on_channel(std::uint16_t channel, TimePoint sent, TimePoint now);
  void on_refused_channel(std::uint16_t channel, TimePoint now);
  /// Requests in progress were dropped: all are due again.
  void restart(TimePoint now);
  void clear();

  [[nodiscard]] std::size_t permissions() const { return permissions_.size(); }
  [[nodiscard]] std::size_t channels() const { return numbers_.size(); }

 private:
  struct Permission {
    TimePoint due;
    TimePoint until = TimePoint::min();  // the server keeps it at least so long
  };
  struct Channel {
    Address peer;
    bool wanted = true;
    TimePoint due;
    TimePoint until = TimePoint::min();  // the server keeps it at least so long
    TimePoint reusable = kNever;         // then the number may name another peer
  };
  static Address ip_of(const Address& peer);
  Channel& at(std::uint16_t channel) { return channels_[channel - kFirstNumber]; }
  std::optional<std::size_t> free_slot(TimePoint now);
  void schedule(TimePoint due) { earliest_ = std::min(earliest_, due); }

  static constexpr std::uint16_t kFirstNumber = 0x4000;

  std::map<Address, Permission> permissions_;  // by IP address, with port 0
  std::vector<Channel> channels_;              // by number, from kFirstNumber
  std::map<Address, std::uint16_t> numbers_;   // of the wanted channels
  TimePoint earliest_ = kNever;                // not after the earliest `due`
};

}  // namespace redan::turn
