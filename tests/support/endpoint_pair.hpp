// Two endpoints connected by simulated links on one virtual clock, with all outputs of each.
#pragma once

#include <functional>
#include <map>
#include <redan/endpoint.hpp>
#include <stdexcept>

#include "tests/support/dtls_pair.hpp"

namespace redan::test {

struct ReceivedMessage {
  ChannelId channel;
  MessageKind kind{};
  std::string payload;
  friend bool operator==(const ReceivedMessage&, const ReceivedMessage&) = default;
};

/// One endpoint at one address.
struct EndpointEnd {
  EndpointEnd(const Address& the_address, EndpointConfig config, const Identity& identity, Provider& provider)
      : address(the_address), endpoint(with_address(std::move(config), the_address), identity, provider) {}

  /// The program ends without notification and restarts.
  void restart(EndpointConfig config, const Identity& identity, Provider& provider) {
    endpoint = Endpoint(with_address(std::move(config), address), identity, provider);
    channels.clear();
  }

  Address address;
  Endpoint endpoint;
  int connected = 0;
  std::optional<Path> path;
  std::map<std::uint32_t, std::string> channels;  ///< open ones: label by id
  std::vector<std::uint32_t> closed_channels;
  std::vector<ReceivedMessage> messages;
  std::vector<std::vector<std::uint8_t>> rtp, rtcp;
  std::optional<Closed> closed;
  bool echo = false;
  std::size_t sent_datagrams = 0;
  bool keep_sent = false;
  std::vector<std::vector<std::uint8_t>> sent;  ///< with keep_sent
  std::optional<Address> reachable;             ///< datagrams to other addresses are lost; absent: none is

  /// Polls until Wait, or `steps` times. Returns the deadline.
  TimePoint drain(TimePoint now, Link* out, std::uint64_t steps = 1'000'000) {
    std::array<std::uint8_t, 2048> buffer{};
    while (steps-- > 0) {
      Output output = endpoint.poll_output(now, buffer);
      if (const auto* wait = std::get_if<Wait>(&output)) return wait->until;
      record(now, output, out);
    }
    return now;
  }
  [[nodiscard]] std::optional<ChannelId> channel(std::string_view label) const {
    for (const auto& [id, name] : channels) {
      if (name == label) return ChannelId{id};
    }
    return std::nullopt;
  }

 private:
  static EndpointConfig with_address(EndpointConfig config, const Address& address) {
    config.local_addresses = {address};
    return config;
  }
  void record(TimePoint now, Output& output, Link* out) {
    if (const auto* transmit = std::get_if<Transmit>(&output)) {
      ++sent_datagrams;
      if (keep_sent) sent.emplace_back(transmit->bytes.begin(), transmit->bytes.end());
      if (out != nullptr && (!reachable || *reachable == transmit->path.remote)) out->send(now, transmit->bytes);
    } else if (const auto* selected = std::get_if<PathSelected>(&output)) {
      path = selected->path;
    } else if (std::holds_alternative<Connected>(output)) {
      ++connected;
    } else if (const auto* opened = std::get_if<ChannelOpened>(&output)) {
      channels[opened->channel.value] = opened->label;
    } else if (const auto* message = std::get_if<Message>(&output)) {
      messages.push_back({message->channel, message->kind, std::string(as_text(message->payload))});
      if (echo) (void)endpoint.send(message->peer, message->channel, message->kind, message->payload);
    } else if (const auto* media = std::get_if<MediaPacket>(&output)) {
      (media->kind == MediaKind::rtp ? rtp : rtcp).emplace_back(media->packet.begin(), media->packet.end());
    } else if (const auto* gone = std::get_if<ChannelClosed>(&output)) {
      channels.erase(gone->channel.value);
      closed_channels.push_back(gone->channel.value);
    } else if (const auto* end = std::get_if<Closed>(&output)) {
      closed = *end;
    }
  }
};

/// The value of the first a=name line.
inline std::string sdp_value(std::string_view description, std::string_view name) {
  const std::string wanted = "a=" + std::string(name) + ":";
  const std::size_t at = description.find(wanted);
  if (at == std::string_view::npos) return "";
  const std::string_view rest = description.substr(at + wanted.size());
  return std::string(rest.substr(0, rest.find_first_of("\r\n")));
}

struct EndpointPairOptions {
  EndpointConfig offerer{.local_addresses = {}, .announce_lite = false};
  EndpointConfig answerer{.local_addresses = {}};
  MediaPlan plan;
  AcceptOptions accept;
  LinkConfig link;
  std::uint64_t seed = 1;
};

/// The offerer checks connectivity (a full agent); the answerer is lite.
class EndpointPair {
 public:
  explicit EndpointPair(Provider& provider, EndpointPairOptions options = {})
      : offerer(Address::v4({192, 0, 2, 1}, 1000), options.offerer, test_identity(provider), provider),
        answerer(Address::v4({192, 0, 2, 2}, 2000), options.answerer, test_identity(provider), provider),
        to_answerer(options.seed * 2, options.link),
        to_offerer(options.seed * 2 + 1, options.link),
        options_(options) {}

  EndpointEnd offerer, answerer;
  Link to_answerer, to_offerer;
  TimePoint now{};
  PeerId offerer_peer, answerer_peer;
  std::string offer, answer;
  /// The address at which a NAT makes the offerer appear; data sent to its own address is then lost.
  std::optional<Address> offerer_seen_at;

  /// Exchanges descriptions; `edit` may change the answer.
  void signal(const std::function<void(std::string&)>& edit = {}) {
    const auto offered = offerer.endpoint.offer(options_.plan);
    offerer_peer = offered->peer;
    offer = offered->offer;
    const auto accepted = answerer.endpoint.accept(offer, options_.accept);
    if (!accepted) throw std::runtime_error(accepted.error().detail);
    answerer_peer = accepted->peer;
    answer = accepted->answer;
    if (edit) edit(answer);
    const auto completed = offerer.endpoint.complete(offerer_peer, answer);
    if (!completed) throw std::runtime_error(completed.error().detail);
  }
  /// Runs for `time`, or until `done`; with `steps`, each drain stops after a random number of outputs below it.
  bool run(Duration time, const std::function<bool()>& done = {}, SeededRandom* partial = nullptr) {
    const TimePoint end = now + time;
    answerer.reachable = offerer_seen_at;
    while (true) {
      const std::uint64_t steps = partial != nullptr ? partial->below(4) : 1'000'000;
      const TimePoint wake = std::min(offerer.drain(now, &to_answerer, steps), answerer.drain(now, &to_offerer, steps));
      if (done && done()) return true;
      const TimePoint next = std::min({wake, to_answerer.next_arrival(), to_offerer.next_arrival()});
      if (next > end) {
        now = end;
        return false;
      }
      now = std::max(next, partial != nullptr ? now + std::chrono::microseconds(50) : now);
      while (auto datagram = to_answerer.receive(now)) {
        answerer.endpoint.handle_input(now, {{answerer.address, offerer_seen_at.value_or(offerer.address)}, *datagram});
      }
      while (auto datagram = to_offerer.receive(now)) {
        offerer.endpoint.handle_input(now, {{offerer.address, answerer.address}, *datagram});
      }
    }
  }
  bool connect(Duration time = std::chrono::seconds(60)) {
    signal();
    return run(time, [&] { return both_connected(); });
  }
  [[nodiscard]] bool both_connected() const { return offerer.connected == 1 && answerer.connected == 1; }

 private:
  EndpointPairOptions options_;
};

}  // namespace redan::test
