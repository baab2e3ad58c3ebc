// An agent's state of one session. Included by the agent's .cpp files only.
#pragma once

#include "cloud/agent/service.hpp"

namespace redan::cloud::agent {

struct Agent::Session {
  Session(boost::asio::io_context& io, api::SessionSpec the_spec, std::string the_instance)
      : spec(std::move(the_spec)), instance(std::move(the_instance)), timer(io) {}

  api::SessionSpec spec;
  std::string instance;  ///< its name in AMS
  boost::asio::steady_timer timer;

  /// Whether the gateways know that this agent owns the session. A session that is not owned has no subscriptions yet.
  enum class Owned : std::uint8_t { unclaimed, ours, nobodys } owned = Owned::ours;
  std::unique_ptr<bus::Subscription> commands, frames;

  std::shared_ptr<net::WebSocket> socket;  ///< null: the runtime is not connected
  TimePoint detached_at{};
  TimePoint next_look{};
  bool is_look_due = false;  ///< its instance may have ended, whether or not its runtime is connected
  bool was_attached = false;

  api::SessionStatus status = api::SessionStatus::created;
  std::string message;
  std::int64_t clients = 0;
  api::User user = api::User::awaited;
  TimePoint user_deadline{};    ///< no user will come after it
  api::json::object figures{};  ///< as last reported by the runtime
  TimePoint idle_since{};

  bool report_due = false;
  TimePoint next_report{};  ///< not before this; a report that ends the session is not delayed
  TimePoint confirm_at{};   ///< reports even if nothing has changed: the gateways may no longer have the session
  std::int64_t report_number = 0;

  struct Ending {
    std::string reason;
    api::SessionStatus as = api::SessionStatus::terminated;
    bool force = false;
  };
  std::optional<Ending> ending;
  bool gone = false;

  /// This agent requested the instance for the session; another instance belongs to the user who launched it.
  [[nodiscard]] bool owns_instance() const { return instance == api::instance_name(spec.session); }
  void wake() { timer.cancel(); }
};

}  // namespace redan::cloud::agent
