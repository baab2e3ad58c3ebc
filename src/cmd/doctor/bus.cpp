// Checks every NATS server with a unit's credentials, a round trip, and the agents on the bus.
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/json/serialize.hpp>
#include <map>

#include "base/hex.hpp"
#include "cloud/api/agent.hpp"
#include "cloud/errors.hpp"
#include "cmd/doctor/findings.hpp"

namespace redan::cmd {
namespace {

namespace asio = boost::asio;
namespace api = cloud::api;
namespace json = boost::json;
using namespace std::chrono_literals;
using std::chrono::milliseconds;

constexpr auto kNoThrow = asio::as_tuple(asio::use_awaitable);
constexpr auto kStep = 20ms;
constexpr auto kTimeout = 7s;
constexpr auto kAgentsTimeout = 1500ms;
constexpr auto kAnnouncementTimeout = api::kAnnouncePeriod + 1s;  ///< if the unit may not request it

net::Task<void> wait_for(asio::io_context& io, const std::function<bool()>& done, milliseconds timeout) {
  asio::steady_timer timer(io);
  for (milliseconds waited{0}; waited < timeout && !done(); waited += kStep) {
    timer.expires_after(kStep);
    co_await timer.async_wait(kNoThrow);
  }
}

std::string random_token(Provider& provider) {
  std::array<std::uint8_t, 8> bytes{};
  provider.random(bytes);
  return to_hex(bytes);
}

BusOptions only(const BusOptions& options, std::size_t index) {
  BusOptions one = options;
  one.servers = {options.servers[index]};
  if (options.fingerprints.size() > 1) one.fingerprints = {options.fingerprints.at(index)};
  return one;
}

// As a gateway, sends a request to an agent that does not exist; as an agent, a report about a session that does not
// exist. The answer "no responders", or a gateway's refusal, returns on the same path as every reply.
net::Task<void> check_round_trip(cloud::bus::Bus& bus, const std::string& what, const std::string& name,
                                 Provider& provider, Findings& findings) {
  const std::string missing = "doctor-" + random_token(provider);
  auto begin = std::chrono::steady_clock::now();
  auto reply = co_await bus.request(api::subject::agent(missing, "create"), "{}", kTimeout);
  if (!reply && reply.error() == cloud::errc::bus_refused) {
    api::StateReport report;
    report.session = missing;
    report.agent = name;
    begin = std::chrono::steady_clock::now();
    reply = co_await bus.request(api::subject::agent(name, "state"), json::serialize(api::to_json(report)), kTimeout);
  }
  const auto took = std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - begin).count();
  if (reply || reply.error() == cloud::errc::bus_no_responders) {
    char text[64];
    std::snprintf(text, sizeof text, "a request and its reply take %.1f ms", took);
    co_return findings.ok(what, text);
  }
  if (reply.error() == cloud::errc::bus_refused) {
    co_return findings.fail(what, "as " + name + ", this certificate may ask neither agents nor gateways",
                            "give --name the name in the certificate, and that user its permissions: users.conf");
  }
  findings.fail(what, reply.error(), "a request to a missing agent");
}

std::string describe(const api::Announcement& agent) {
  return "region " + agent.region + ", " + std::to_string(agent.sessions) + " of " + std::to_string(agent.capacity) +
         " sessions";
}

net::Task<void> check_agents(asio::io_context& io, cloud::bus::Bus& bus, Findings& findings) {
  std::map<std::string, api::Announcement> agents;
  auto subscription =
      bus.subscribe(std::string(api::subject::kAnnouncements), [&](const cloud::bus::BusMessage& message) {
        auto agent = api::parse<api::Announcement>(message.payload);
        if (agent) agents[agent->agent] = std::move(*agent);
      });
  static_cast<void>(bus.publish(api::subject::kHello, "{}"));
  std::function<bool()> never = [] { return false; };
  co_await wait_for(io, never, kAgentsTimeout);
  std::function<bool()> heard = [&] { return !agents.empty(); };
  co_await wait_for(io, heard, kAnnouncementTimeout);
  for (const auto& [id, agent] : agents) {
    if (agent.draining) {
      findings.warn("agent " + id, "takes no new sessions: it drains", "start it again when its sessions have ended");
    } else if (agent.sessions >= agent.capacity) {
      findings.warn("agent " + id, "is full: " + describe(agent), "start another agent, or raise --capacity");
    } else {
      findings.ok("agent " + id, describe(agent));
    }
  }
  if (agents.empty()) {
    findings.fail("agents", "none is on the bus", "start redan agent with the same NATS servers; look at its log");
  }
}

}  // namespace

net::Task<void> check_bus(asio::io_context& io, BusOptions options, std::string name, Provider& provider,
                          Findings& findings) {
  bool looked_for_agents = false;
  for (std::size_t i = 0; i < options.servers.size(); ++i) {
    const std::string what = "nats " + options.servers[i];
    std::optional<cloud::bus::NatsStatus> status;
    const BusOptions one = only(options, i);
    const auto bus = open_bus(
        io, one, name, provider,
        [&](const cloud::bus::NatsStatus& told) {
          if (!status) status = told;
        },
        [](std::string_view) {});
    std::function<bool()> told = [&] { return status && (!status->connected || bus->is_connected()); };
    co_await wait_for(io, told, kTimeout);
    if (!bus->is_connected()) {
      findings.fail(what, status ? status->why : cloud::errc::bus_disconnected, status ? status->detail : "no answer");
      continue;
    }
    findings.ok(what,
                std::string("TLS 1.3, certificate") + (options.token_file.empty() ? "" : " and token") + " accepted");
    co_await check_round_trip(*bus, what, name, provider, findings);
    if (!looked_for_agents) co_await check_agents(io, *bus, findings);
    looked_for_agents = true;
  }
}

}  // namespace redan::cmd
