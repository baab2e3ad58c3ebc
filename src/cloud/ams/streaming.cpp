// Instances that are launched with enable_streaming. AMS wants a session for each; one of the stream agents makes it at
// the gateways and supplies what the instance's runtime must know. Only then does the instance start.
#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include "cloud/ams/service.hpp"
#include "cloud/api/agent.hpp"
#include "cloud/api/ids.hpp"
#include "cloud/api/instance_service.hpp"
#include "net/clock.hpp"

namespace redan::cloud::ams {
namespace {

namespace asio = boost::asio;
namespace json = boost::json;

constexpr std::chrono::milliseconds kPause{100};  ///< between looks for an agent

bool is_set(const json::object& object, std::string_view flag) {
  const json::value* member = object.if_contains(flag);
  return member != nullptr && member->is_bool() && member->get_bool();
}

api::Refusal no_agent(std::chrono::milliseconds waited) {
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(waited).count();
  return {503, "session_no_agent", "no stream agent has taken the instance in " + std::to_string(seconds) + " seconds",
          "start `redan agent`, or launch without enable_streaming", 0};
}

}  // namespace

// An instance whose tags name a session was requested by the agent that has it.
Outcome<void> Ams::want_session(api::Instance& instance) const {
  const auto names_session = [](const std::string& tag) { return tag.starts_with(api::kSessionTag); };
  if (!is_set(instance.config, "enable_streaming")) return {};
  if (std::any_of(instance.tags.begin(), instance.tags.end(), names_session)) return {};
  if (instance.base) {
    return api::refuse(api::bad_request("\"config.enable_streaming\" needs an application, not an image"));
  }
  instance.want_session(api::new_id(provider_, net::wall_time()));
  return {};
}

// The session of an instance that has stopped is over.
void Ams::renew_session(api::Instance& instance) const {
  if (instance.session.empty() || may_run(instance.status)) return;
  instance.want_session(api::new_id(provider_, net::wall_time()));
  instance.status = api::InstanceStatus::created;
}

std::string Ams::runtime_data(const api::Instance& instance) {
  if (instance.stream_data.empty()) return instance.user_data;
  json::object data = json::parse(instance.stream_data).as_object();  // it was checked when it came
  if (!instance.user_data.empty()) data["extra_data"] = instance.user_data;
  return json::serialize(data);
}

// The application decides which port its adbd has, by a service of that name.
std::int64_t Ams::adb_port(const api::Instance& instance) {
  const auto services = api::parse_services(instance.services);
  if (!services) return 0;
  const auto adb = std::find_if(services->begin(), services->end(),
                                [](const api::Service& one) { return one.name == "adb" && one.tcp; });
  return adb == services->end() ? 0 : adb->port;
}

net::Task<Outcome<std::vector<api::AwaitingInstance>>> Ams::awaiting_agents() {
  std::vector<std::string> ids;
  for (const auto& [id, seen] : instances_) {
    if (seen.awaits_agent) ids.push_back(id);
  }
  std::vector<api::AwaitingInstance> all;
  for (const std::string& id : ids) {
    auto found = co_await instance(id);
    if (!found || !found->value.awaits_agent()) continue;
    const api::Instance& awaiting = found->value;
    json::object screen;
    if (const json::value* display = awaiting.config.if_contains("display"); display != nullptr) {
      for (const auto& member : display->as_object()) {
        if (member.value() != 0) screen[member.key()] = member.value();
      }
    }
    REDAN_CO_TRY(const auto parsed, api::parse_screen(screen));
    all.push_back({awaiting.name, awaiting.session, awaiting.app_name, awaiting.app_version, parsed});
  }
  co_return all;
}

net::Task<Outcome<void>> Ams::take_stream(std::string which, std::string session, std::string agent, std::string data) {
  json::error_code error;
  if (!json::parse(data, error).is_object()) {
    co_return api::refuse(api::bad_request("\"user_data\" is a JSON object"));
  }
  REDAN_CO_TRY(auto found, co_await instance(std::move(which)));
  bool taken = false;
  std::function<bool(api::Instance&)> edit = [&](api::Instance& instance) {
    taken = instance.awaits_agent() && instance.session == session;
    if (!taken) return false;
    instance.stream_data = data;
    instance.tags.push_back(std::string(api::kAgentTag) + agent);
    return true;
  };
  REDAN_CO_CHECK(co_await edit_instance(found.value.id, std::move(edit)));
  if (!taken) co_return api::refuse(api::conflict("the instance does not await an agent for this session"));
  co_return Outcome<void>{};
}

// Without a slot: others must not wait for the agent.
net::Task<void> Ams::start_when_taken(api::Operation operation) {
  auto waited = std::chrono::milliseconds(0);
  const auto awaits = [&] {
    const auto seen = instances_.find(operation.instance());
    return seen != instances_.end() && seen->second.awaits_agent && !stopped_;
  };
  do {
    asio::steady_timer pause(io_, kPause);
    co_await pause.async_wait(asio::as_tuple(asio::use_awaitable));
    waited += kPause;
  } while (awaits() && waited < config_.agent_timeout);
  const bool given_up = awaits();
  if (given_up) co_await finish(operation, api::refuse(no_agent(waited)));
  starting_.erase(operation.id);
  if (!given_up) take_up(operation);
}

}  // namespace redan::cloud::ams
