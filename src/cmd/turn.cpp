// `redan turn`: time-limited credentials for a TURN server that shares a secret with us, and the addresses that it must
// not relay to.
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <cstdio>

#include "base/hex.hpp"
#include "cloud/token/rfc3339.hpp"
#include "cloud/token/turn_credential.hpp"
#include "cmd/program.hpp"
#include "cmd/secret_file.hpp"
#include "cmd/turn_peers.hpp"
#include "net/clock.hpp"

namespace redan::cmd {
namespace {

namespace json = boost::json;

constexpr const char* kFooter = R"(
The secret is what stands in the server's configuration, and in --secret-file:
64 printable characters in one line, not readable by everyone. With coturn:

  openssl rand -hex 32 > turn.secret && chmod 600 turn.secret
  turnserver.conf:  use-auth-secret
                    static-auth-secret=<the line in turn.secret>
                    realm=example.org
  redan turn coturn-config >> turnserver.conf

A client with credentials can send from the server's address. The last line
keeps it from what is behind the server; coturn-config --help says what is left
to do.

Examples:
  redan turn credential --secret-file turn.secret
  redan turn credential --secret-file turn.secret --user alice --ttl 600
  redan turn credential --secret-file turn.secret --json \
        --uri turn:turn.example.org:3478 --uri turns:turn.example.org:5349

The server looks at the expiry when a client authenticates, also when it comes
back: let --ttl cover a session's reconnects.
Exit codes: 0 done, 1 failed, 2 wrong usage)";

constexpr const char* kConfigFooter = R"(
Every client of a session gets credentials, and sends from the server's
address: to what the server can reach. These lines refuse TCP (RFC 6062) and
every special address of IPv4 and IPv6. Add what they cannot know:

  denied-peer-ip=192.0.2.1-192.0.2.3      each machine of yours: NATS, etcd, AMS
  allowed-peer-ip=10.8.0.16-10.8.0.31     runtimes, if their addresses are denied

coturn takes allowed-peer-ip over denied-peer-ip, for every port: give runtimes
addresses of their own, on which nothing else listens. Try the server with
redan doctor --turn, and --turn-allowed with a runtime's address.

Example:
  redan turn coturn-config >> turnserver.conf
Exit codes: 0 done, 2 wrong usage)";

struct Options {
  std::string secret_file;
  std::string user;
  std::int64_t lifetime = 3600;
  std::vector<std::string> uris;
  bool json = false;
};

/// Two credentials have two users: the server counts quotas by name, and its log distinguishes them.
std::string random_user(Provider& provider) {
  std::array<std::uint8_t, 8> bytes{};
  provider.random(bytes);
  return to_hex(bytes);
}

void print(const Options& options, const cloud::token::TurnCredential& credential, WallTime expires) {
  const std::string until = cloud::token::to_rfc3339(expires);
  if (options.json) {
    json::object object{{"username", credential.username}, {"credential", credential.password}, {"expires", until}};
    if (!options.uris.empty()) object["urls"] = json::array(options.uris.begin(), options.uris.end());
    std::printf("%s\n", json::serialize(object).c_str());
    return;
  }
  for (const std::string& uri : options.uris) std::printf("uri       %s\n", uri.c_str());
  std::printf("username  %s\npassword  %s\nexpires   %s\n", credential.username.c_str(), credential.password.c_str(),
              until.c_str());
}

int credential(const Options& options) {
  const auto provider = default_provider();
  const Secret<64> secret = read_secret_line(options.secret_file);
  auto key = cloud::token::TurnKey::prepare(*provider, secret);
  if (!key) throw std::runtime_error(options.secret_file + " has other than printable characters");
  const WallTime expires{net::wall_time().seconds_since_1970 + options.lifetime};
  const auto minted = key->mint(options.user.empty() ? random_user(*provider) : options.user, expires);
  if (!minted) {
    std::fprintf(stderr, "redan turn: --user is 1 to 128 printable ASCII characters but ':'\n");
    return kUsage;
  }
  print(options, *minted, expires);
  return kOk;
}

/// The settings that the operator has to add.
constexpr const char* kYours = R"(# Yours to add, a line each:
#   denied-peer-ip=<address>        for each machine of yours with NATS, etcd, AMS, and this server
#   allowed-peer-ip=<first>-<last>  for the runtimes, if their addresses are denied above. coturn takes it over what is
#                                   denied, for every port: nothing but runtimes may listen on these addresses.
# Then: redan doctor --turn ... --turn-denied <machine>:<port> --turn-allowed <a runtime's address>
)";

int coturn_config() {
  std::printf("no-tcp-relay\nno-multicast-peers\n");
  for (const DeniedPeers& range : kDeniedPeers) {
    std::printf("# %s\ndenied-peer-ip=%s-%s\n", std::string(range.what).c_str(), std::string(range.first).c_str(),
                std::string(range.last).c_str());
  }
  std::fputs(kYours, stdout);
  return kOk;
}

std::string check_uri(const std::string& uri) {
  return uri.starts_with("turn:") || uri.starts_with("turns:") ? "" : "'" + uri + "' is not a turn: or turns: URI";
}

}  // namespace

void add_turn(CLI::App& app, Run& run) {
  CLI::App* turn = app.add_subcommand("turn", "Credentials and denied peers for a TURN server");
  turn->require_subcommand(1);
  CLI::App* config = turn->add_subcommand("coturn-config", "Print what coturn must not relay to, as lines of its file");
  config->footer(kConfigFooter);
  config->callback([&run] { run = [] { return coturn_config(); }; });
  CLI::App* command = turn->add_subcommand("credential", "Mint a user name and a password that expire");
  auto options = std::make_shared<Options>();
  command->add_option("--secret-file", options->secret_file, "The file with the secret shared with the server")
      ->required();
  command->add_option("--user", options->user, "Who it is for, as the server's log shows it (default: random)");
  command->add_option("--ttl", options->lifetime, "Seconds until it expires")
      ->check(CLI::Range(std::int64_t{1}, std::int64_t{7 * 24 * 3600}))
      ->capture_default_str();
  command->add_option("--uri", options->uris, "A URI of the server, to be printed with it; repeatable")
      ->check(check_uri);
  command->add_flag("--json", options->json, "As the RTCIceServer of a browser: username, credential, urls");
  command->footer(kFooter);
  command->callback([&run, options] { run = [options] { return credential(*options); }; });
}

}  // namespace redan::cmd
