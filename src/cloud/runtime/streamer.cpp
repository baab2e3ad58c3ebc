#include "cloud/runtime/streamer.hpp"

#include <boost/asio/post.hpp>
#include <stdexcept>

#include "cloud/api/stream_figures.hpp"
#include "cloud/errors.hpp"
#include "cloud/runtime/client.hpp"
#include "cloud/runtime/reactions.hpp"
#include "media/errors.hpp"
#include "media/sources.hpp"
#include "net/clock.hpp"

namespace redan::cloud::runtime {
namespace {

namespace asio = boost::asio;

// Browsers accept any lifetime; our certificate is new at each start.
constexpr std::int64_t kCertificateLife = 30 * 24 * 3600;

Identity make_identity(Provider& provider) {
  const WallTime now = net::wall_time();
  auto identity = self_signed(provider, {KeyType::ecdsa_p256,
                                         "redan",
                                         {},
                                         WallTime{now.seconds_since_1970 - 24 * 3600},
                                         WallTime{now.seconds_since_1970 + kCertificateLife}});
  if (!identity) throw std::runtime_error("no certificate for the stream: " + std::string(text(identity.error())));
  return std::move(*identity);
}

void set_picture(media::VideoSource& video, const api::Screen& screen) {
  video.set_picture(static_cast<std::uint32_t>(screen.width), static_cast<std::uint32_t>(screen.height),
                    static_cast<std::uint32_t>(screen.fps));
}

}  // namespace

rtp::RateLimits rate_limits(const api::Screen& screen) {
  const auto pixels = static_cast<std::uint64_t>(screen.width * screen.height * screen.fps);
  const auto bits = [&](std::uint64_t divisor, std::uint64_t least, std::uint64_t most) {
    return static_cast<std::uint32_t>(std::clamp(pixels / divisor, least, most));
  };
  return {100'000, bits(20, 200'000, 8'000'000), bits(10, 500'000, 20'000'000)};
}

Streamer::Streamer(asio::io_context& io, StreamerConfig config, Provider& provider)
    : io_(io), config_(std::move(config)), provider_(provider), rate_(rate_limits(config_.screen)) {
  EndpointConfig endpoint;
  endpoint.local_addresses = config_.addresses;
  endpoint.max_peers = 2 * config_.max_clients;  // including those that are disconnecting
  endpoint.max_message_size = 256 * 1024;
  endpoint.send_buffer = 1024 * 1024;
  auto shard = Shard::open(io_, std::move(endpoint), make_identity(provider), provider,
                           [this](Endpoint&, const Output& output) { on_output(output); });
  if (!shard) {
    throw std::runtime_error("no UDP port to stream from: " + std::string(text(shard.error())) +
                             "; check the addresses and ports given");
  }
  shard_ = std::move(*shard);
  open_sources();
}

Streamer::~Streamer() { stop(); }

void Streamer::open_sources() {
  media::Sources sources = media::open_sources(io_, config_.source);
  video_ = std::move(sources.video);
  audio_ = std::move(sources.audio);
  if (sources.scene != nullptr) reactions_ = std::make_unique<Reactions>(*sources.scene);
  if (video_) {
    video_->on_frame = [this](const rtp::EncodedFrame& frame) { on_video(frame); };
    set_picture(*video_, config_.screen);
    video_->set_bitrate(rate_.start);
  } else {
    log("no video: " + std::string(text(media::errc::media_unsupported)));
  }
  if (audio_) {
    audio_->on_frame = [this](const rtp::EncodedFrame& frame) { on_audio(frame); };
  } else {
    log("no sound: " + std::string(text(media::errc::media_unsupported)));
  }
}

const std::vector<Address>& Streamer::local_addresses() const { return shard_->local_addresses(); }

// Clients.

void Streamer::open(const std::string& id, const ClientOptions& options, std::function<void(std::string)> to_client,
                    std::optional<sealed::ConfirmKey> confirm) {
  if (stopped_) return;
  close(id);
  const bool controls = options.role == ClientOptions::Role::controller;
  if (controls) displace_controller();
  // The others leave room for a controller.
  const auto others =
      std::count_if(clients_.begin(), clients_.end(), [](const auto& one) { return !one.second->controls(); });
  const std::size_t limit = controls ? config_.max_clients : config_.max_clients - 1;
  if (static_cast<std::size_t>(others) >= limit) {
    to_client(api::signalling::text(api::signalling::Error{"too_many: this stream has no room for another client"}));
    if (on_client) on_client(id, ClientState::left, Errc::too_many);
    return;
  }
  if (controls) {
    rate_ = rate_limits(options.screen);
    if (video_) set_picture(*video_, options.screen);
    for (const auto& [name, each] : clients_) each->set_rate_limits(rate_);
  }
  clients_[id] = std::make_unique<Client>(*this, id, options, std::move(to_client), std::move(confirm));
  if (on_client) on_client(id, ClientState::connecting, Errc{});
}

void Streamer::displace_controller() {
  const auto controller =
      std::find_if(clients_.begin(), clients_.end(), [](const auto& entry) { return entry.second->controls(); });
  if (controller != clients_.end()) controller->second->end(errc::link_displaced);
}

api::User Streamer::user() const {
  const bool present =
      std::any_of(clients_.begin(), clients_.end(), [](const auto& entry) { return entry.second->controls(); });
  if (present) return api::User::present;
  return had_user_ ? api::User::left : api::User::awaited;
}

void Streamer::on_message(const std::string& id, std::string_view json) {
  const auto found = clients_.find(id);
  if (found != clients_.end()) found->second->on_message(json);
}

void Streamer::close(const std::string& id) {
  const auto found = clients_.find(id);
  if (found != clients_.end()) found->second->end(Errc::closed_locally);
}

void Streamer::stop() {
  if (std::exchange(stopped_, true)) return;
  while (!clients_.empty()) clients_.begin()->second->end(Errc::closed_locally);
  if (video_) video_->stop();
  if (audio_) audio_->stop();
}

// The client may be on the call stack, so it lives until the loop's next turn.
void Streamer::remove(Client& client, Errc why) {
  const auto found = clients_.find(client.id());
  if (found == clients_.end() || found->second.get() != &client) return;
  if (client.peer()) by_peer_.erase(client.peer()->value);
  if (client.media()) totals_.media += client.media()->statistics();
  const std::string id = client.id();
  asio::post(io_, [departed = std::shared_ptr<Client>(std::move(found->second))] {});
  clients_.erase(found);
  if (reactions_ && client.controls()) reactions_->release();
  run_sources();
  log("client " + id + " left: " + std::string(text(why)));
  if (on_client) on_client(id, ClientState::left, why);
}

void Streamer::on_output(const Output& output) {
  const auto peer = std::visit(
      [](const auto& each) -> std::optional<PeerId> {
        if constexpr (requires { each.peer; }) return each.peer;
        return std::nullopt;
      },
      output);
  const auto found = peer ? by_peer_.find(peer->value) : by_peer_.end();
  if (found == by_peer_.end()) return;
  Client& client = *found->second;
  if (const auto* closed = std::get_if<Closed>(&output)) {
    remove(client, closed->reason);
  } else {
    client.on_output(output);
  }
}

void Streamer::on_input(const control::Message& message) {
  if (reactions_) reactions_->apply(message);
}

// Media.

void Streamer::run_sources() {
  const auto any = [this](auto wants) {
    return !stopped_ && std::any_of(clients_.begin(), clients_.end(), [&](const auto& e) { return wants(*e.second); });
  };
  if (video_) any([](const Client& each) { return each.watches(); }) ? video_->start() : video_->stop();
  if (audio_) any([](const Client& each) { return each.listens(); }) ? audio_->start() : audio_->stop();
}

void Streamer::on_video(const rtp::EncodedFrame& frame) {
  ++totals_.frames_encoded;
  totals_.key_frames_encoded += frame.key ? 1 : 0;
  totals_.total_encode_time += frame.encode_time;
  for (const auto& [id, client] : clients_) client->send_video(frame);
  follow_bitrate();
}

void Streamer::on_audio(const rtp::EncodedFrame& frame) {
  for (const auto& [id, client] : clients_) client->send_audio(frame);
}

// There is one encoder: its bit rate follows the controller's path, or the narrowest viewer's if there is no
// controller.
void Streamer::follow_bitrate() {
  std::optional<std::uint32_t> target;
  for (const auto& [id, client] : clients_) {
    if (!client->watches()) continue;
    const std::uint32_t wanted = client->media()->target_bitrate(net::now());
    if (client->controls()) {
      target = wanted;
      break;
    }
    target = std::min(target.value_or(wanted), wanted);
  }
  if (target && video_) video_->set_bitrate(*target);
}

// Figures.

rtp::MediaStatistics Streamer::media_statistics() const {
  rtp::MediaStatistics all = totals_.media;
  for (const auto& [id, client] : clients_) {
    if (client->media()) all += client->media()->statistics();
  }
  return all;
}

api::json::object Streamer::statistics() const {
  const rtp::MediaStatistics media = media_statistics();
  const auto seconds = [](Duration time) { return std::chrono::duration<double>(time).count(); };
  std::uint32_t target = 0;
  for (const auto& [id, client] : clients_) {
    if (client->watches() && (target == 0 || client->controls())) target = client->media()->target_bitrate(net::now());
  }
  return {{"bytes_sent", media.bytes_sent},
          {"packets_sent", media.packets_sent},
          {"retransmitted_bytes_sent", media.retransmitted_bytes_sent},
          {"retransmitted_packets_sent", media.retransmitted_packets_sent},
          {"nack_count", media.nack_count},
          {"pli_count", media.pli_count},
          {"fir_count", media.fir_count},
          {"frames_encoded", totals_.frames_encoded},
          {"key_frames_encoded", totals_.key_frames_encoded},
          {"frames_dropped", (video_ ? video_->frames_dropped() : 0) + media.frames_skipped},
          {"control_messages", totals_.control_messages},
          {"control_ignored", totals_.control_ignored},
          {"signalling_errors", totals_.signalling_errors},
          {"total_encode_time", seconds(totals_.total_encode_time)},
          {"total_packet_send_delay", seconds(media.total_packet_send_delay)},
          {"relay_in_use",
           std::any_of(clients_.begin(), clients_.end(), [](const auto& e) { return e.second->relayed(); }) ? 1 : 0},
          {"target_bitrate", target}};
}

std::string Streamer::metrics() const {
  std::string out;
  api::write_stream_figures(out, {{"", statistics()}});
  return out;
}

void Streamer::log(std::string_view line) const {
  if (config_.log) config_.log(line);
}

}  // namespace redan::cloud::runtime
