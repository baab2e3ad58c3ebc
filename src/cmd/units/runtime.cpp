// `redan runtime`: the program inside an instance. It reports to AMS that it runs, connects to its session's agent, and
// streams to clients.
#include "cloud/runtime/runtime.hpp"
#include "cmd/arguments.hpp"
#include "cmd/program.hpp"
#include "cmd/secret_file.hpp"
#include "net/loop.hpp"
#include "net/socket_address.hpp"

namespace redan::cmd {
namespace {

constexpr const char* kFooter = R"(
The user data is what AMS gives an instance: a JSON file with AMS's URL and
fingerprint, this instance's certificate, key and token, and the session's
agents. It must not be readable by others.

Examples:
  redan runtime --user-data /var/lib/redan/user-data.json
  redan runtime --user-data user-data.json --source clip.ivf
  redan runtime --user-data user-data.json --source rtp:5004

Exit codes: 0 terminated by request, 1 failed, 2 wrong usage, 3 AMS or agent refused it)";

struct Options {
  std::string user_data;
  std::string bind;
  std::string source;
  std::string channels;
  std::string agent_authority;
  bool allow_small_keys = false;
};

void make_private_directory(const std::filesystem::path& directory) {
  if (std::filesystem::exists(directory)) return;
  std::filesystem::create_directories(directory);
  std::filesystem::permissions(directory, std::filesystem::perms::owner_all);
}

std::vector<Address> addresses_of(const std::string& bind) {
  if (bind.empty()) {
    std::vector<Address> all = net::host_addresses();
    // A host without a network still has loopback.
    if (all.empty()) all.push_back(*Address::parse("127.0.0.1", 0));
    return all;
  }
  const auto address = Address::parse(bind, 0);
  if (!address) throw std::runtime_error("--bind " + bind + " is not an IP address of this host");
  return {*address};
}

int run(const Options& options) {
  const std::string authority = options.agent_authority.empty() ? "" : read_file(options.agent_authority);
  cloud::runtime::UserData data =
      cloud::runtime::parse_user_data(read_secret_file(options.user_data).text(), authority);
  if (data.session) {
    for (cloud::runtime::AgentAddress& agent : data.session->agents) agent.allow_small_keys = options.allow_small_keys;
  }
  const auto provider = default_provider();
  cloud::runtime::RuntimeConfig config;
  config.streamer.addresses = addresses_of(options.bind);
  config.streamer.source = options.source;
  const std::filesystem::path beside = std::filesystem::path(options.user_data).parent_path() / "sockets";
  config.streamer.channel_directory = options.channels.empty() ? beside : std::filesystem::path(options.channels);
  make_private_directory(config.streamer.channel_directory);
  config.streamer.log = config.log = log_line;
  std::unique_ptr<cloud::runtime::Runtime> runtime;
  net::Loop loop([&] {
    log_line("terminated by request");
    runtime->stop();
  });
  runtime = std::make_unique<cloud::runtime::Runtime>(loop.io(), std::move(data), std::move(config), *provider);
  int code = kOk;
  runtime->on_end = [&](Errc why) {
    if (why != Errc::closed_locally) code = kAuthentication;
    loop.stop();
  };
  runtime->start();
  loop.run();
  runtime.reset();
  return code;
}

}  // namespace

void add_runtime(CLI::App& app, Run& run_it) {
  CLI::App* command = app.add_subcommand("runtime", "Run inside an instance: stream to the clients of its session");
  auto options = std::make_shared<Options>();
  command->add_option("--user-data", options->user_data, "The file that AMS wrote for this instance")->required();
  command->add_option("--bind", options->bind, "Address to stream from (default: every address of this host)");
  command->add_option(
      "--source", options->source,
      "What is streamed: an .ivf file (VP8), an .ogg file (Opus), or rtp:PORT (default: a test picture)");
  command->add_option(
      "--channels", options->channels,
      "Directory of Unix sockets for the clients' data channels (default: sockets, beside the user data)");
  command->add_option("--agent-ca", options->agent_authority,
                      "Authorities for agents that the user data gives no fingerprint of, PEM");
  command->add_flag("--allow-small-keys", options->allow_small_keys,
                    "Keys of agents and their authorities below RSA-4096");
  command->footer(kFooter);
  command->callback([&run_it, options] { run_it = [options] { return run(*options); }; });
}

}  // namespace redan::cmd
