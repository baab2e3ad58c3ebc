// The subcommands. Each returns the exit code of the program.
#pragma once

#include <optional>
#include <redan/types.hpp>
#include <string>

/// `redan echo`; README's sample.
int echo(const redan::Address& local);

namespace redan::cmd {

enum ExitCode : int { kOk = 0, kFailure = 1, kUsage = 2, kAuthentication = 3, kNetwork = 4 };

struct DemoOptions {
  std::string bind;                   ///< an address of this host; empty: all of them
  std::optional<std::uint16_t> port;  ///< of HTTPS; absent: 8443 or the next free one; 0: the system chooses
  std::string dtls_role = "server";
  std::string data_directory;  ///< empty: $XDG_STATE_HOME/redan or ~/.local/state/redan
  bool json = false;
  bool media = true;
  std::vector<std::string> turn{};  ///< URIs of TURN servers that clients may go through
  std::string turn_secret_file;     ///< what those servers share with us
};
int demo(const DemoOptions& options);

struct ConnectOptions {
  std::string url;
  double seconds = 3;  ///< of each throughput run
  bool json = false;
};
int connect(const ConnectOptions& options);

}  // namespace redan::cmd
