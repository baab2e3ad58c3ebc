// The implementation of the bus over NATS: maintains a connection, and distributes incoming messages. Included by .cpp
// files only.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <unordered_map>

#include "cloud/bus/nats_connection.hpp"

namespace redan::cloud::bus {

struct NatsEntry {
  std::string pattern;
  std::string queue;
  std::function<void(const BusMessage&)> handler;
};

/// Shared by bus and subscriptions; it outlives the bus until its connection has ended.
class NatsCore : public NatsOwner, public std::enable_shared_from_this<NatsCore> {
 public:
  NatsCore(boost::asio::io_context& io, NatsConfig config, RandomSource& random);

  /// An error if trust or identity cannot be used with a server.
  [[nodiscard]] std::optional<Errc> problem() const;
  /// Maintains a connection until end().
  net::Task<void> run();
  void end();

  Result<void> send(std::string_view subject, std::string_view reply_to, std::string_view payload);
  std::uint64_t subscribe(NatsEntry entry);
  void unsubscribe(std::uint64_t sid);
  static net::Task<Result<std::string>> request(std::shared_ptr<NatsCore> self, std::string subject,
                                                std::string payload, std::chrono::milliseconds timeout);
  [[nodiscard]] bool is_connected() const { return connection_ && connection_->is_ready(); }

 private:
  static constexpr std::uint64_t kInboxSid = 1;
  /// A pending request, owned by its coroutine.
  class Waiting {
   public:
    Waiting(NatsCore& core, std::string_view to)
        : subject(to), timer(core.io_), core_(core), number_(core.next_request_++) {
      core_.waiting_.emplace(number_, this);
    }
    ~Waiting() { core_.waiting_.erase(number_); }
    Waiting(const Waiting&) = delete;
    Waiting& operator=(const Waiting&) = delete;

    void end(Result<std::string> with) {
      if (!outcome) outcome = std::move(with);
      timer.cancel();
    }
    [[nodiscard]] std::string reply_to() const { return core_.inbox_ + std::to_string(number_); }

    std::string_view subject;
    boost::asio::steady_timer timer;
    std::optional<Result<std::string>> outcome;

   private:
    NatsCore& core_;
    std::uint64_t number_;
  };

  void on_open(std::string& out) override;
  void on_ready() override;
  void on_message(const NatsMessage& message) override;
  void on_not_permitted(std::string_view what) override;
  void on_lame_duck() override;
  void on_reply(const NatsMessage& message);
  void on_end(const NatsFailure& failure);
  net::Task<void> leave(std::shared_ptr<NatsConnection> connection);
  net::Task<NatsFailure> connect();
  std::chrono::milliseconds next_pause(const NatsFailure& failure);
  void report(NatsStatus status);

  boost::asio::io_context& io_;
  NatsConfig config_;
  RandomSource& random_;
  std::vector<net::Dialer> dialers_;
  std::size_t server_ = 0;
  std::shared_ptr<NatsConnection> connection_;
  std::optional<std::chrono::steady_clock::time_point> ready_since_;
  std::size_t in_vain_ = 0;  ///< attempts since the last good connection
  std::size_t refused_ = 0;  ///< refusals among the latest attempts
  boost::asio::steady_timer pause_;
  bool leaving_ = false;
  bool ended_ = false;
  std::set<std::string> reported_;

  std::map<std::uint64_t, std::shared_ptr<NatsEntry>> subscriptions_;
  std::uint64_t next_sid_ = kInboxSid + 1;
  std::string inbox_;  ///< of this connection, with a dot at its end; empty: not permitted
  std::unordered_map<std::uint64_t, Waiting*> waiting_;
  std::uint64_t next_request_ = 1;
};

}  // namespace redan::cloud::bus
