// `redan doctor`: checks the units and servers of a deployment as their clients see them, and reports what to fix.
#include <boost/asio/co_spawn.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <cstdio>

#include "cmd/doctor/findings.hpp"
#include "cmd/program.hpp"

namespace redan::cmd {
namespace {

namespace asio = boost::asio;
namespace json = boost::json;

constexpr const char* kFooter = R"(
It checks what it is told of. On the bus it goes by --name with that unit's
certificate; a gateway's lets it ask for the agents. A running unit of that
name is not disturbed. In etcd it writes, reads and removes a key of its own,
and fails if it can read or write what lies outside --etcd-prefix.
A TURN server is asked to relay to addresses that it must refuse: special ones,
its own, and those of --nats, --etcd and --turn-denied; and to those of
--turn-allowed, which it must not refuse.

Examples:
  redan doctor --gateway https://192.0.2.1:4000 --gateway-fingerprint 3a5c...
  redan doctor --nats 192.0.2.21:4222 --nats 192.0.2.22:4222 \
        --nats-ca ca.pem --nats-cert gateway.pem --nats-key gateway.key \
        --nats-token-file token
  redan doctor --etcd 192.0.2.11:2379 --etcd-ca ca.pem \
        --etcd-cert store-gateway.pem --etcd-key store-gateway.key \
        --etcd-user gateway --etcd-password-file gateway.password \
        --etcd-prefix redan/gateway/
  redan doctor --turn turn:192.0.2.9:3478 --turn-secret-file turn.secret

Exit codes: 0 all well, 1 something is wrong, 2 wrong usage)";

struct Options {
  std::string gateway, gateway_fingerprint;
  std::string agent, agent_fingerprint;
  std::string ams, ams_fingerprint;
  BusOptions bus;
  std::string name = "gateway";
  StoreOptions store;
  std::vector<std::string> turn, turn_denied, turn_allowed;
  std::string turn_secret_file;
  bool json = false;
};

net::Task<void> examine(asio::io_context& io, const Options& options, Provider& provider, Findings& findings) {
  const std::vector<ServiceToCheck> services{
      {"gateway", options.gateway, options.gateway_fingerprint, 4000, "/1.0/status"},
      {"agent", options.agent, options.agent_fingerprint, 8445, "/1.0/status"},
      {"AMS", options.ams, options.ams_fingerprint, 8444, "/1.0"}};
  for (const ServiceToCheck& service : services) {
    if (!service.url.empty()) co_await check_service(io, service, findings);
  }
  if (!options.bus.servers.empty()) co_await check_bus(io, options.bus, options.name, provider, findings);
  if (!options.store.etcd.empty()) co_await check_etcd(io, options.store, provider, findings);
  std::vector<std::string> units = options.turn_denied;
  units.insert(units.end(), options.bus.servers.begin(), options.bus.servers.end());
  units.insert(units.end(), options.store.etcd.begin(), options.store.etcd.end());
  for (const std::string& uri : options.turn) {
    check_turn({uri, options.turn_secret_file, units, options.turn_allowed}, provider, findings);
  }
}

int run_doctor(const Options& options) {
  const bool nothing = options.gateway.empty() && options.agent.empty() && options.ams.empty() &&
                       options.bus.servers.empty() && options.store.etcd.empty() && options.turn.empty();
  if (nothing) {
    std::fprintf(stderr, "redan doctor: name something to look at; redan doctor --help\n");
    return kUsage;
  }
  const auto provider = default_provider();
  Findings findings(!options.json);
  asio::io_context io{1};
  asio::co_spawn(io, examine(io, options, *provider, findings), [](const std::exception_ptr& error) {
    if (error) std::rethrow_exception(error);
  });
  io.run();
  if (options.json) {
    const json::object said{{"ok", !findings.failed()}, {"checks", findings.all()}};
    std::printf("%s\n", json::serialize(said).c_str());
  }
  return findings.failed() ? kFailure : kOk;
}

}  // namespace

void Findings::add(const char* level, const std::string& what, const std::string& said, const std::string& advice) {
  json::object finding{{"level", level}, {"what", what}, {"said", said}};
  if (!advice.empty()) finding["advice"] = advice;
  all_.push_back(std::move(finding));
  if (!print_) return;
  const std::string_view shown = std::string_view(level) == "fail" ? "FAIL" : level;
  std::printf("%-4s  %s: %s\n", std::string(shown).c_str(), what.c_str(), said.c_str());
  if (!advice.empty()) std::printf("      %s\n", advice.c_str());
  std::fflush(stdout);
}

void Findings::fail(const std::string& what, Errc code, const std::string& detail) {
  std::string said(text(code));
  if (!detail.empty()) said += " (" + detail + ")";
  fail(what, said, std::string(hint(code)));
}

void add_doctor(CLI::App& app, Run& run) {
  CLI::App* command = app.add_subcommand("doctor", "Look at a deployment and say what is wrong with it");
  auto options = std::make_shared<Options>();
  command->add_option("--gateway", options->gateway, "A gateway's URL");
  command->add_option("--gateway-fingerprint", options->gateway_fingerprint,
                      "SHA-256 of its certificate (default: the system's CAs decide)");
  command->add_option("--agent", options->agent, "An agent's URL");
  command->add_option("--agent-fingerprint", options->agent_fingerprint, "SHA-256 of its certificate");
  command->add_option("--ams", options->ams, "AMS's URL");
  command->add_option("--ams-fingerprint", options->ams_fingerprint, "SHA-256 of its certificate");
  add_bus_options(*command, options->bus);
  command->add_option("--name", options->name, "Of the unit that --nats-cert belongs to")->capture_default_str();
  add_etcd_options(*command, options->store);
  command
      ->add_option("--etcd-other-prefix", options->store.etcd_others,
                   "A prefix that this unit must not reach; repeatable (its own is left out)")
      ->capture_default_str();
  command->add_option("--turn", options->turn, "turn:host:port of a TURN server; repeatable");
  command->add_option("--turn-secret-file", options->turn_secret_file, "The secret shared with the TURN servers");
  command->add_option("--turn-denied", options->turn_denied, "host:port of what they must not relay to; repeatable");
  command->add_option("--turn-allowed", options->turn_allowed,
                      "A runtime's address, which they must relay to; repeatable");
  command->add_flag("--json", options->json, "One JSON object instead of text");
  command->footer(kFooter);
  command->callback([&run, options] { run = [options] { return run_doctor(*options); }; });
}

}  // namespace redan::cmd
