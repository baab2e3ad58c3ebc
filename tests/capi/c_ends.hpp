// Two endpoints of redan.h in memory, on one virtual clock.
#pragma once

#include <gtest/gtest.h>
#include <redan.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace redan::test {

inline constexpr redan_time kMillisecond = 1'000'000;

struct Free {
  void operator()(redan_provider* it) const { redan_provider_free(it); }
  void operator()(redan_identity* it) const { redan_identity_free(it); }
  void operator()(redan_endpoint* it) const { redan_endpoint_free(it); }
  void operator()(char* it) const { redan_free(it); }
  void operator()(std::uint8_t* it) const { redan_free(it); }
};
using CProvider = std::unique_ptr<redan_provider, Free>;
using CIdentity = std::unique_ptr<redan_identity, Free>;
using CEndpoint = std::unique_ptr<redan_endpoint, Free>;
using CText = std::unique_ptr<char, Free>;
using CBytes = std::unique_ptr<std::uint8_t, Free>;

inline CProvider c_provider(const char* name = nullptr) {
  redan_provider* made = nullptr;
  EXPECT_EQ(redan_provider_new(name, &made), REDAN_OK);
  return CProvider(made);
}

inline CIdentity c_identity(redan_provider* provider) {
  redan_self_signed_options options = REDAN_SELF_SIGNED_OPTIONS_INIT;
  options.not_after = 4'000'000'000;
  redan_identity* made = nullptr;
  EXPECT_EQ(redan_identity_self_signed(provider, &options, &made), REDAN_OK);
  return CIdentity(made);
}

inline redan_address c_address(std::uint8_t host) {
  redan_address address{};
  EXPECT_EQ(redan_address_parse(("192.0.2." + std::to_string(host)).c_str(), 5000, &address), REDAN_OK);
  return address;
}

inline redan_endpoint_config c_config(const redan_address& address) {
  redan_endpoint_config config = REDAN_ENDPOINT_CONFIG_INIT;
  config.local_addresses = &address;
  config.local_address_count = 1;
  return config;
}

/// One endpoint with what it said.
struct CEnd {
  explicit CEnd(std::uint8_t host, bool full_ice = false) : address(c_address(host)) {
    redan_endpoint_config config = c_config(address);
    config.full_ice = full_ice;
    redan_endpoint* made = nullptr;
    EXPECT_EQ(redan_endpoint_new(provider.get(), identity.get(), &config, &made), REDAN_OK);
    endpoint.reset(made);
  }

  CProvider provider = c_provider();
  CIdentity identity = c_identity(provider.get());
  redan_address address;
  CEndpoint endpoint;
  std::uint64_t peer = 0;
  std::uint32_t channel = 0;
  std::map<std::uint32_t, int> outputs;  ///< how many of each type
  std::vector<std::string> messages, packets;
  std::string label, protocol;
  redan_channel_opened opened{};
  int reason = 0;

  /// The next output; false: it waits until `wake`.
  bool step(redan_time now, CEnd& other, redan_time& wake) {
    std::array<std::uint8_t, 2048> buffer{};
    redan_output output = REDAN_OUTPUT_INIT;
    EXPECT_EQ(redan_endpoint_poll_output(endpoint.get(), now, buffer.data(), buffer.size(), &output), REDAN_OK);
    ++outputs[output.type];
    switch (output.type) {
      case REDAN_OUTPUT_WAIT:
        wake = std::min(wake, output.as.wait.until);
        return false;
      case REDAN_OUTPUT_TRANSMIT:
        other.receive(now, output);
        break;
      case REDAN_OUTPUT_CHANNEL_OPENED:
        on_opened(output);
        break;
      case REDAN_OUTPUT_MESSAGE:
        messages.emplace_back(reinterpret_cast<const char*>(output.as.message.bytes), output.as.message.size);
        break;
      case REDAN_OUTPUT_MEDIA_PACKET:
        packets.emplace_back(reinterpret_cast<const char*>(output.as.media.bytes), output.as.media.size);
        break;
      case REDAN_OUTPUT_CHANNEL_CLOSED:
      case REDAN_OUTPUT_CLOSED:
        reason = output.as.closed.reason;
        break;
      default:
        break;
    }
    return true;
  }

 private:
  void receive(redan_time now, const redan_output& sent) {
    std::vector<std::uint8_t> bytes(sent.as.transmit.bytes, sent.as.transmit.bytes + sent.as.transmit.size);
    redan_datagram datagram = REDAN_DATAGRAM_INIT;
    datagram.path = {sent.as.transmit.path.remote, sent.as.transmit.path.local};
    datagram.bytes = bytes.data();
    datagram.bytes_size = bytes.size();
    EXPECT_EQ(redan_endpoint_handle_input(endpoint.get(), now, &datagram), REDAN_OK);
  }
  void on_opened(const redan_output& output) {
    peer = output.peer;
    channel = output.channel;
    opened = output.as.opened;
    label.assign(opened.label, opened.label_size);
    protocol.assign(opened.protocol, opened.protocol_size);
  }
};

struct CPair {
  CEnd caller{1, true}, callee{2};
  redan_time now = 0;

  explicit CPair(bool media = false) {
    redan_media_plan plan = REDAN_MEDIA_PLAN_INIT;
    plan.audio = media;
    char* offer = nullptr;
    EXPECT_EQ(redan_endpoint_offer(caller.endpoint.get(), &plan, &caller.peer, &offer), REDAN_OK);
    const CText held(offer);
    redan_channel_options options = REDAN_CHANNEL_OPTIONS_INIT;
    options.protocol = "greetings";
    options.protocol_size = 9;
    options.has_max_retransmits = 1;
    options.max_retransmits = 3;
    options.unordered = 1;
    EXPECT_EQ(redan_endpoint_open_channel(caller.endpoint.get(), caller.peer, "talk", 4, &options, &caller.channel),
              REDAN_OK);
    char* answer = nullptr;
    EXPECT_EQ(redan_endpoint_accept(callee.endpoint.get(), offer, std::strlen(offer), nullptr, &callee.peer, &answer),
              REDAN_OK);
    const CText kept(answer);
    EXPECT_EQ(redan_endpoint_complete(caller.endpoint.get(), caller.peer, answer, std::strlen(answer)), REDAN_OK);
  }

  template <class Condition>
  bool run_until(Condition condition) {
    for (int steps = 0; steps < 1000 && !condition(); ++steps) {
      redan_time wake = REDAN_NEVER;
      while (caller.step(now, callee, wake) || callee.step(now, caller, wake)) {
      }
      now = std::max(wake == REDAN_NEVER ? now : wake, now + kMillisecond);
    }
    return condition();
  }
  bool open() {
    return run_until([this] { return !caller.label.empty() && !callee.label.empty(); });
  }
  static int say(CEnd& from, const std::string& text) {
    return redan_endpoint_send(from.endpoint.get(), from.peer, from.channel, REDAN_TEXT,
                               reinterpret_cast<const std::uint8_t*>(text.data()), text.size());
  }
};

}  // namespace redan::test
