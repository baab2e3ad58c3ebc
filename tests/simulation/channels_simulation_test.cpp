// Data channels of all kinds of reliability over links that lose, delay, reorder and duplicate, with each congestion
// controller. A seed determines the link, the channels and the messages.
#include <gtest/gtest.h>

#include <cstdlib>

#include "tests/support/channels_pair.hpp"

namespace redan::test {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

std::uint64_t seeds() {
  const char* wanted = std::getenv("REDAN_SCTP_SEEDS");
  return wanted == nullptr ? 2000 : std::strtoull(wanted, nullptr, 10);
}

LinkConfig random_link(SeededRandom& random) {
  LinkConfig link;
  link.loss = static_cast<double>(random.below(31)) / 100;
  link.duplicate = static_cast<double>(random.below(6)) / 100;
  link.delay = milliseconds(random.below(301));
  link.jitter = milliseconds(random.below(40));
  return link;
}

datachannel::ChannelsConfig config_of(std::uint64_t seed) {
  datachannel::ChannelsConfig config;
  config.controller = static_cast<sctp::ControllerKind>(seed % 3);
  return config;
}

struct Kind {
  bool ordered = true;
  bool reliable = true;
};

class World {
 public:
  explicit World(std::uint64_t seed)
      : random_(seed), link_(random_link(random_)), pair_(seed, link_, config_of(seed)) {}

  /// What went wrong, if anything did.
  std::string run() {
    pair_.start();
    if (!pair_.run_until([&] { return pair_.log_a.connected && pair_.log_b.connected; }, seconds(120))) {
      return "not connected";
    }
    open_channels();
    send_messages();
    if (!pair_.run_until([&] { return all_arrived() && all_sent(); }, seconds(600))) return "stuck";
    pair_.run(seconds(20));  // what may still come twice
    const std::string fault = check();
    return fault.empty() ? close_channels() : fault;
  }

 private:
  void open_channels() {
    for (std::uint64_t i = 1 + random_.below(4); i > 0; --i) {
      ChannelOptions options;
      Kind kind;
      kind.ordered = random_.chance(0.5);
      options.order = kind.ordered ? ChannelOrder::ordered : ChannelOrder::unordered;
      const std::uint64_t limit = random_.below(4);
      kind.reliable = limit > 1;
      if (limit == 0) options.max_retransmits = static_cast<std::uint32_t>(random_.below(3));
      if (limit == 1) options.max_lifetime_ms = static_cast<std::uint32_t>(random_.below(1000));
      channels_.push_back(pair_.a.open("x", options).value());
      kinds_.push_back(kind);
      sent_.push_back(0);
    }
  }
  void send_messages() {
    for (std::uint64_t i = 10 + random_.below(40); i > 0; --i) {
      const std::size_t channel = random_.below(channels_.size());
      const std::size_t size = 3 + random_.below(random_.chance(0.2) ? 60'000 : 2'000);
      std::vector<std::uint8_t> payload(size, static_cast<std::uint8_t>(size));
      payload[0] = static_cast<std::uint8_t>(channel);
      payload[1] = sent_[channel];
      if (pair_.a.send(channels_[channel], MessageKind::binary, payload)) ++sent_[channel];
      if (random_.chance(0.3)) pair_.run(milliseconds(random_.below(400)));
    }
  }
  [[nodiscard]] bool all_arrived() const {
    std::vector<std::size_t> arrived(channels_.size());
    for (const auto& message : pair_.log_b.messages) ++arrived[message.payload[0]];
    for (std::size_t i = 0; i < channels_.size(); ++i) {
      if (kinds_[i].reliable && arrived[i] < sent_[i]) return false;
    }
    return true;
  }
  [[nodiscard]] bool all_sent() const {
    return std::ranges::all_of(channels_,
                               [&](ChannelId channel) { return pair_.a.buffered_amount(channel).value_or(0) == 0; });
  }
  [[nodiscard]] std::string check() const {
    std::vector<std::vector<unsigned>> arrived(channels_.size());
    for (const auto& message : pair_.log_b.messages) {
      const std::size_t channel = message.payload[0];
      const auto fill = static_cast<std::uint8_t>(message.payload.size());
      if (!std::all_of(message.payload.begin() + 2, message.payload.end(), [&](auto byte) { return byte == fill; })) {
        return "a message is damaged";
      }
      arrived[channel].push_back(message.payload[1]);
    }
    for (std::size_t i = 0; i < channels_.size(); ++i) {
      if (kinds_[i].ordered && !std::ranges::is_sorted(arrived[i])) return "out of order";
      std::ranges::sort(arrived[i]);
      if (std::ranges::adjacent_find(arrived[i]) != arrived[i].end()) return "a message came twice";
      if (kinds_[i].reliable && arrived[i].size() != sent_[i]) return "a message is missing";
    }
    return pair_.log_a.closed || pair_.log_b.closed ? "the association ended" : "";
  }
  std::string close_channels() {
    for (const ChannelId channel : channels_) EXPECT_TRUE(pair_.a.close(channel));
    const auto closed = [&] { return pair_.log_a.closed_channels.size() == channels_.size(); };
    return pair_.run_until(closed, seconds(600)) ? "" : "a channel does not close";
  }

  SeededRandom random_;
  LinkConfig link_;
  ChannelsPair pair_;
  std::vector<ChannelId> channels_;
  std::vector<Kind> kinds_;
  std::vector<std::uint8_t> sent_;
};

TEST(ChannelsSimulation, EachKindOfMessageArrivesAsItsReliabilityPromises) {
  for (std::uint64_t seed = 1; seed <= seeds(); ++seed) {
    World world(seed);
    EXPECT_EQ(world.run(), "") << "seed " << seed;
  }
}

}  // namespace
}  // namespace redan::test
