// The subcommands. Each returns the exit code of the program.
#pragma once

#include <optional>
#include <redan/types.hpp>
#include <string>
#include <vector>

/// `redan echo`; README's sample.
int echo(const redan::Address& local);

namespace redan::cmd {

enum ExitCode : int { kOk = 0, kFailure = 1, kUsage = 2, kAuthentication = 3, kNetwork = 4 };

struct DemoOptions {
  std::string bind;                   ///< an address of this host; empty: all of them
  std::optional<std::uint16_t> port;  ///< of HTTPS; absent: 8443 or the next free port; 0: the system chooses
  std::string dtls_role = "server";
  std::string data_directory;  ///< empty: $XDG_STATE_HOME/redan or ~/.local/state/redan
  bool json = false;
  bool media = true;
  std::vector<std::string> turn{};  ///< URIs of TURN servers for the clients
  std::string turn_secret_file;     ///< the secret shared with those servers
  std::string attack = "none";      ///< the gateway's attack on sessions; "list" prints all attacks
};
int demo(const DemoOptions& options);

/// ICE servers on the command line: see cmd/ice/ice_servers.hpp.
struct IceServerOptions {
  std::vector<std::string> urls{};
  std::string username{}, password_file{};
  std::string ca_file{}, fingerprint{};  ///< which servers over TLS are trusted
  std::string policy = "all";            ///< or "relay"
};

struct ConnectOptions {
  std::string url;     ///< of a demo
  double seconds = 3;  ///< of each throughput run, or of a session
  bool json = false;
  IceServerOptions ice{};

  // A session of a gateway instead of a demo.
  std::string gateway;            ///< its URL
  std::string fingerprint;        ///< of its certificate; empty: the system's authorities are trusted
  bool allow_small_keys = false;  ///< accept keys of the gateway and its authorities below RSA-4096
  std::string token_file;         ///< of an account
  std::string app;                ///< for a new session
  std::string join;               ///< an existing one
  bool video = false, keep = false;
  std::int64_t packets = 0;  ///< leave after this many RTP packets; it is a failure if they do not arrive in `seconds`
  std::optional<std::string> seal;  ///< the amc remote that grants sealed sessions; "": the default remote
};
int connect(const ConnectOptions& options);
int connect_session(const ConnectOptions& options);

}  // namespace redan::cmd
