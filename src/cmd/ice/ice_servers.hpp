// ICE servers on the command line.
#pragma once

#include <redan/ice.hpp>

#include "cmd/program.hpp"

namespace redan::cmd {

struct IceServerOptions {
  std::vector<std::string> urls;
  std::string username;
  std::string password_file;
};

/// --ice-server, --ice-user and --ice-password-file.
void add_ice_server_options(CLI::App& command, IceServerOptions& options);

/// The servers, one for each address of a name. Throws std::runtime_error for a name without address, or a password
/// file that cannot be used.
std::vector<IceServer> resolve_ice_servers(const IceServerOptions& options);

}  // namespace redan::cmd
