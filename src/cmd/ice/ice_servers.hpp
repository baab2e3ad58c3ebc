// ICE servers on the command line.
#pragma once

#include <redan/ice.hpp>

#include "cmd/commands.hpp"
#include "cmd/program.hpp"

namespace redan::cmd {

/// --ice-server, --ice-user, --ice-password-file, --ice-ca-file and --ice-fingerprint.
void add_ice_server_options(CLI::App& command, IceServerOptions& options);

/// --ice-policy.
void add_ice_policy_option(CLI::App& command, IceServerOptions& options);
[[nodiscard]] inline IceTransport ice_transport(const IceServerOptions& options) {
  return options.policy == "relay" ? IceTransport::relay : IceTransport::all;
}

/// The servers, one for each address of a name. Throws std::runtime_error for a name without address, or a password
/// or CA file that cannot be used, or for more addresses than an endpoint takes.
std::vector<IceServer> resolve_ice_servers(const IceServerOptions& options);

}  // namespace redan::cmd
