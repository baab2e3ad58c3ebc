// One connection to a NATS server, from connecting to closing. Included by .cpp files only.
#pragma once

#include <boost/asio/steady_timer.hpp>

#include "cloud/bus/nats.hpp"
#include "cloud/bus/nats_protocol.hpp"
#include "cloud/errors.hpp"
#include "net/dial.hpp"

namespace redan::cloud::bus {

/// Why a connection ended, as in NatsStatus.
struct NatsFailure {
  Errc code = errc::bus_disconnected;
  std::string detail{};
};

/// Receives the events of a connection, on the loop.
class NatsOwner {
 public:
  virtual ~NatsOwner() = default;
  /// CONNECT was written: append what the server must receive before anything else.
  virtual void on_open(std::string& out) = 0;
  virtual void on_ready() = 0;
  virtual void on_message(const NatsMessage& message) = 0;
  /// The server did not permit one operation; the connection continues.
  virtual void on_not_permitted(std::string_view what) = 0;
  virtual void on_lame_duck() = 0;
};

class NatsConnection : public std::enable_shared_from_this<NatsConnection> {
 public:
  /// Owner and config must outlive run().
  NatsConnection(boost::asio::io_context& io, const NatsConfig& config, NatsOwner& owner);

  /// Connects, and reads until the end.
  net::Task<NatsFailure> run(const net::Dialer& dialer);

  /// The buffer to which up to `size` bytes may be appended: they are sent after this turn of the loop, together with
  /// all others. Null: the server is too slow.
  std::string* outgoing(std::size_t size);
  /// The same for bytes that must not be omitted: if there are far too many, the connection is closed.
  std::string& control();
  [[nodiscard]] std::size_t max_payload() const { return max_payload_; }
  /// Has sent CONNECT.
  [[nodiscard]] bool is_open() const { return state_ == State::open || state_ == State::ready; }
  /// The server has processed all of on_open().
  [[nodiscard]] bool is_ready() const { return state_ == State::ready; }

  /// Closes it immediately.
  void close(NatsFailure why);
  /// Closes it when the server has received what was appended, or after a second.
  void leave(NatsFailure why);

 private:
  enum class State : std::uint8_t { dialling, open, ready, leaving, closed };
  net::Task<std::optional<NatsFailure>> dial(const net::Dialer& dialer);
  net::Task<std::optional<NatsFailure>> read();
  net::Task<void> write();
  net::Greeting greeting();
  void handle(const NatsOperation& operation);
  void on_info(const NatsInfo& info);
  void on_error(std::string_view text);
  void on_pong();
  void ping();
  void schedule_write();
  void schedule_ping();

  boost::asio::io_context& io_;
  const NatsConfig& config_;
  NatsOwner& owner_;
  State state_ = State::dialling;
  NatsFailure why_{};
  std::string last_error_;  ///< of the server, before it closed
  std::shared_ptr<net::Stream> stream_;
  NatsParser parser_;
  std::size_t max_payload_ = kMaxBusPayload;
  std::string outgoing_;
  std::string leaving_;
  bool write_scheduled_ = false;
  bool writing_ = false;
  boost::asio::steady_timer ping_timer_;
  unsigned unanswered_pings_ = 0;
};

}  // namespace redan::cloud::bus
