// The program inside an instance: it reports to AMS that it runs, connects to its agent, and streams to the clients
// that the agent announces. Each part continues without the others: a stream does not end because an agent or AMS is
// unavailable.
#pragma once

#include "cloud/runtime/client_seal.hpp"
#include "cloud/runtime/join_order.hpp"
#include "cloud/runtime/streamer.hpp"
#include "cloud/runtime/user_data.hpp"
#include "net/http/client.hpp"

namespace redan::cloud::runtime {

struct RuntimeConfig {
  StreamerConfig streamer;
  std::function<void(std::string_view)> log{};  ///< one line; no secrets in it
};

class Runtime {
 public:
  Runtime(boost::asio::io_context& io, UserData data, RuntimeConfig config, Provider& provider);
  Runtime(const Runtime&) = delete;
  Runtime& operator=(const Runtime&) = delete;

  /// Starts everything. Throws std::runtime_error if there is no UDP port to stream from.
  void start();
  /// Disconnects all clients. The object must exist until done().
  void stop();
  [[nodiscard]] bool done() const { return ended_ && tasks_ == 0; }

  /// The session has ended, or an agent or AMS refuses this instance permanently.
  std::function<void(Errc why)> on_end;

 private:
  net::Task<void> tell_ams();
  // In runtime_seal.cpp.
  net::Task<void> keep_certificate();
  [[nodiscard]] net::Task<bool> fetch_certificate();
  void open_client(const std::string& client, const api::LinkHello& hello);
  net::Task<void> supervise();
  void report();
  void report_soon();
  void report_regularly();
  void finish(Errc why);
  void log(std::string_view line) const;

  boost::asio::io_context& io_;
  UserData data_;
  RuntimeConfig config_;
  net::HttpClient ams_;
  boost::asio::steady_timer ams_timer_, report_timer_, seal_timer_;
  std::unique_ptr<Streamer> streamer_;
  std::unique_ptr<Supervisor> supervisor_;
  std::unique_ptr<SealIdentity> seal_;
  std::map<std::string, std::shared_ptr<ClientSeal>> clients_;  ///< by the link's name
  std::set<std::string> connected_;
  JoinOrder joins_;
  int tasks_ = 0;
  bool report_posted_ = false;
  bool ended_ = false;
};

}  // namespace redan::cloud::runtime
