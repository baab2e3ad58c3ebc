// Streams to clients: their signalling, their peers, one video and one audio source for all of them, and their input.
// Runs on one io_context; only the encoder has a thread. docs/protocols/streaming.md describes the protocol.
//
// One client controls; a newer controller displaces the previous one. Viewers see and hear, and their input is ignored.
// A client for ADB neither sees nor hears; its channel "adb" is a tunnel.
#pragma once

#include <boost/asio/io_context.hpp>
#include <filesystem>
#include <map>
#include <redan/asio.hpp>

#include "cloud/api/agent.hpp"
#include "cloud/runtime/control.hpp"
#include "media/source.hpp"
#include "rtc/rtp/media_sender.hpp"
#include "sealed/keys.hpp"

namespace redan::cloud::runtime {

class Client;
class Reactions;

using ClientOptions = api::LinkHello;

enum class ClientState : std::uint8_t { connecting, connected, left };

struct StreamerConfig {
  std::vector<Address> addresses{};  ///< of our candidates; port 0: the system chooses
  api::Screen screen{};              ///< until a controller requests another
  /// "": a generated picture and a tone. Otherwise a list separated by commas: a VP8 file in IVF, an Opus file in Ogg,
  /// "rtp:PORT" (VP8 at this UDP port of loopback, Opus at PORT + 2).
  std::string source{};
  std::filesystem::path channel_directory{};  ///< of the sockets webrtc_data_<channel>; empty: channels echo
  std::optional<Address>
      adb{};  ///< where the channel "adb" of a client for ADB leads; absent: such channels are refused
  std::size_t max_clients = 16;                 ///< one of them is for a controller; at least 1
  std::chrono::seconds connect_timeout{60};     ///< from open() to connected
  std::function<void(std::string_view)> log{};  ///< one line; no secrets in it
};

class Streamer {
 public:
  /// `provider` must outlive the streamer. Throws std::runtime_error with a human-readable message: no UDP port, or a
  /// source that cannot be read.
  Streamer(boost::asio::io_context& io, StreamerConfig config, Provider& provider);
  ~Streamer();
  Streamer(const Streamer&) = delete;
  Streamer& operator=(const Streamer&) = delete;

  /// Adds a client, under a name that is not in use (an existing client with that name is ended first). `to_client`
  /// sends it a JSON text. A controller displaces the previous one, whose peer is ended with an SCTP ABORT, cause 12.
  /// With `confirm`, the key of its sealed channel, the client must prove that its DTLS connection is the sealed one
  /// before its other input is accepted.
  void open(const std::string& client, const ClientOptions& options, std::function<void(std::string)> to_client,
            std::optional<sealed::ConfirmKey> confirm = std::nullopt);
  /// A JSON text from the client: discover, settings, offer, answer, candidate; others are ignored.
  void on_message(const std::string& client, std::string_view json);
  /// Ends its peer. Do not call it when a signalling socket closes, because clients close it when they are connected.
  void close(const std::string& client);
  /// Ends all peers. The loop must run a little longer to send their final messages.
  void stop();

  /// `left` is reported once and last, also for clients ended by close() and stop(). The reason is closed_locally,
  /// link_displaced (a new controller), dtls_peer_closed or sctp_aborted (the client disconnected), link_timeout (never
  /// connected), or the error that ended the peer. The callback may call this object.
  std::function<void(const std::string& client, ClientState state, Errc why)> on_client;

  /// Prometheus text for a page of metrics, names with the prefix webrtc_.
  [[nodiscard]] std::string metrics() const;
  /// The same metrics as one object, for reports.
  [[nodiscard]] api::json::object statistics() const;
  [[nodiscard]] std::size_t clients() const { return clients_.size(); }
  /// Viewers are not the user.
  [[nodiscard]] api::User user() const;
  [[nodiscard]] const std::vector<Address>& local_addresses() const;

 private:
  friend class Client;
  struct Totals {
    rtp::MediaStatistics media;  ///< of clients that have left
    std::uint64_t frames_encoded = 0, key_frames_encoded = 0;
    Duration total_encode_time{0};
    std::uint64_t signalling_errors = 0;
    std::uint64_t control_messages = 0, control_ignored = 0;
  };
  void open_sources();
  void on_output(const Output& output);
  void on_video(const rtp::EncodedFrame& frame);
  void on_audio(const rtp::EncodedFrame& frame);
  void on_input(const control::Message& message);
  void run_sources();
  void follow_bitrate();
  void displace_controller();
  void remove(Client& client, Errc why);
  [[nodiscard]] rtp::MediaStatistics media_statistics() const;
  void log(std::string_view line) const;

  boost::asio::io_context& io_;
  StreamerConfig config_;
  Provider& provider_;
  std::unique_ptr<Shard> shard_;
  std::unique_ptr<media::VideoSource> video_;  ///< null: this build has no encoder, and no file was given
  std::unique_ptr<Reactions> reactions_;       ///< if video_ is generated
  std::unique_ptr<media::AudioSource> audio_;
  rtp::RateLimits rate_{};
  std::map<std::string, std::unique_ptr<Client>> clients_;
  std::map<std::uint64_t, Client*> by_peer_;
  Totals totals_;
  bool had_user_ = false;  ///< a controller has connected
  bool stopped_ = false;
};

/// The bit rate for a picture of this size: initially a twentieth of a bit per pixel, at most a tenth.
rtp::RateLimits rate_limits(const api::Screen& screen);

}  // namespace redan::cloud::runtime
