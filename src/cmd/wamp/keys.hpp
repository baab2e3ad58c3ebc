// `redan wamp keys`: the key rings of clients.
#pragma once

#include "cmd/program.hpp"

namespace redan::cmd {

void add_wamp_keys(CLI::App& wamp, Run& run);

}  // namespace redan::cmd
