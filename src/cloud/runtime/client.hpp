// One client of a Streamer: its signalling, its peer, its media.
#pragma once

#include "cloud/api/signalling.hpp"
#include "cloud/runtime/control.hpp"
#include "cloud/runtime/program_channels.hpp"
#include "cloud/runtime/streamer.hpp"
#include "net/alarm.hpp"

namespace redan::cloud::runtime {

class Client {
 public:
  Client(Streamer& streamer, std::string id, const ClientOptions& options, std::function<void(std::string)> to_client,
         std::optional<sealed::ConfirmKey> confirm);

  void on_message(std::string_view json);
  void on_output(const Output& output);
  void send_video(const rtp::EncodedFrame& frame);
  void send_audio(const rtp::EncodedFrame& frame);
  void set_rate_limits(rtp::RateLimits limits);
  /// Reports the reason, with `problem`, over the signalling if it is not connected yet, ends the peer, and leaves the
  /// streamer.
  void end(Errc why, const std::string& problem = {});

  [[nodiscard]] const std::string& id() const { return id_; }
  [[nodiscard]] bool controls() const { return options_.role == ClientOptions::Role::controller; }
  [[nodiscard]] bool tunnels() const { return options_.role == ClientOptions::Role::adb; }
  [[nodiscard]] const ClientOptions& options() const { return options_; }
  [[nodiscard]] const std::optional<PeerId>& peer() const { return peer_; }
  [[nodiscard]] const std::optional<rtp::MediaSender>& media() const { return media_; }
  /// Its path leads through a relay chosen by the client.
  [[nodiscard]] bool relayed() const;
  [[nodiscard]] bool watches() const { return media_ && media_->sends_video(); }
  [[nodiscard]] bool listens() const { return media_ && media_->sends_audio(); }

 private:
  void on(const api::signalling::Discover&);
  void on(const api::signalling::Settings& settings);
  void on(const api::signalling::Offer& offer);
  void on(const api::signalling::Answer& answer);
  void on(const api::signalling::Candidate& candidate);
  void on(const api::signalling::Error& error);
  template <class Other>
  void on(const Other&) {}

  [[nodiscard]] bool take_channels(const std::vector<std::string>& names);
  [[nodiscard]] MediaSources make_sources();
  void add_peer(PeerId peer);
  void agree();
  void on_connected();
  void note_relays(std::string_view text);
  void on_channel(const ChannelOpened& opened);
  void on_channel_message(const Message& message);
  void on_control(std::string_view text);
  void on_confirm(const control::SealConfirm& confirm);
  void pump();
  void refuse_client(const Error& error);
  [[nodiscard]] Endpoint& endpoint() const { return streamer_.shard_->endpoint(); }

  Streamer& streamer_;
  std::string id_;
  ClientOptions options_;
  std::function<void(std::string)> to_client_;
  net::Alarm deadline_, media_alarm_;
  std::vector<std::string> channel_names_;
  MediaSources sources_;
  std::optional<PeerId> peer_;
  std::optional<rtp::MediaSender> media_;
  std::optional<ChannelId> control_;
  ProgramChannels channels_;
  std::vector<Address> relays_;                ///< of the client
  std::optional<Address> path_;                ///< the selected path
  std::optional<sealed::ConfirmKey> confirm_;  ///< present until the client has confirmed
  bool connected_ = false;
  bool pumping_ = false;
};

}  // namespace redan::cloud::runtime
