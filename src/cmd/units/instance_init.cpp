#include "cmd/units/instance_init.hpp"

#include "cloud/isolation/init.hpp"

namespace redan::cmd {

void add_instance_init(CLI::App& app, Run& run) {
  CLI::App* command = app.add_subcommand("instance-init", "Process 1 of an isolated instance")->group("");
  auto options = std::make_shared<cloud::isolation::InitOptions>();
  command->add_option("--user", options->user, "The user that it becomes");
  command->add_option("--max-processes", options->max_processes, "Limit of processes and threads");
  command->add_option("program", options->program, "The program and its arguments")->required();
  command->callback([&run, options] { run = [options] { return cloud::isolation::run_init(*options); }; });
}

}  // namespace redan::cmd
