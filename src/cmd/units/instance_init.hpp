// `redan instance-init`: process 1 of an isolated instance. Only the launcher runs it; no help lists it.
#pragma once

#include "cmd/program.hpp"

namespace redan::cmd {

void add_instance_init(CLI::App& app, Run& run);

}  // namespace redan::cmd
