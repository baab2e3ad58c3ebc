// Two ends of data channels over a simulated link, on virtual time.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "rtc/datachannel/channels.hpp"
#include "tests/support/link.hpp"

namespace redan::test {

/// The events of one end.
struct ChannelsLog {
  struct Message {
    ChannelId channel;
    MessageKind kind{};
    std::vector<std::uint8_t> payload;
  };
  bool connected = false;
  std::vector<std::pair<ChannelId, std::string>> opened;
  std::vector<ChannelParameters> parameters;  ///< of the opened ones; the protocol's text is not kept
  std::vector<std::string> protocols;
  std::vector<Message> messages;
  std::vector<ChannelId> low, closing, closed_channels;
  std::vector<Errc> closed_reasons;
  std::optional<Errc> closed;
};

class ChannelsPair {
 public:
  explicit ChannelsPair(std::uint64_t seed = 1, const LinkConfig& link = {},
                        const datachannel::ChannelsConfig& config = {})
      : random_a_(seed * 2),
        random_b_(seed * 2 + 1),
        config_(config),
        a(config, random_a_),
        b(config, random_b_),
        to_a_(seed + 100, link),
        to_b_(seed + 200, link) {}

  void start(datachannel::StreamParity of_b = datachannel::StreamParity::odd) {
    a.start(now, datachannel::StreamParity::even);
    b.start(now, of_b);
  }
  /// Nothing arrives any more.
  void cut() { cut_ = true; }
  /// The peer at b disappears, and another one without its state starts in its place.
  void replace_b() {
    std::destroy_at(&b);
    std::construct_at(&b, config_, random_b_);
    log_b = {};
  }
  /// Runs until there is nothing left to do, or `for_at_most` is over.
  void run(Duration for_at_most = std::chrono::seconds(20)) {
    run_until([] { return false; }, for_at_most);
  }
  /// The same, but stops between input and the next poll when `done` returns true. False if it never does.
  bool run_until(const std::function<bool()>& done, Duration for_at_most = std::chrono::seconds(20)) {
    const TimePoint end = now + for_at_most;
    while (now < end) {
      const TimePoint wait_a = drain(a, log_a, to_b_);
      const TimePoint wait_b = drain(b, log_b, to_a_);
      bool moved = deliver(to_a_, a);
      moved = deliver(to_b_, b) || moved;
      if (done()) return true;
      if (moved) continue;
      const TimePoint next = std::min({wait_a, wait_b, to_a_.next_arrival(), to_b_.next_arrival()});
      if (next >= end) break;
      now = std::max(now, next);
    }
    now = end;
    return false;
  }
  void connect(datachannel::StreamParity of_b = datachannel::StreamParity::odd) {
    start(of_b);
    run(std::chrono::seconds(5));
  }

 private:
  SeededRandom random_a_, random_b_;
  datachannel::ChannelsConfig config_;

 public:
  TimePoint now{};
  datachannel::Channels a, b;
  ChannelsLog log_a, log_b;
  std::size_t packets = 0;

 private:
  bool deliver(Link& link, datachannel::Channels& to) {
    auto packet = link.receive(now);
    if (packet) to.handle_input(now, *packet);
    return packet.has_value();
  }
  TimePoint drain(datachannel::Channels& from, ChannelsLog& log, Link& link) {
    std::array<std::uint8_t, 2048> buffer;
    while (true) {
      const datachannel::Output output = from.poll_output(now, buffer);
      if (const auto* wait = std::get_if<Wait>(&output)) return wait->until;
      if (const auto* transmit = std::get_if<datachannel::Transmit>(&output)) {
        ++packets;
        if (!cut_) link.send(now, transmit->packet);
      }
      note(output, log);
    }
  }
  static void note(const datachannel::Output& output, ChannelsLog& log) {
    if (std::holds_alternative<datachannel::Connected>(output)) log.connected = true;
    if (const auto* opened = std::get_if<datachannel::Opened>(&output)) {
      log.opened.emplace_back(opened->channel, opened->label);
      log.parameters.push_back(opened->parameters);
      log.protocols.emplace_back(opened->parameters.protocol);
    }
    if (const auto* received = std::get_if<datachannel::Received>(&output)) {
      log.messages.push_back({received->channel, received->kind, {received->payload.begin(), received->payload.end()}});
    }
    if (const auto* low = std::get_if<datachannel::BufferedAmountLow>(&output)) log.low.push_back(low->channel);
    if (const auto* closing = std::get_if<datachannel::ChannelClosing>(&output))
      log.closing.push_back(closing->channel);
    if (const auto* closed = std::get_if<datachannel::ChannelClosed>(&output)) {
      log.closed_channels.push_back(closed->channel);
      log.closed_reasons.push_back(closed->reason);
    }
    if (const auto* closed = std::get_if<datachannel::Closed>(&output)) log.closed = closed->reason;
  }

  Link to_a_, to_b_;
  bool cut_ = false;
};

}  // namespace redan::test
