// The demo's logic: visitors on WebSockets, their peers on the shard, and the messages to both, described in
// docs/protocols/demo.md.
#pragma once

#include <boost/json.hpp>
#include <map>
#include <redan/asio.hpp>
#include <set>

#include "cmd/connect/trace.hpp"
#include "cmd/demo/admission.hpp"
#include "cmd/demo/channel_services.hpp"
#include "net/http/server.hpp"

namespace redan::cmd {

struct DemoServerConfig {
  DtlsRole dtls_role = DtlsRole::server;
  bool media = true;
  std::string tls_fingerprint;
};

class DemoCloud;

class DemoServer {
 public:
  DemoServer(boost::asio::io_context& io, DemoServerConfig config, Provider& provider, Trace& trace,
             std::function<void()> on_token_used);

  void attach(Shard& shard) { shard_ = &shard; }
  void attach(DemoCloud& cloud) { cloud_ = &cloud; }
  void on_websocket(const std::shared_ptr<net::WebSocket>& socket);
  /// The shard's handler.
  void on_output(Endpoint& endpoint, const Output& output);
  /// Disconnects all visitors and peers.
  void close_all();
  [[nodiscard]] const std::string& token() const { return admission_.token(); }

 private:
  struct Visitor {
    std::shared_ptr<net::WebSocket> socket;
    bool admitted = false;
    std::vector<PeerId> peers;  ///< the newest last
  };
  struct PeerEntry {
    std::weak_ptr<Visitor> visitor;
    TimePoint start{};
    std::string pair{};  ///< "host to srflx": the types of our candidate and of the visitor's
  };
  using VisitorPtr = std::shared_ptr<Visitor>;
  static constexpr std::size_t kMaxPeersPerVisitor = 4;

  void on_message(const VisitorPtr& visitor, std::string_view text);
  void on_hello(const VisitorPtr& visitor, const boost::json::object& message);
  net::Task<void> welcome(VisitorPtr visitor, std::string session);
  net::Task<void> grant(VisitorPtr visitor, std::string session, std::string key);
  void on_offer(const VisitorPtr& visitor, std::string_view sdp);
  void on_want_offer(const VisitorPtr& visitor);
  void on_answer(Visitor& visitor, std::string_view sdp);
  void on_renegotiate(Visitor& visitor, std::string_view sdp);
  void add_peer(const VisitorPtr& visitor, PeerId peer);
  void on_connected(Endpoint& endpoint, PeerId peer);
  void on_media(Endpoint& endpoint, const MediaPacket& media);
  void trace_event(PeerId peer, std::string_view event, const std::string& text);
  static void send(Visitor& visitor, const boost::json::object& message);
  static void send_error(Visitor& visitor, std::string_view code, std::string_view text, std::string_view hint);
  static void send_error(Visitor& visitor, const Error& error);

  boost::asio::io_context& io_;
  DemoServerConfig config_;
  Trace& trace_;
  std::function<void()> on_token_used_;
  Admission admission_;
  Shard* shard_ = nullptr;
  DemoCloud* cloud_ = nullptr;
  ChannelServices services_;
  std::set<VisitorPtr> visitors_;
  std::map<std::uint64_t, PeerEntry> peers_;
  std::map<std::pair<std::uint64_t, std::uint32_t>, std::string> labels_;
};

}  // namespace redan::cmd
