// Removes sessions.
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "cloud/errors.hpp"
#include "cloud/gateway/service.hpp"

namespace redan::cloud::gateway {
namespace {

namespace asio = boost::asio;

using api::Session;
using api::SessionStatus;

constexpr std::size_t kAtOnce = 16;
constexpr std::chrono::seconds kEndTimeout{20};

/// Whether no agent will end the session: its agent does not know it, or no longer. If the agent is present but not
/// subscribed to the session, it has forgotten the session or has not claimed it yet; in the latter case the reply to
/// its claim reports that the session is over.
bool is_unserved(const api::Refusal& refusal, bool has_agent) {
  return refusal.code == name(errc::session_fenced) || refusal.status == 404 ||
         (refusal.code == name(errc::bus_no_responders) && has_agent);
}

}  // namespace

// The session is marked first, so that every later read, claim or create request sees that it is being deleted.
net::Task<Outcome<void>> Gateway::remove(ApiCaller caller, std::string id, RemoveRequest request) {
  REDAN_CO_TRY(auto known, co_await session(caller, id));
  REDAN_CO_CHECK(caller.may(GatewayOperation::remove, known.id, known.region));
  auto marked = co_await edit_session(id, [](Session& now) -> Outcome<Edit> {
    if (now.status == SessionStatus::terminated || now.status == SessionStatus::terminating) return Edit::nothing;
    if (now.over()) {
      now.status = SessionStatus::terminated;
      now.agent_lost = false;
      ++now.fence;
      return Edit::write;
    }
    now.status = SessionStatus::terminating;
    now.status_message = "it is being deleted";
    return Edit::write;
  });
  if (!marked) co_return api::refuse(marked.error());
  if (marked->status == SessionStatus::terminated) co_return Outcome<void>{};
  api::Command removal{api::Command::Kind::remove,
                       marked->fence,
                       {},
                       request.force,
                       "deleted by " + std::string(api::account_name(caller.account))};
  auto reply = co_await command(id, std::move(removal));
  const bool has_agent = agents_.find(marked->agent) != nullptr;
  if (!reply && (request.force || is_unserved(reply.error(), has_agent)))
    co_return co_await write_off(id, marked->fence);
  if (!reply) {
    api::Refusal refusal = reply.error();
    refusal.status = 500;
    refusal.hint = "it ends when its agent is back; with force it counts as ended now";
    co_return api::refuse(std::move(refusal));
  }
  if (!request.sync) co_return Outcome<void>{};
  co_return co_await ended(id);
}

// No agent ends the session, so it counts as ended. If an agent still has it, its messages are rejected because the
// fence is now higher.
net::Task<Outcome<void>> Gateway::write_off(std::string id, std::int64_t fence) {
  auto edited = co_await edit_session(id, [&](Session& now) -> Outcome<Edit> {
    if (now.over() || now.fence != fence) return Edit::nothing;
    now.status = SessionStatus::terminated;
    now.status_message = "deleted without its agent";
    ++now.fence;
    return Edit::write;
  });
  if (!edited) co_return api::refuse(edited.error());
  co_return Outcome<void>{};
}

net::Task<Outcome<void>> Gateway::ended(std::string id) {
  std::function<bool()> is_over = [this, id] {
    const auto found = sessions_.find(id);
    return found == sessions_.end() || found->second.session.over();
  };
  const bool over = co_await until(std::move(is_over), kEndTimeout);
  if (over) co_return Outcome<void>{};
  co_return api::refuse(
      {500, "not_ended_yet", "the session is being deleted and has not ended in time", "look at its status later", 0});
}

// Removal of several sessions.

struct Gateway::Batch {
  Batch(asio::io_context& io, std::vector<std::string> all) : ids(std::move(all)), outcomes(ids.size()), done(io) {}
  std::vector<std::string> ids;
  std::vector<Outcome<void>> outcomes;
  std::size_t next = 0, running = 0;
  asio::steady_timer done;
};

net::Task<void> Gateway::remove_next(std::shared_ptr<Batch> batch, ApiCaller caller, RemoveRequest request) {
  while (batch->next < batch->ids.size()) {
    const std::size_t at = batch->next++;
    auto outcome = co_await remove(caller, batch->ids[at], request);
    batch->outcomes[at] = std::move(outcome);
  }
  if (--batch->running == 0) batch->done.cancel();
}

net::Task<std::vector<Outcome<void>>> Gateway::remove_all(ApiCaller caller, std::vector<std::string> ids,
                                                          RemoveRequest request) {
  const auto batch = std::make_shared<Batch>(io_, std::move(ids));
  batch->done.expires_at(asio::steady_timer::time_point::max());
  batch->running = std::min(kAtOnce, batch->ids.size());
  for (std::size_t count = batch->running; count > 0; --count) {
    asio::co_spawn(io_, remove_next(batch, caller, request), asio::detached);
  }
  while (batch->running > 0) co_await batch->done.async_wait(asio::as_tuple(asio::use_awaitable));
  co_return std::move(batch->outcomes);
}

}  // namespace redan::cloud::gateway
