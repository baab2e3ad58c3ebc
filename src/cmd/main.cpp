// The program: reads the command line and runs one subcommand.
#include <sys/resource.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <redan/version.hpp>
#include <sstream>

#include "cmd/config/config_file.hpp"
#include "cmd/ice/ice_servers.hpp"
#include "cmd/manual.hpp"
#include "cmd/program.hpp"
#include "cmd/reason.hpp"
#include "cmd/usage.hpp"
#include "cmd/version.hpp"
#include "net/socket_address.hpp"

namespace {

constexpr const char* kFooter = R"(
Examples:
  redan demo                            a page to try Redan with
  redan connect 'https://...#token=...' join the demo from the terminal
  redan echo < offer.sdp > answer.sdp   the README's sample
  redan ams                             instances, applications and trust
  redan amc instance list               what runs on an AMS
  redan gateway                         sessions for clients, over HTTPS
  redan router --config router.json     a WAMP router
  redan wamp call com.example.add 1 2   its clients
  redan doctor --gateway URL ...        what is wrong, and what to do
  redan config example                  a configuration file for the units
  redan --version                       the version and what was built in

Exit codes: 0 done, 1 failed, 2 wrong usage, 3 not authenticated, 4 network)";

constexpr const char* kDemoFooter = R"(
Examples:
  redan demo
  redan demo --bind 192.0.2.1 --port 9443
  redan demo --json --no-media
  redan demo --attack swap-fingerprint
  redan demo --turn turn:192.0.2.9:3478 --turn-secret-file turn.secret

With ?relay in its address the page goes through a TURN server only.)";

constexpr const char* kConnectFooter = R"(
Examples (the URL is what `redan demo` prints, in quotes because of the #):
  redan connect 'https://192.0.2.1:8443/#token=...&sha256=...'
  redan connect --seconds 10 'https://...'
  redan connect --json 'https://...'
  redan connect --gateway https://192.0.2.1:4000 --fingerprint 3a5c... \
                --token-file token.txt --app demo --video
  redan connect --gateway https://gw.example.org:4000 --token-file token.txt \
                --join dc0qt26mr7be8tnuig9g --seconds 60
  redan connect --gateway https://gw.example.org:4000 --token-file token.txt \
                --app demo --seal       # granted by the AMS that amc knows
  redan connect --ice-server turns:turn.example.org --ice-user alice \
                --ice-password-file turn.password --ice-policy relay 'https://...'

Exit codes: 0 done, 1 failed, 2 wrong usage, 3 not let in, 4 network)";

constexpr const char* kEchoFooter = R"(
Examples:
  redan echo < offer.sdp > answer.sdp
  redan echo --bind 192.0.2.1 < offer.sdp
  redan echo --bind 192.0.2.1 --port 5000 < offer.sdp)";

/// Limits the help to 80 columns.
class NarrowFormatter : public CLI::Formatter {
 public:
  std::string make_option_desc(const CLI::Option* option) const override {
    return wrap(CLI::Formatter::make_option_desc(option));
  }
  std::string make_subcommand(const CLI::App* command) const override {
    std::stringstream out;
    CLI::detail::format_help(out, command->get_display_name(true), wrap(command->get_description()), column_width_);
    return out.str();
  }

 private:
  [[nodiscard]] std::string wrap(std::string text) const {
    const std::size_t width = 80 - column_width_;
    std::size_t begin = 0;
    while (text.size() - begin > width) {
      const std::size_t space = text.rfind(' ', begin + width);
      if (space == std::string::npos || space <= begin) break;
      text[space] = '\n';
      begin = space + 1;
    }
    return text;
  }
};

void add_version(CLI::App& app) {
  const CLI::Option* json = app.add_flag("--json")->description("With --version: as one JSON object");
  app.add_flag_callback(
      "--version", [json] { throw CLI::CallForVersion(redan::cmd::version_text(json->count() > 0), 0); },
      "Print the version and what was built in");
}

// The default limit is often 1,024 open files although far more are permitted; a unit with a few hundred sessions needs
// them.
void raise_file_limit() {
  rlimit files{};
  if (::getrlimit(RLIMIT_NOFILE, &files) != 0) return;
  files.rlim_cur = files.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &files);
}

}  // namespace

int main(int argc, char** argv) {
  using namespace redan::cmd;
  raise_file_limit();
  CLI::App app{"Redan: WebRTC peers with a security stack of their own", "redan"};
  app.formatter(std::make_shared<NarrowFormatter>());
  app.require_subcommand(1);
  add_version(app);

  DemoOptions demo_options;
  CLI::App* demo_command = app.add_subcommand("demo", "Serve a page that connects to a Redan peer");
  demo_command->add_option("--bind", demo_options.bind, "Address to serve on (default: every address of this host)");
  demo_command->add_option("--port", demo_options.port, "HTTPS port (default: 8443, or the next free one)");
  demo_command->add_option("--dtls-role", demo_options.dtls_role, "Our DTLS role where the browser leaves it to us")
      ->check(CLI::IsMember({"server", "client"}))
      ->capture_default_str();
  demo_command->add_option("--data-dir", demo_options.data_directory,
                           "Where the TLS key is kept (default: ~/.local/state/redan)");
  demo_command->add_option("--turn", demo_options.turn, "A TURN server for clients: turn:HOST:PORT (repeatable)");
  demo_command->add_option("--turn-secret-file", demo_options.turn_secret_file, "The secret shared with them");
  demo_command->add_option("--attack", demo_options.attack,
                           "Make the gateway attack the sessions that it carries ('list' shows how)");
  demo_command->add_flag("--json", demo_options.json, "One JSON object per line instead of text");
  bool no_media = false;
  demo_command->add_flag("--no-media", no_media, "Decline audio and video");
  demo_command->footer(kDemoFooter);

  ConnectOptions connect_options;
  CLI::App* connect_command = app.add_subcommand("connect", "Join a demo or a gateway's session from the terminal");
  connect_command->add_option("url", connect_options.url, "The URL that the demo printed");
  connect_command->add_option("--gateway", connect_options.gateway, "A stream gateway's URL, instead of a demo's");
  connect_command->add_option("--fingerprint", connect_options.fingerprint,
                              "SHA-256 of its certificate (default: the system's authorities)");
  connect_command->add_flag("--allow-small-keys", connect_options.allow_small_keys,
                            "Keys of the gateway and its authorities below RSA-4096");
  connect_command->add_option("--token-file", connect_options.token_file, "The token of an account there");
  connect_command->add_option("--app", connect_options.app, "Make a session of this application, and end it");
  connect_command->add_option("--join", connect_options.join, "Join this session");
  connect_command
      ->add_option("--seal", connect_options.seal,
                   "Seal the signalling; REMOTE is amc's name of the AMS that grants it (default: amc's)")
      ->expected(0, 1)
      ->type_name("REMOTE");
  connect_command->add_flag("--video", connect_options.video, "Receive its pictures");
  connect_command
      ->add_option("--packets", connect_options.packets,
                   "Leave once so many RTP packets came; exit code 4 if they do not within --seconds")
      ->check(CLI::Range(std::int64_t{1}, std::int64_t{1'000'000'000}));
  connect_command->add_flag("--keep", connect_options.keep, "Leave the session to others");
  connect_command->add_option("--seconds", connect_options.seconds, "Length of each throughput run, or of the stay")
      ->check(CLI::Range(0.1, 3600.0))
      ->capture_default_str();
  connect_command->add_flag("--json", connect_options.json, "One JSON object at the end instead of text");
  redan::cmd::add_ice_server_options(*connect_command, connect_options.ice);
  redan::cmd::add_ice_policy_option(*connect_command, connect_options.ice);
  connect_command->footer(kConnectFooter);

  std::string echo_bind = "127.0.0.1";
  std::uint16_t echo_port = 0;
  CLI::App* echo_command =
      app.add_subcommand("echo", "Answer the offer on standard input and echo data-channel messages");
  echo_command->add_option("--bind", echo_bind, "Address of this host to use")->capture_default_str();
  echo_command->add_option("--port", echo_port, "UDP port (default: any)");
  echo_command->footer(kEchoFooter);

  Run run;
  add_adb(app, run);
  add_agent(app, run);
  add_ams(app, run);
  add_amc(app, run);
  add_config(app, run);
  add_doctor(app, run);
  add_gateway(app, run);
  add_ice_check(app, run);
  add_router(app, run);
  add_runtime(app, run);
  add_turn(app, run);
  add_wamp(app, run);
  app.add_subcommand("manual", "Print the manual page")->group("")->callback([&app, &run] {
    run = [&app] { return std::fputs(manual(app, REDAN_VERSION).c_str(), stdout) < 0 ? kFailure : kOk; };
  });
  app.footer(kFooter);  // last: a new command inherits its parent's

  try {
    std::vector<std::string> arguments = with_config_file(app, {argv + 1, argv + argc});
    std::ranges::reverse(arguments);  // as CLI11 expects them
    app.parse(std::move(arguments));
  } catch (const CLI::ParseError& error) {
    if (const std::string text = explain_command(app, error); !text.empty()) {
      std::fprintf(stderr, "%s\n", text.c_str());
      return kUsage;
    }
    return app.exit(error) == 0 ? kOk : kUsage;
  } catch (const std::runtime_error& error) {
    std::fprintf(stderr, "redan: %s\n", error.what());
    return kUsage;
  }
  try {
    if (run) return run();
    demo_options.media = !no_media;
    if (demo_command->parsed()) return demo(demo_options);
    if (connect_command->parsed()) {
      if (connect_options.url.empty() == connect_options.gateway.empty()) {
        std::fprintf(stderr, "redan connect: give the URL of a demo, or --gateway\n");
        return kUsage;
      }
      return connect_options.gateway.empty() ? connect(connect_options) : connect_session(connect_options);
    }
    const auto local = redan::Address::parse(echo_bind, echo_port);
    if (!local) {
      std::fprintf(stderr, "redan echo: --bind %s is not an IP address\n", echo_bind.c_str());
      return kUsage;
    }
    if (redan::net::is_wildcard(*local)) {
      std::fprintf(stderr, "redan echo: --bind %s: no peer can reach it; name one address of this host\n",
                   echo_bind.c_str());
      return kUsage;
    }
    return echo(*local);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "redan: %s\n", redan::cmd::reason_of(error).c_str());
    return kFailure;
  }
}
