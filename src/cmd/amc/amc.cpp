// `redan amc`: the client of AMS, for administrators and scripts.
#include "cmd/amc/grammar.hpp"

namespace redan::cmd {
namespace {

constexpr const char* kFooter = R"(
Which AMS: --socket, else --remote, else the default remote, else the one on
this machine. Every command has --help. An instance, an application or an
image is named by its name or its id.

Examples:
  redan amc remote add prod https://192.0.2.1:8444
  redan amc remote add prod --token < token.txt
  redan amc application create ./web         # a directory with manifest.yaml
  redan amc launch web --name web-1
  redan amc list --filter status=running
  redan amc exec web-1 -- uname -a
  redan amc token create alice --role operator > token.txt
  redan amc monitor

Exit codes: 0 done, 1 failed, 2 wrong usage, 3 refused or not trusted,
4 network or store; of `exec` and `shell` that of the command)";

}  // namespace

void add_amc(CLI::App& app, Run& run) {
  CLI::App* amc = app.add_subcommand("amc", "Talk to an AMS: instances, applications, trust");
  amc->footer(kFooter);
  Grammar grammar(*amc, run);
  add_launch(grammar, amc);
  add_instances(grammar, amc);
  add_wait(grammar);
  add_exec(grammar);
  add_logs(grammar, amc);
  CLI::App* instance = grammar.group(amc, "instance", "What runs; the same commands as without `instance`");
  add_launch(grammar, instance);
  add_instances(grammar, instance);
  add_logs(grammar, instance);
  add_applications(grammar);
  add_images(grammar);
  add_addons(grammar);
  add_nodes(grammar);
  add_config(grammar);
  CLI::App* auth = grammar.group(amc, "auth", "Who may do what");
  add_groups(grammar, auth);
  add_identities(grammar, auth);
  add_trust(grammar);
  add_remotes(grammar);
  add_service(grammar);
  add_monitor(grammar);
  add_benchmark(grammar);
  add_completion(grammar, app);
}

}  // namespace redan::cmd
