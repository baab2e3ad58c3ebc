// Two parties of a DTLS handshake on one virtual clock, and a way to inject datagrams.
#pragma once

#include <queue>

#include "tests/support/dtls_pair.hpp"

namespace redan::test {

/// One party: ours or a foreign stack.
class Party {
 public:
  enum class State : std::uint8_t { handshaking, connected, ended };

  virtual ~Party() = default;
  virtual void start(TimePoint now) = 0;
  virtual void input(TimePoint now, std::vector<std::uint8_t> datagram) = 0;
  /// Moves its output to `out`; returns when it wants to be polled again.
  virtual TimePoint drain(TimePoint now, std::vector<std::vector<std::uint8_t>>& out) = 0;
  [[nodiscard]] virtual State state() const = 0;
  /// For failed expectations.
  [[nodiscard]] virtual std::string story() const = 0;
};

class RedanParty final : public Party {
 public:
  RedanParty(dtls::ConnectionConfig config, const Identity& identity, Provider& provider)
      : end(std::move(config), identity, provider) {}

  void start(TimePoint now) override { end.connection.start(now); }
  void input(TimePoint now, std::vector<std::uint8_t> datagram) override { end.connection.handle_input(now, datagram); }
  TimePoint drain(TimePoint now, std::vector<std::vector<std::uint8_t>>& out) override {
    const TimePoint wake = end.drain(now, nullptr);
    for (auto& datagram : std::exchange(end.sent, {})) out.push_back(std::move(datagram));
    return wake;
  }
  [[nodiscard]] State state() const override {
    if (end.closed) return State::ended;
    return end.connected == 1 ? State::connected : State::handshaking;
  }
  [[nodiscard]] std::string story() const override {
    if (end.closed) return "Redan: " + std::string(name(end.closed->reason));
    return end.connected == 1 ? "Redan: connected" : "Redan: handshaking";
  }

  DtlsEnd end;
};

struct WireOptions {
  Duration one_way = std::chrono::milliseconds(25);
  double loss = 0;
  std::uint64_t seed = 1;
  Duration limit = std::chrono::seconds(45);
};

class HandshakeWire {
 public:
  /// Called before the `index`-th genuine datagram to that side arrives. Returns a datagram to inject before it and its
  /// destination; an empty one: none.
  using Forge = std::function<std::pair<bool, std::vector<std::uint8_t>>(bool to_server, int index,
                                                                         const std::vector<std::uint8_t>& genuine)>;

  HandshakeWire(Party& client, Party& server, const WireOptions& options)
      : parties_{&client, &server}, options_(options), random_(options.seed) {}

  Forge forge;
  /// Called whenever virtual time has moved.
  std::function<void(TimePoint)> on_time;

  /// Runs until both are connected and no datagram is in flight, or one ends, or the time is up. True if both are
  /// connected.
  bool run() {
    for (const int side : {1, 0}) parties_[side]->start(now_);
    const TimePoint end = now_ + options_.limit;
    while (now_ <= end && !ended() && !(connected() && air_.empty())) {
      const TimePoint wake = std::min(drain(0), drain(1));
      const TimePoint next = air_.empty() ? wake : std::min(wake, air_.top().at);
      if (next == kNever) break;
      now_ = std::max(now_, next);
      if (on_time) on_time(now_);
      while (!air_.empty() && air_.top().at <= now_) deliver();
    }
    drain(0);
    drain(1);
    return connected();
  }
  [[nodiscard]] TimePoint now() const { return now_; }
  /// Genuine datagrams that arrived at the client (0) and the server (1).
  [[nodiscard]] int delivered(bool to_server) const { return delivered_[to_server ? 1 : 0]; }
  [[nodiscard]] bool connected() const {
    return parties_[0]->state() == Party::State::connected && parties_[1]->state() == Party::State::connected;
  }

 private:
  struct Flying {
    TimePoint at;
    std::uint64_t order;
    int to;
    std::vector<std::uint8_t> bytes;
    bool operator<(const Flying& other) const { return std::tie(other.at, other.order) < std::tie(at, order); }
  };

  [[nodiscard]] bool ended() const {
    return parties_[0]->state() == Party::State::ended || parties_[1]->state() == Party::State::ended;
  }
  TimePoint drain(int side) {
    std::vector<std::vector<std::uint8_t>> out;
    const TimePoint wake = parties_[side]->drain(now_, out);
    for (auto& datagram : out) {
      if (!random_.chance(options_.loss)) air_.push({now_ + options_.one_way, order_++, 1 - side, std::move(datagram)});
    }
    return wake;
  }
  void deliver() {
    const Flying flying = air_.top();
    air_.pop();
    if (forge) {
      const auto [to_server, datagram] = forge(flying.to == 1, delivered_[flying.to], flying.bytes);
      if (!datagram.empty()) give(to_server ? 1 : 0, datagram);
    }
    ++delivered_[flying.to];
    give(flying.to, flying.bytes);
  }
  void give(int side, std::vector<std::uint8_t> datagram) {
    parties_[side]->input(now_, std::move(datagram));
    drain(side);
  }

  std::array<Party*, 2> parties_;
  WireOptions options_;
  SeededRandom random_;
  TimePoint now_{};
  std::uint64_t order_ = 0;
  std::priority_queue<Flying> air_;
  std::array<int, 2> delivered_{};
};

/// One forged datagram of each kind at each position, to either side: how many handshakes complete.
struct Survival {
  int survived = 0, tried = 0;
  std::vector<std::string> losses;
  void add(bool ok, const std::string& story) {
    ++tried;
    survived += ok ? 1 : 0;
    if (!ok) losses.push_back(story);
  }
  [[nodiscard]] double share() const { return tried == 0 ? 1 : static_cast<double>(survived) / tried; }
};

}  // namespace redan::test
