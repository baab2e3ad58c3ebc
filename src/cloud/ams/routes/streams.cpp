// Requests of stream agents: instances that were launched with enable_streaming.
#include <array>

#include "cloud/ams/routes/routes.hpp"
#include "cloud/api/ids.hpp"

namespace redan::cloud::ams {
namespace {

namespace json = boost::json;
using trust::Scope;

constexpr std::size_t kMaxData = 16 * 1024;

net::Task<Reply> list_awaiting(Ams& ams, Call) {
  REDAN_CO_TRY(const auto awaiting, co_await ams.awaiting_agents());
  json::array elements;
  for (const api::AwaitingInstance& instance : awaiting) elements.emplace_back(to_json(instance));
  co_return sync_reply(std::move(elements), awaiting.size());
}

net::Task<Reply> take_stream(Ams& ams, Call call) {
  REDAN_CO_TRY(auto body, call.body());
  std::string session, agent, data;
  REDAN_CO_CHECK(api::Members(body)
                     .text("session", session)
                     .text("agent", agent)
                     .text("user_data", data, kMaxData)
                     .end(call.unknown));
  if (!api::is_name(agent)) co_return api::refuse(api::bad_request("\"agent\" is the id of an agent"));
  REDAN_CO_CHECK(co_await ams.take_stream(call.parameters[0], std::move(session), std::move(agent), std::move(data)));
  co_return sync_reply(json::object());
}

constexpr std::array kRoutes{
    Route{"GET", "/internal/1.0/streams", Scope::instance_read, "streams", list_awaiting},
    Route{"PUT", "/internal/1.0/instances/{id}/stream", Scope::instance_write, "stream", take_stream},
};

}  // namespace

std::span<const Route> stream_routes() { return kRoutes; }

}  // namespace redan::cloud::ams
