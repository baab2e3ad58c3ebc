// One Redan endpoint and one process of another stack, connected to each other.
#pragma once

#include <gtest/gtest.h>

#include <redan/asio.hpp>

#include "tests/interop/peers/peer_process.hpp"
#include "tests/interop/peers/stack.hpp"

namespace redan::test {

struct OpenedChannel {
  ChannelId id;
  std::string label;
  std::string protocol;
  ChannelParameters parameters;  ///< its protocol has ended
};
struct ReceivedMessage {
  ChannelId channel;
  MessageKind kind{};
  std::vector<std::uint8_t> payload;
};

enum class OurAgent { lite, full };

class Session {
 public:
  Session(const Stack& stack, OurAgent agent);

  /// Exchanges offer and answer; returns when both ends report that they are connected. `cut`: candidates are removed
  /// from the peer's description, as from a peer that trickles them or hides its addresses.
  enum class Candidates { all, cut };
  void peer_offers(const AcceptOptions& options = {}, Candidates candidates = Candidates::all);
  void we_offer(const MediaPlan& plan = {}, Candidates candidates = Candidates::all);
  /// The peer's offer, our answer; does not wait.
  void renegotiate(bool restart);

  /// The peer opens a channel. The command may be sent before it makes an offer; we accept the channel after the
  /// connection.
  void peer_opens(std::string_view label) { peer.tell({{"do", "open"}, {"label", label}}); }
  const OpenedChannel& taken(std::string_view label);
  /// We open a channel, and both ends report that it is open.
  const OpenedChannel& we_open(std::string_view label, const ChannelOptions& options = {});
  void send(ChannelId channel, MessageKind kind, Bytes payload);
  /// The peer sends such a message, we return it: it arrives complete in both directions.
  void expect_echo(const OpenedChannel& channel, MessageKind kind, std::size_t size);
  void expect_text_echo(const OpenedChannel& channel, const std::string& text);

  Endpoint& endpoint() { return shard_->endpoint(); }
  void wake() { shard_->wake(); }
  /// Runs the loop until the condition holds; false after 20 s.
  bool until(const std::function<bool()>& condition, std::chrono::seconds timeout = std::chrono::seconds(20));
  void run_for(std::chrono::milliseconds time);

 private:
  void on_output(Endpoint& endpoint, const Output& output);
  void echo_media(Endpoint& endpoint, const MediaPacket& media);
  std::string description(const std::string& type, Candidates candidates);
  void connect();
  void expect_back(const OpenedChannel& channel);

  boost::asio::io_context io_{1};
  std::unique_ptr<Provider> provider_ = default_provider();
  std::unique_ptr<Shard> shard_;

 public:
  PeerProcess peer;
  PeerId id{};
  std::string last_description;  ///< of the peer
  std::string our_answer;
  bool connected = false;
  std::deque<OpenedChannel> opened;
  std::vector<ReceivedMessage> messages;
  std::vector<std::pair<std::uint32_t, Errc>> closed_channels;
  std::optional<Closed> closed;
  std::size_t rtp = 0;
  std::size_t rtp_largest = 0;
  std::size_t rtp_returned = 0;
};

/// The SSRC of the video that we send.
inline constexpr std::uint32_t kOurVideo = 0x0DA0'0001;

}  // namespace redan::test
