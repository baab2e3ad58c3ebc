// One session of a WAMP client: a ClientSession on a transport. It runs on one loop, on which all its functions are
// called, and ends with its transport; the Client of redan/wamp.hpp makes the next one.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include "wamp/session.hpp"
#include "wamp/transport/transport.hpp"

namespace redan::wamp {

struct ConnectionConfig {
  TransportConfig transport;
  SessionConfig session;
  std::shared_ptr<const KeyRing> key_ring{};  ///< if not null, instead of the session's
  std::shared_ptr<const void> keeps{};        ///< lives at least as long as the connection
};

class Connection : public std::enable_shared_from_this<Connection> {
 public:
  using Delivered = ClientSession::Delivered;
  using Invoked = ClientSession::Invoked;
  using Interrupted = ClientSession::Interrupted;
  using Refused = ClientSession::Refused;

  using OnEvent = std::function<void(Delivered)>;
  /// Must answer with yield() or fail(), at once or later.
  using OnInvocation = std::function<void(Invoked)>;
  /// Callbacks of one call.
  struct Progress {
    std::function<void(Id request)> on_begin{};  ///< receives the id for cancel()
    std::function<void(Payload)> on_result{};    ///< receives progressive results; requires `receive_progress`
  };

  /// Connects and joins the realm. `provider`, and the key ring if there is one, must outlive the client, which lives
  /// until its last owner and its last request are gone.
  static net::Task<Outcome<std::shared_ptr<Connection>>> join(boost::asio::io_context& io, ConnectionConfig config,
                                                              Provider& provider);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  // Options are those of WAMP, as for ClientSession.

  /// Returns the subscription. A second subscription to the same topic returns the same id, and both handlers are
  /// called.
  net::Task<Outcome<Id>> subscribe(std::string topic, OnEvent on_event, Dict options = {});
  net::Task<Outcome<Id>> unsubscribe(Id subscription);
  /// Without acknowledgement.
  redan::Result<void> publish(std::string topic, Payload payload, Dict options = {});
  /// Returns the publication.
  net::Task<Outcome<Id>> publish_acknowledged(std::string topic, Payload payload, Dict options = {});
  net::Task<Outcome<Id>> register_procedure(std::string procedure, OnInvocation on_invocation, Dict options = {});
  net::Task<Outcome<Id>> unregister(Id registration);
  net::Task<Outcome<Payload>> call(std::string procedure, Payload payload, Dict options = {});
  net::Task<Outcome<Payload>> call(std::string procedure, Payload payload, Dict options, Progress progress);
  redan::Result<void> cancel(Id request, std::string_view mode = "kill");

  redan::Result<void> yield(Id invocation, Payload payload, Dict options = {});
  redan::Result<void> fail(Id invocation, std::string error, Payload payload = {});

  /// Sends GOODBYE; on_close follows.
  void leave();
  /// Keys for what is sent and received from now on.
  void set_key_ring(std::shared_ptr<const KeyRing> key_ring);

  [[nodiscard]] bool joined() const { return session_.joined(); }
  /// From WELCOME: authid, authrole, roles.
  [[nodiscard]] const Dict& welcome() const { return welcome_; }
  [[nodiscard]] Id session_id() const { return session_id_; }

  std::function<void(const Failure&)> on_close;          ///< called once
  std::function<void(const Refused&)> on_refused;        ///< messages refused because of encryption
  std::function<void(const Interrupted&)> on_interrupt;  ///< an invocation that its caller has cancelled

 private:
  class Waiting;
  Connection(boost::asio::io_context& io, ConnectionConfig config, Provider& provider);
  static SessionConfig session_config(ConnectionConfig&& config);
  void attach(std::shared_ptr<Transport> transport);
  net::Task<void> wait_until_joined();
  void hear(Bytes message);

  /// Processes the outputs of the machine until it waits.
  void pump();
  void schedule(TimePoint deadline);
  void on(ClientSession::Transmit&& output);
  void on(ClientSession::Joined&& output);
  void on(ClientSession::Granted&& output);
  void on(ClientSession::Returned&& output);
  void on(ClientSession::Failed&& output);
  void on(ClientSession::Delivered&& output);
  void on(ClientSession::Invoked&& output);
  void on(ClientSession::Interrupted&& output);
  void on(ClientSession::Revoked&& output);
  void on(ClientSession::Refused&& output);
  void on(ClientSession::Closed&& output);
  void on(Wait) {}

  boost::asio::io_context& io_;
  std::shared_ptr<const void> keeps_;
  std::shared_ptr<const KeyRing> key_ring_;
  ClientSession session_;
  std::shared_ptr<Transport> transport_;
  boost::asio::steady_timer timer_;
  boost::asio::steady_timer joining_;
  bool pumping_ = false;
  Id session_id_ = 0;
  Dict welcome_;
  std::optional<Failure> ended_;
  std::map<Id, Waiting*> waiting_;  ///< by request
  std::multimap<Id, std::shared_ptr<OnEvent>> subscriptions_;
  std::map<Id, std::shared_ptr<OnInvocation>> registrations_;
};

}  // namespace redan::wamp
