// Clients of a stream gateway without a display: they request sessions, use the client protocol
// (docs/protocols/streaming.md, api version 2), and count received data. Many of them share one UDP port.
#pragma once

#include <boost/asio/io_context.hpp>
#include <functional>
#include <map>
#include <redan/asio.hpp>

#include "cloud/api/signalling.hpp"
#include "cmd/commands.hpp"
#include "net/http/client.hpp"
#include "net/websocket/client.hpp"
#include "sealed/handshake.hpp"

namespace redan::cmd {

/// A gateway's answer: a session, and how to join it.
struct StreamGrant {
  std::string session;
  std::string socket;  ///< path and query of the WebSocket
};

/// What a client needs to seal its signalling (docs/protocols/sealed.md).
struct SealWishes {
  using Granted = tl::expected<std::vector<std::uint8_t>, std::string>;
  sealed::Authorities authorities;  ///< AMS's sealing keys
  /// Obtains a session grant for this key, from AMS or through a back end. Returns a human-readable error if there is
  /// none.
  std::function<net::Task<Granted>(std::string session, sealed::Ed25519PublicKey key)> grant;
};

struct StreamWishes {
  bool video = false, audio = false;
  std::vector<std::string> channels{};       ///< besides "control"
  std::shared_ptr<const SealWishes> seal{};  ///< null: plaintext signalling
};

class StreamClients;

/// One client, from opening its socket to its end.
class StreamClient {
 public:
  enum class State : std::uint8_t { signalling, connected, ended };
  struct Counts {
    std::uint64_t rtp_packets = 0;
    std::uint64_t messages = 0;
    TimePoint started{}, connected{};
    TimePoint last_packet{};  ///< RTP or message
    Duration longest_gap{};   ///< between two of them
  };

  /// Sends on a channel: "control" or a requested one. Errors: channel_unknown before it is open, and those of
  /// Endpoint::send.
  Result<void> send(const std::string& channel, std::string_view text);
  /// The same for binary data. False: the channel has enough for now, and on_room follows.
  Result<bool> send_bytes(const std::string& channel, Bytes bytes);
  /// Closes the channel after what has been sent; on_channel_closed follows.
  void close_channel(const std::string& channel);
  /// Disconnects; `ended` follows.
  void close();

  [[nodiscard]] State state() const { return state_; }
  [[nodiscard]] const std::string& problem() const { return problem_; }  ///< why it ended; human-readable
  [[nodiscard]] bool is_open(const std::string& channel) const { return channels_.contains(channel); }
  [[nodiscard]] const Counts& counts() const { return counts_; }
  /// Restarts the measurement of the longest gap.
  void reset_gap(TimePoint now) {
    counts_.longest_gap = {};
    counts_.last_packet = now;
  }
  [[nodiscard]] Result<Security> security() const;
  /// The other end of the sealed channel; nullopt without one. With a sealed channel, data channels are usable once the
  /// DTLS connection has been confirmed to be the sealed one.
  [[nodiscard]] const std::optional<sealed::RuntimeCertificate>& runtime() const { return runtime_; }
  /// The error that refused a sealed session, if any.
  [[nodiscard]] std::optional<Errc> seal_failure() const { return seal_failure_; }

  std::function<void()> on_state;
  std::function<void(const std::string& channel, std::string_view text)> on_message;
  /// Also reports binary messages.
  std::function<void(const std::string& channel, Bytes bytes)> on_bytes;
  std::function<void()> on_room;
  std::function<void(const std::string& channel)> on_channel_closed;

 private:
  friend class StreamClients;
  StreamClient(StreamClients& clients, StreamWishes wishes) : clients_(clients), wishes_(std::move(wishes)) {}
  void on_socket(std::shared_ptr<net::WebSocket> socket);
  void begin_seal(const std::string& session, const SealWishes::Granted& grant);
  void on_signal(std::string_view text);
  void on_sealed(const std::string& body);
  void on_share(Bytes share);
  void on_message_of(std::string_view text);
  enum class Kind : std::uint8_t { question, statement };
  void send(const cloud::api::signalling::Message& message, Kind kind = Kind::statement);
  [[nodiscard]] cloud::api::signalling::Settings settings() const;
  void confirm();
  void on_confirm(std::string_view text);
  [[nodiscard]] std::string confirmation(sealed::Side side) const;
  void refuse_seal(Errc why);
  void on_offer(const std::string& sdp);
  void on_output(Endpoint& endpoint, const Output& output);
  void count();
  void end(std::string problem);

  StreamClients& clients_;
  StreamWishes wishes_;
  std::shared_ptr<net::WebSocket> socket_;
  State state_ = State::signalling;
  std::string problem_;
  std::optional<PeerId> peer_;
  std::map<std::string, ChannelId> channels_;
  std::map<std::uint32_t, std::string> labels_;
  std::optional<sealed::Ed25519Key> key_;
  std::optional<sealed::Initiator> initiator_;
  std::unique_ptr<sealed::Channel> seal_;
  sealed::ConfirmKey confirm_key_;
  std::optional<sealed::RuntimeCertificate> runtime_;
  std::optional<Errc> seal_failure_;
  std::map<std::string, ChannelId> unconfirmed_;  ///< open, but not usable yet
  Counts counts_;
};

class StreamClients {
 public:
  /// `provider` must outlive it. Throws std::runtime_error if there is no UDP port.
  StreamClients(boost::asio::io_context& io, net::TlsRemote gateway, std::string token,
                std::vector<Address> local_addresses, Provider& provider, const IceServerOptions& ice = {});
  ~StreamClients();
  StreamClients(const StreamClients&) = delete;
  StreamClients& operator=(const StreamClients&) = delete;

  using Granted = tl::expected<StreamGrant, std::string>;
  /// POST /1.0/sessions with this body; a human-readable error if it is refused.
  [[nodiscard]] net::Task<Granted> create(std::string body, std::string idempotency_key = {});
  [[nodiscard]] net::Task<Granted> join(std::string session);
  /// GET of a share's URL, given as path and query. It needs no token of an account.
  [[nodiscard]] net::Task<Granted> use_share(std::string target);
  /// Returns the status of the answer; 0: there was none.
  [[nodiscard]] net::Task<unsigned> remove(std::string session);
  /// The answer's metadata; null if there is none.
  [[nodiscard]] net::Task<boost::json::value> get(std::string path);

  /// Starts signalling. The client lives as long as this object. `through`, if given, is another gateway than the one
  /// that created the session.
  StreamClient& open(const StreamGrant& grant, StreamWishes wishes, const net::TlsRemote* through = nullptr);

 private:
  friend class StreamClient;
  net::Task<Granted> grant(net::HttpRequest request, unsigned expected);
  net::Task<void> signal(StreamClient& client, net::TlsRemote gateway, StreamGrant grant);

  boost::asio::io_context& io_;
  net::TlsRemote gateway_;
  std::string token_;
  Provider& provider_;
  net::HttpClient http_;
  std::unique_ptr<Shard> shard_;
  std::vector<std::unique_ptr<StreamClient>> clients_;
  std::map<std::uint64_t, StreamClient*> by_peer_;
};

}  // namespace redan::cmd
