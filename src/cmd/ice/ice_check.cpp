// `redan ice-check`: what a peer on this host can offer others: its candidates, what the NAT before it does, and
// whether a relay serves it.
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <cstdio>
#include <map>
#include <redan/asio.hpp>
#include <set>

#include "cmd/connect/trace.hpp"
#include "cmd/ice/ice_servers.hpp"
#include "net/clock.hpp"
#include "net/socket_address.hpp"

namespace redan::cmd {
namespace {

namespace json = boost::json;

constexpr std::chrono::seconds kTimeout{60};

constexpr const char* kFooter = R"(
NAT, from what two servers or more see of one address of this host:
  none                  they see the address itself
  endpoint-independent  they see the same: peers find a way without a relay
  address-dependent     each sees another port (a symmetric NAT): towards a
                        peer that is not easy to reach either, only a relay helps
  unknown               less than two servers answered

A relayed candidate means that the TURN server accepts the credentials and gave
an address. To which peers it relays is for the server to say.

Examples:
  redan ice-check --ice-server stun:stun.example.org --ice-server stun:192.0.2.7
  redan ice-check --ice-server turn:turn.example.org --ice-user alice \
        --ice-password-file turn.password --json
  redan ice-check --ice-server turns:turn.example.org --ice-user alice \
        --ice-password-file turn.password --ice-ca-file ca.pem
Exit codes: 0 every server gave what it is for, 1 one did not or nothing works,
2 wrong usage)";

struct Options {
  IceServerOptions servers;
  std::string bind;
  bool json = false;
};

struct FailedServer {
  std::string server;
  Errc reason;
  std::string detail;
};

struct Findings {
  std::vector<GatheredCandidate> candidates;
  std::vector<FailedServer> failures;
  std::size_t servers = 0;
};

Findings gather(const Options& options, std::vector<IceServer> servers) {
  Findings findings;
  findings.servers = servers.size();
  const auto provider = default_provider();
  EndpointConfig config;
  config.announce_lite = false;
  config.local_addresses = net::host_addresses();
  if (!options.bind.empty()) {
    const auto bind = Address::parse(options.bind, 0);
    if (!bind) throw std::runtime_error(options.bind + " is not an address");
    config.local_addresses = {*bind};
  }
  const std::int64_t now = net::wall_time().seconds_since_1970;
  auto identity = self_signed(*provider, {.not_before = {now - 3600}, .not_after = {now + 3600}});
  if (!identity) throw std::runtime_error(explain(identity.error()));
  boost::asio::io_context io;
  auto shard = Shard::open(
      io, std::move(config), std::move(*identity), *provider, [&](Endpoint& endpoint, const Output& output) {
        if (const auto* failed = std::get_if<IceServerFailed>(&output)) {
          findings.failures.push_back({std::string(failed->server), failed->reason, std::string(failed->detail)});
        } else if (std::holds_alternative<GatheringDone>(output)) {
          findings.candidates = endpoint.local_candidates();
          io.stop();
        }
      });
  if (!shard) throw std::runtime_error(explain(shard.error()));
  if (const auto set = (*shard)->endpoint().set_ice_servers(std::move(servers)); !set)
    throw std::runtime_error(explain(set.error()));
  (*shard)->wake();
  io.run_for(kTimeout);
  return findings;
}

std::string_view nat_of(const Findings& findings) {
  std::set<std::string> failed;
  for (const FailedServer& each : findings.failures) failed.insert(each.server);
  std::map<Address, std::size_t> mapped;
  for (const GatheredCandidate& each : findings.candidates)
    mapped[each.base] += each.type == CandidateType::server_reflexive ? 1 : 0;
  std::size_t most = 0;
  for (const auto& [base, count] : mapped) most = std::max(most, count);
  if (most > 1) return "address-dependent";
  if (findings.servers < failed.size() + 2) return "unknown";
  return most == 0 ? "none" : "endpoint-independent";
}

double milliseconds(Duration duration) { return std::chrono::duration<double, std::milli>(duration).count(); }

void print_json(const Findings& findings) {
  json::array candidates, failures;
  for (const GatheredCandidate& each : findings.candidates) {
    json::object candidate{{"type", name_of(each.type)}, {"address", each.address.text()}, {"base", each.base.text()}};
    if (!each.server.empty()) candidate["server"] = each.server;
    if (each.rtt) candidate["rtt_ms"] = milliseconds(*each.rtt);
    candidates.push_back(std::move(candidate));
  }
  for (const FailedServer& each : findings.failures)
    failures.push_back(json::object{{"server", each.server}, {"error", name(each.reason)}, {"detail", each.detail}});
  const json::object all{{"candidates", candidates}, {"failures", failures}, {"nat", nat_of(findings)}};
  std::printf("%s\n", json::serialize(all).c_str());
}

void print_table(const Findings& findings) {
  std::printf("%-6s %-28s %-28s %9s  %s\n", "TYPE", "CANDIDATE", "FROM", "RTT", "SERVER");
  for (const GatheredCandidate& each : findings.candidates) {
    char rtt[32] = "";
    if (each.rtt) std::snprintf(rtt, sizeof rtt, "%.1f ms", milliseconds(*each.rtt));
    std::printf("%-6s %-28s %-28s %9s  %s\n", std::string(name_of(each.type)).c_str(), each.address.text().c_str(),
                each.base.text().c_str(), rtt, each.server.c_str());
  }
  for (const FailedServer& each : findings.failures) {
    const std::string_view advice =
        each.reason == Errc::io_failed ? "check its address, and that firewalls let UDP pass" : hint(each.reason);
    std::printf("failed %s: %s\n       %s\n", each.server.c_str(), printable(each.detail).c_str(),
                std::string(advice).c_str());
  }
  std::printf("NAT    %s\n", std::string(nat_of(findings)).c_str());
}

int ice_check(const Options& options) {
  std::vector<IceServer> servers = resolve_ice_servers(options.servers);
  const Findings findings = gather(options, std::move(servers));
  options.json ? print_json(findings) : print_table(findings);
  return findings.failures.empty() && !findings.candidates.empty() ? kOk : kFailure;
}

}  // namespace

void add_ice_check(CLI::App& app, Run& run) {
  CLI::App* command = app.add_subcommand("ice-check", "Candidates, NAT and relays of this host, as ICE servers see it");
  auto options = std::make_shared<Options>();
  add_ice_server_options(*command, options->servers);
  command->get_option("--ice-server")->required();
  command->add_option("--bind", options->bind, "Address of this host to use (default: all)");
  command->add_flag("--json", options->json, "One JSON object instead of a table");
  command->footer(kFooter);
  command->callback([&run, options] { run = [options] { return ice_check(*options); }; });
}

}  // namespace redan::cmd
