#include "rtc/turn/peers.hpp"

#include <algorithm>

namespace redan::turn {
namespace {

using namespace std::chrono_literals;

constexpr Duration kPermissionLifetime = 300s;  // RFC 8656 section 9
constexpr Duration kPermissionRefresh = 240s;
constexpr Duration kRefusedPause = 60s;      // a server's list of denied peers, or its quota, may change
constexpr Duration kChannelLifetime = 600s;  // section 12
constexpr Duration kChannelRefresh = 540s;
// Section 12: after a channel has expired, neither its number nor its peer may be bound to another for so long.
constexpr Duration kChannelGuard = 300s;

}  // namespace

Address Peers::ip_of(const Address& peer) {
  const Bytes ip = peer.ip();
  if (peer.family() == Address::Family::ipv6) return Address::v6(ip.first<16>(), 0);
  return peer.family() == Address::Family::ipv4 ? Address::v4({ip[0], ip[1], ip[2], ip[3]}, 0) : Address();
}

bool Peers::permit(TimePoint now, const Address& peer) {
  const Address ip = ip_of(peer);
  if (permissions_.contains(ip)) return true;
  if (permissions_.size() == kMaxPermissions) return false;
  permissions_.emplace(ip, Permission{.due = now});
  schedule(now);
  return true;
}

bool Peers::bind(TimePoint now, const Address& peer) {
  if (numbers_.contains(peer)) return true;
  // A channel that still exists for this peer is taken up again: a peer has one number.
  const auto old = std::find_if(channels_.begin(), channels_.end(),
                                [&](const Channel& channel) { return channel.peer == peer && now < channel.reusable; });
  std::optional<std::size_t> slot;
  if (old != channels_.end()) {
    slot = static_cast<std::size_t>(old - channels_.begin());
  } else {
    slot = free_slot(now);
    if (!slot) return false;
    channels_[*slot] = Channel{.peer = peer, .due = now};
  }
  channels_[*slot].wanted = true;
  channels_[*slot].due = now;
  numbers_.emplace(peer, static_cast<std::uint16_t>(kFirstNumber + *slot));
  schedule(now);
  return true;
}

std::optional<std::size_t> Peers::free_slot(TimePoint now) {
  const auto free = std::find_if(channels_.begin(), channels_.end(),
                                 [&](const Channel& channel) { return !channel.wanted && channel.reusable <= now; });
  if (free != channels_.end()) return static_cast<std::size_t>(free - channels_.begin());
  if (channels_.size() == kMaxChannels) return std::nullopt;
  channels_.emplace_back();
  return channels_.size() - 1;
}

void Peers::forget(const Address& peer) {
  const Address ip = ip_of(peer);
  permissions_.erase(ip);
  std::erase_if(numbers_, [&](const auto& each) {
    if (ip_of(each.first) != ip) return false;
    at(each.second).wanted = false;
    at(each.second).due = kNever;
    return true;
  });
}

bool Peers::permitted(TimePoint now, const Address& peer) const {
  const auto found = permissions_.find(ip_of(peer));
  return found != permissions_.end() && now < found->second.until;
}

std::optional<std::uint16_t> Peers::channel(TimePoint now, const Address& peer) const {
  const auto found = numbers_.find(peer);
  if (found == numbers_.end() || channels_[found->second - kFirstNumber].until <= now) return std::nullopt;
  return found->second;
}

const Address* Peers::peer(std::uint16_t channel) const {
  const std::size_t slot = static_cast<std::size_t>(channel - kFirstNumber);
  return slot < channels_.size() && channels_[slot].wanted ? &channels_[slot].peer : nullptr;
}

std::optional<Task> Peers::next_due(TimePoint now) {
  if (now < earliest_) return std::nullopt;
  earliest_ = kNever;
  std::optional<Task> task;
  const auto take = [&](TimePoint& due, const Task& next) {
    if (!task && due <= now) {
      task = next;
      due = kNever;
    }
    schedule(due);
  };
  for (auto& [ip, permission] : permissions_) take(permission.due, {Step::permission, ip});
  for (const auto& [peer, number] : numbers_) take(at(number).due, {Step::channel, peer, number});
  return task;
}

bool Peers::on_permission(const Address& peer, TimePoint sent) {
  const auto found = permissions_.find(ip_of(peer));
  if (found == permissions_.end()) return false;  // forgotten meanwhile
  const bool is_new = found->second.until == TimePoint::min();
  found->second.until = sent + kPermissionLifetime;
  found->second.due = sent + kPermissionRefresh;
  schedule(found->second.due);
  return is_new;
}

void Peers::on_refused_permission(const Address& peer, TimePoint now) {
  if (!wanted(peer)) return;
  forget(peer);  // with its channels
  permissions_.emplace(ip_of(peer), Permission{.due = now + kRefusedPause});
  schedule(now + kRefusedPause);
}

void Peers::on_channel(std::uint16_t channel, TimePoint sent, TimePoint now) {
  Channel& bound = at(channel);
  bound.until = sent + kChannelLifetime;
  bound.reusable = now + kChannelLifetime + kChannelGuard;
  if (!bound.wanted) return;
  bound.due = sent + kChannelRefresh;
  schedule(bound.due);
}

// The server may have bound it nevertheless.
void Peers::on_refused_channel(std::uint16_t channel, TimePoint now) {
  Channel& refused = at(channel);
  refused.until = TimePoint::min();
  refused.reusable = now + kChannelLifetime + kChannelGuard;
  refused.wanted = false;
  refused.due = kNever;
  numbers_.erase(refused.peer);
}

void Peers::restart(TimePoint now) {
  for (auto& [ip, permission] : permissions_) permission.due = now;
  for (const auto& [peer, number] : numbers_) at(number).due = now;
  for (Channel& channel : channels_) {
    if (!channel.wanted && channel.reusable == kNever) channel.reusable = now + kChannelLifetime + kChannelGuard;
  }
  earliest_ = now;
}

void Peers::clear() {
  permissions_.clear();
  channels_.clear();
  numbers_.clear();
  earliest_ = kNever;
}

}  // namespace redan::turn
