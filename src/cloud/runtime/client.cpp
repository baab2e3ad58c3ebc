#include "cloud/runtime/client.hpp"

#include <algorithm>
#include <charconv>

#include "base/hex.hpp"
#include "cloud/errors.hpp"
#include "media/errors.hpp"
#include "net/clock.hpp"
#include "sealed/errors.hpp"

namespace redan::cloud::runtime {
namespace {

namespace signalling = api::signalling;

constexpr std::size_t kMaxChannels = 5;
constexpr std::size_t kMaxChannelName = 64;
constexpr std::size_t kMaxRelays = 32;
constexpr std::string_view kControl = "control";
constexpr std::chrono::seconds kConfirmTimeout{5};

bool is_channel_name(std::string_view name) {
  const auto fits = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
  };
  return !name.empty() && name.size() <= kMaxChannelName && std::all_of(name.begin(), name.end(), fits);
}

std::string random_token(RandomSource& random) {
  std::array<std::uint8_t, 12> bytes{};
  random.random(bytes);
  return to_hex(bytes);
}

/// The address of a relayed candidate.
std::optional<Address> relay_of(std::string_view line) {
  if (line.find("candidate:") == std::string_view::npos || line.find(" typ relay") == std::string_view::npos) {
    return std::nullopt;
  }
  std::array<std::string_view, 6> words{};
  for (std::string_view& word : words) {
    word = line.substr(0, line.find(' '));
    line.remove_prefix(std::min(line.size(), word.size() + 1));
  }
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(words[5].data(), words[5].data() + words[5].size(), port);
  if (error != std::errc{} || end != words[5].data() + words[5].size()) return std::nullopt;
  return Address::parse(words[4], port);
}

std::string error_text(Errc code, const std::string& problem) {
  const std::string more = problem.empty() ? "" : ": " + problem;
  return signalling::text(signalling::Error{std::string(name(code)) + ": " + std::string(text(code)) + more});
}

// RFC 3550 section 8: any number; 0 means "not announced" in our descriptions.
std::uint32_t random_ssrc(RandomSource& random) { return random.random_u32() | 1U; }

}  // namespace

Client::Client(Streamer& streamer, std::string id, const ClientOptions& options,
               std::function<void(std::string)> to_client, std::optional<sealed::ConfirmKey> confirm)
    : streamer_(streamer),
      id_(std::move(id)),
      options_(options),
      to_client_(std::move(to_client)),
      deadline_(streamer.io_),
      media_alarm_(streamer.io_),
      channels_(streamer.io_, streamer.config_.channel_directory, *streamer.shard_,
                [this](const std::string& line) { streamer_.log("client " + id_ + ": " + line); }),
      confirm_(std::move(confirm)) {
  deadline_.set(net::now() + streamer.config_.connect_timeout, [this] { end(errc::link_timeout); });
}

// Signalling.

void Client::on_message(std::string_view json) {
  const auto message = signalling::parse(json);
  if (!message) return refuse_client({errc::signalling_syntax, message.error().message});
  std::visit([this](const auto& each) { on(each); }, *message);
}

void Client::on(const signalling::Discover&) {
  to_client_(signalling::text(signalling::Discovered{signalling::kMaxApiVersion, options_.screen.fps, {}}));
}

void Client::on(const signalling::Settings& settings) {
  if (settings.api_version < 2) return;  // it will make the offer
  if (peer_ || !take_channels(settings.data_channels)) return;
  if (settings.enable_video && streamer_.video_ == nullptr)
    return refuse_client({media::errc::media_unsupported, "video"});
  MediaPlan plan;
  plan.video = settings.enable_video && !tunnels();
  plan.audio = settings.enable_speaker && !tunnels() && streamer_.audio_ != nullptr;
  plan.direction = MediaDirection::sendonly;
  plan.sources = make_sources();
  const auto offered = endpoint().offer(plan);
  if (!offered) return refuse_client(offered.error());
  add_peer(offered->peer);
  to_client_(signalling::text(signalling::Offer{offered->offer, {}}));
}

void Client::on(const signalling::Offer& offer) {
  if (peer_ || !take_channels(offer.data_channels)) return;
  AcceptOptions accept;
  accept.accept_media = streamer_.video_ != nullptr && !tunnels();
  accept.sources = make_sources();
  const auto accepted = endpoint().accept(offer.sdp, accept);
  if (!accepted) return refuse_client(accepted.error());
  add_peer(accepted->peer);
  note_relays(offer.sdp);
  agree();
  to_client_(signalling::text(signalling::Answer{accepted->answer}));
}

void Client::on(const signalling::Answer& answer) {
  if (!peer_ || media_) return;
  const auto completed = endpoint().complete(*peer_, answer.sdp);
  if (!completed) return refuse_client(completed.error());
  note_relays(answer.sdp);
  agree();
}

// A lite agent learns addresses from checks; candidates are only needed to recognise relays.
void Client::on(const signalling::Candidate& candidate) { note_relays(candidate.candidate); }

// Candidates, one per line: "candidate:1 1 udp 41885439 192.0.2.9 50000 typ relay ..." (RFC 8839 section 5.1).
void Client::note_relays(std::string_view text) {
  while (!text.empty() && relays_.size() < kMaxRelays) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    if (const auto relay = relay_of(line)) relays_.push_back(*relay);
  }
}

bool Client::relayed() const { return path_ && std::find(relays_.begin(), relays_.end(), *path_) != relays_.end(); }

void Client::on(const signalling::Error& error) {
  streamer_.log("client " + id_ + " gives up: " + error.message.substr(0, 200));
  end(Errc::not_connected);
}

bool Client::take_channels(const std::vector<std::string>& names) {
  if (names.size() > kMaxChannels) {
    refuse_client({Errc::too_many, "at most 5 data channels"});
    return false;
  }
  if (!std::all_of(names.begin(), names.end(), is_channel_name)) {
    refuse_client({errc::signalling_syntax, "names of data channels have 1 to 64 letters, digits, - and _"});
    return false;
  }
  channel_names_ = names;
  return true;
}

MediaSources Client::make_sources() {
  sources_.stream = "redan-" + random_token(streamer_.provider_);
  sources_.cname = random_token(streamer_.provider_);
  sources_.audio_ssrc = random_ssrc(streamer_.provider_);
  do {
    sources_.video_ssrc = random_ssrc(streamer_.provider_);
  } while (sources_.video_ssrc == sources_.audio_ssrc);
  sources_.receiver_estimates = true;
  return sources_;
}

void Client::add_peer(PeerId peer) {
  peer_ = peer;
  streamer_.by_peer_[peer.value] = this;
  streamer_.shard_->wake();
}

// Both descriptions are known.
void Client::agree() {
  rtp::MediaSenderConfig config;
  config.cname = sources_.cname;
  config.rate = streamer_.rate_;
  const auto agreed = endpoint().media(*peer_);
  if (!agreed) return;
  for (const AgreedMedia& section : *agreed) {
    if (!section.sends()) continue;
    if (section.type == MediaType::video && section.codec == "VP8" && !config.video) {
      config.video = {sources_.video_ssrc, section.payload_type};
    }
    if (section.type == MediaType::audio && section.codec == "opus" && !config.audio) {
      config.audio = {sources_.audio_ssrc, section.payload_type};
    }
  }
  media_.emplace(std::move(config), streamer_.provider_);
  streamer_.shard_->wake();
}

// An invalid message does not end the stream of a connected client.
void Client::refuse_client(const Error& error) {
  ++streamer_.totals_.signalling_errors;
  if (connected_) {
    to_client_(error_text(error.code, error.detail));
  } else {
    end(error.code, error.detail);
  }
}

// The peer.

void Client::on_output(const Output& output) {
  if (std::holds_alternative<Connected>(output)) {
    on_connected();
  } else if (const auto* selected = std::get_if<PathSelected>(&output)) {
    path_ = selected->path.remote;
  } else if (const auto* opened = std::get_if<ChannelOpened>(&output)) {
    on_channel(*opened);
  } else if (const auto* message = std::get_if<Message>(&output)) {
    on_channel_message(*message);
  } else if (const auto* media = std::get_if<MediaPacket>(&output)) {
    if (!media_ || media->kind != MediaKind::rtcp) return;
    media_->handle_input(net::now(), media->packet);
    pump();
  } else if (const auto* low = std::get_if<BufferedAmountLow>(&output)) {
    channels_.on_buffered_amount_low(low->channel);
  } else if (const auto* channel = std::get_if<ChannelClosed>(&output)) {
    channels_.on_closed(channel->channel);
  }
}

void Client::on_connected() {
  connected_ = true;
  deadline_.cancel();
  if (confirm_) deadline_.set(net::now() + kConfirmTimeout, [this] { end(sealed::errc::sealed_unconfirmed); });
  streamer_.had_user_ |= controls() && !confirm_;
  streamer_.run_sources();
  if (streamer_.on_client) streamer_.on_client(id_, ClientState::connected, Errc{});
  pump();
}

void Client::on_channel(const ChannelOpened& opened) {
  if (opened.label == kControl && !control_) {
    control_ = opened.channel;
    return;
  }
  const std::string name(opened.label);
  const auto asked = std::find(channel_names_.begin(), channel_names_.end(), name);
  // Channels of viewers reach no program, and each name exists once.
  const bool is_tunnel = tunnels() && name == "adb" && streamer_.config_.adb;
  if (asked == channel_names_.end() || !(controls() || is_tunnel)) {
    (void)endpoint().close_channel(*peer_, opened.channel);
    return streamer_.shard_->wake();
  }
  channel_names_.erase(asked);
  if (is_tunnel) return channels_.tunnel(*peer_, opened.channel, name, *streamer_.config_.adb);
  channels_.open(*peer_, opened.channel, name);
}

void Client::on_channel_message(const Message& message) {
  if (message.channel == control_) return on_control(as_text(message.payload));
  if (confirm_) return;
  channels_.on_message(message);
}

void Client::on_control(std::string_view text) {
  const auto message = control::parse(text);
  if (message && std::holds_alternative<control::Disconnect>(*message)) return end(Errc::dtls_peer_closed);
  if (const auto* confirm = message ? std::get_if<control::SealConfirm>(&*message) : nullptr) {
    return on_confirm(*confirm);
  }
  // Input of viewers is ignored, and so is that of a client that has not confirmed, because it may be another party.
  if (!message || !controls() || confirm_ || std::holds_alternative<control::Unknown>(*message)) {
    ++streamer_.totals_.control_ignored;
    return;
  }
  ++streamer_.totals_.control_messages;
  if (const auto* vhal = std::get_if<control::VhalRequest>(&*message)) {
    (void)endpoint().send(*peer_, *control_, MessageKind::text, as_bytes(control::vhal_answer(*vhal)));
  }
  streamer_.on_input(*message);
}

// Proves that the other end of this DTLS connection has the sealed channel's key, and proves it to the other end.
void Client::on_confirm(const control::SealConfirm& confirm) {
  if (!confirm_) return;
  std::array<std::uint8_t, sealed::kExportSize> exported{};
  const auto security = endpoint().security(*peer_);
  if (!security || !endpoint().export_keying_material(*peer_, sealed::kExportLabel, exported)) return;
  const sealed::Connection connection{exported, security->remote_fingerprint.digest.bytes(),
                                      security->local_fingerprint.digest.bytes()};
  const auto mac = [&](sealed::Side side) {
    return sealed::confirmation(streamer_.provider_, *confirm_, side, connection);
  };
  if (!equal_in_constant_time(mac(sealed::Side::client).bytes(), as_bytes(confirm.mac))) {
    return end(sealed::errc::sealed_unconfirmed);
  }
  const control::SealConfirm ours{std::string(as_text(mac(sealed::Side::runtime).bytes()))};
  (void)endpoint().send(*peer_, *control_, MessageKind::text, as_bytes(control::text(ours)));
  wipe(exported);
  confirm_.reset();
  streamer_.had_user_ |= controls();
  deadline_.cancel();
}

void Client::end(Errc why, const std::string& problem) {
  // Without this message the client would wait for minutes.
  if (!connected_) to_client_(error_text(why, problem));
  channels_.clear();
  if (peer_) {
    endpoint().close(*peer_);
    streamer_.shard_->wake();
  }
  streamer_.remove(*this, why);
}

// Media.

void Client::send_video(const rtp::EncodedFrame& frame) {
  if (!connected_ || !watches()) return;
  media_->send_video(net::now(), frame);
  pump();
}

void Client::send_audio(const rtp::EncodedFrame& frame) {
  if (!connected_ || !listens()) return;
  media_->send_audio(net::now(), frame);
  pump();
}

void Client::set_rate_limits(rtp::RateLimits limits) {
  if (media_) media_->set_rate_limits(limits);
}

void Client::pump() {
  if (!connected_ || !media_ || pumping_) return;
  pumping_ = true;
  std::array<std::uint8_t, 1500> buffer{};
  TimePoint until = kNever;
  while (true) {
    const rtp::MediaSender::Output output = media_->poll_output(net::now(), buffer);
    if (const auto* packet = std::get_if<rtp::MediaSender::Packet>(&output)) {
      // Too much is queued before the socket, so drop it here, as UDP might elsewhere.
      (void)endpoint().send_media(*peer_, packet->kind, buffer, packet->bytes.size());
    } else if (std::holds_alternative<rtp::MediaSender::KeyFrameWanted>(output)) {
      if (streamer_.video_) streamer_.video_->want_key_frame();
    } else {
      until = std::get<Wait>(output).until;
      break;
    }
  }
  streamer_.shard_->wake();
  pumping_ = false;
  if (until == kNever) {
    media_alarm_.cancel();
  } else {
    media_alarm_.set(until, [this] { pump(); });
  }
}

}  // namespace redan::cloud::runtime
