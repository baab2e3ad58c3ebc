// `redan amc`: the client of AMS, for administrators and scripts.
#include <unistd.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <cstdio>
#include <iostream>

#include "base/base64.hpp"
#include "base/utf8.hpp"
#include "cloud/trust/join_token.hpp"
#include "cmd/amc/remotes.hpp"
#include "cmd/amc/session.hpp"
#include "cmd/amc/table.hpp"
#include "cmd/program.hpp"
#include "cmd/secret_file.hpp"
#include "net/loop.hpp"
#include "net/tls/x509.hpp"
#include "net/websocket/client.hpp"

namespace redan::cmd {
namespace {

namespace fs = std::filesystem;
namespace json = boost::json;

constexpr std::uint16_t kPort = 8444;
constexpr const char* kLocalSocket = "/var/lib/redan-ams/ams.socket";
constexpr const char* kFooter = R"(
Which AMS: --socket, else --remote, else the default remote, else the one on
this machine. Secrets are read from standard input or files, never from the
command line.

Examples:
  redan amc remote add prod https://192.0.2.1:8444
  redan amc remote add prod --token < token.txt
  redan amc application create web
  redan amc instance launch web --name web-1
  redan amc instance list --json
  redan amc token create alice --role operator > token.txt
  redan amc watch

Exit codes: 0 done, 1 failed, 2 wrong usage, 3 refused or not trusted,
4 network or store)";

struct Options {
  std::string remote, socket, directory;
  bool json = false;

  std::string name, what, url, fingerprint, role, file, password_file, node, key, kinds;
  std::int64_t expires_in = 3600, grant_life = 300;
  bool token = false, yes = false, no_start = false, no_wait = false, view = false;
};

/// One line of standard input.
std::string read_line(const char* prompt) {
  if (::isatty(STDIN_FILENO) != 0) std::fprintf(stderr, "%s", prompt);
  std::string line;
  std::getline(std::cin, line);
  while (line.ends_with('\r') || line.ends_with(' ')) line.pop_back();
  return line;
}

std::string with_colons(const std::string& hex) {
  std::string text;
  for (std::size_t i = 0; i < hex.size(); ++i) {
    if (i != 0 && i % 2 == 0) text += ':';
    text += hex[i];
  }
  return text;
}

/// Everything a command needs.
class Amc {
 public:
  explicit Amc(const Options& options)
      : options_(options),
        remotes_(options.directory.empty() ? default_amc_directory() : fs::path(options.directory)) {}

  // Remotes.

  void add_remote() {
    if (remotes_.find(options_.name) != nullptr) throw std::runtime_error("there is a remote named " + options_.name);
    if (options_.token) return join();
    if (options_.url.empty()) throw AmcFailure(kUsage, "name the URL, or give --token");
    const HostAndPort server = parse_https_url(options_.url, kPort);
    const std::string fingerprint = confirmed(server);
    const net::TlsIdentity identity = remotes_.identity();
    AmcSession session(pinned(server, fingerprint, identity), options_.name);
    json::value service = session.ask("GET", "/1.0");
    if (service.at("auth") != "trusted" && !options_.password_file.empty()) {
      const SecretText password = read_secret_file(options_.password_file);
      session.ask_and_wait("POST", "/1.0/certificates",
                           json::object{{"name", own_name()}, {"trust-password", password.line()}});
      service = session.ask("GET", "/1.0");
    }
    remotes_.add(options_.name, {url_of(server), fingerprint});
    const bool trusted = service.at("auth") == "trusted";
    print(json::object{{"remote", options_.name},
                       {"url", url_of(server)},
                       {"fingerprint", fingerprint},
                       {"trusted", trusted},
                       {"our_fingerprint", net::pin_text(identity.fingerprint.digest)}});
    if (!trusted) {
      std::fprintf(stderr,
                   "It does not trust this client yet. A client that it trusts can run\n"
                   "  redan amc trust add FILE --name %s\nwith this certificate (`redan amc certificate`).\n",
                   own_name().c_str());
    }
  }

  void list_remotes() const {
    json::array rows;
    for (const auto& [name, remote] : remotes_.all()) {
      rows.emplace_back(json::object{{"name", name},
                                     {"url", remote.url},
                                     {"default", name == remotes_.default_name()},
                                     {"fingerprint", remote.fingerprint}});
    }
    print(rows, {{"NAME", "name"}, {"URL", "url"}, {"DEFAULT", "default"}, {"SHA-256", "fingerprint"}});
  }
  void remove_remote() { remotes_.remove(options_.name); }
  void set_default_remote() { remotes_.set_default(options_.name); }

  void show_certificate() const {
    const net::TlsIdentity identity = remotes_.identity();
    const std::string text = to_base64(identity.certificate_der);
    std::string pem = "-----BEGIN CERTIFICATE-----\n";
    for (std::size_t at = 0; at < text.size(); at += 64) pem += text.substr(at, 64) + "\n";
    pem += "-----END CERTIFICATE-----\n";
    if (options_.json) {
      print(json::object{{"certificate", pem}, {"fingerprint", net::pin_text(identity.fingerprint.digest)}});
    } else {
      std::fputs(pem.c_str(), stdout);
    }
  }

  // Trust.

  void list_trust() { list("/1.0/certificates", {{"FINGERPRINT", "fingerprint"}, {"NAME", "name"}, {"ROLE", "role"}}); }
  void list_identities() { list("/1.0/auth/identities", {{"ID", "id"}, {"NAME", "name"}, {"ROLE", "groups"}}); }
  void add_trust() { add_certificate("/1.0/certificates"); }
  void create_identity() { add_certificate("/1.0/auth/identities"); }
  void remove_trust() { done(session().ask_and_wait("DELETE", path("/1.0/certificates/", options_.what))); }
  void show_trust() { print(session().ask("GET", path("/1.0/certificates/", options_.what))); }

  void create_token() {
    json::object body{{"name", options_.name}, {"expires_in", options_.expires_in}};
    if (!options_.role.empty()) body["role"] = options_.role;
    const json::value made = session().ask("POST", "/1.0/auth/tokens", body);
    if (options_.json) return print(made);
    std::printf("%s\n", made.at("token").as_string().c_str());
  }
  void inspect_token() const {
    const auto token = cloud::trust::parse_join_token(read_line("Token: "));
    if (!token) throw AmcFailure(kFailure, std::string(text(token.error())));
    json::array addresses;
    for (const std::string& address : token->addresses) addresses.emplace_back(address);
    print(json::object{{"name", token->name},
                       {"addresses", std::move(addresses)},
                       {"fingerprint", token->fingerprint},
                       {"expires_at", token->expires_at.seconds_since_1970}});
  }

  // Applications.

  void list_applications() {
    list("/1.0/applications", {{"ID", "id"}, {"NAME", "name"}, {"STATUS", "status"}, {"CREATED", "created_at"}});
  }
  void create_application() {
    json::value manifest = json::object();
    if (!options_.file.empty()) manifest = json::parse(read_file(options_.file));
    if (!manifest.is_object()) throw std::runtime_error(options_.file + " is not a JSON object");
    manifest.get_object()["name"] = options_.name;
    print(session().ask("POST", "/1.0/applications", manifest));
  }
  void show_application() { print(session().ask("GET", path("/1.0/applications/", options_.what))); }
  void remove_application() { done(session().ask("DELETE", path("/1.0/applications/", options_.what))); }

  // Instances.

  void list_instances() {
    list("/1.0/instances",
         {{"ID", "id"}, {"NAME", "name"}, {"APPLICATION", "app_name"}, {"STATUS", "status"}, {"NODE", "node"}});
  }
  void launch_instance() {
    json::object body{{"app_id", options_.what}, {"no_start", options_.no_start}};
    if (!options_.name.empty()) body["name"] = options_.name;
    if (!options_.node.empty()) body["node"] = options_.node;
    AmcSession to = session();
    const json::value operation =
        options_.no_wait ? to.ask("POST", "/1.0/instances", body) : to.ask_and_wait("POST", "/1.0/instances", body);
    const std::string instance(operation.at("resources").at("instances").at(0).as_string());
    print(to.ask("GET", instance));
  }
  void show_instance() { print(session().ask("GET", path("/1.0/instances/", options_.what))); }
  void start_instance() { change_instance("running"); }
  void stop_instance() { change_instance("stopped"); }
  void remove_instance() { act("DELETE", path("/1.0/instances/", options_.what), nullptr); }
  void instance_log() {
    std::fputs(session().ask_text(path("/1.0/instances/", options_.what) + "/log").c_str(), stdout);
  }

  // The service.

  void show_service() { print(session().ask("GET", "/1.0")); }
  void show_seal() {
    const json::value seal = session().ask("GET", "/1.0/seal");
    if (options_.json) return print(seal);
    std::printf("%s\n", seal.at("authority").as_string().c_str());
  }
  void new_grant() {
    const json::object body{{"session", options_.what},
                            {"key", options_.key},
                            {"rights", options_.view ? "view" : "control"},
                            {"expires_in", options_.grant_life}};
    const json::value made = session().ask("POST", "/1.0/grants", body);
    if (options_.json) return print(made);
    std::printf("%s\n", made.at("grant").as_string().c_str());
  }
  void list_operations() {
    list("/1.0/operations",
         {{"ID", "id"}, {"WHAT", "description"}, {"STATUS", "status"}, {"UPDATED", "updated_at"}, {"ERROR", "err"}});
  }
  void list_nodes() { list("/1.0/nodes", {{"NAME", "name"}, {"ADDRESS", "address"}, {"STATUS", "status"}}); }
  void show_config() { print(session().ask("GET", "/1.0/config").at("config")); }
  void set_config() {
    const std::string value = read_line("Value: ");
    json::object change;
    change[options_.key] = value;
    done(session().ask("PATCH", "/1.0/config", json::object{{"config", std::move(change)}}));
  }

  int watch();

 private:
  static std::string path(std::string_view prefix, const std::string& what) {
    return std::string(prefix) + net::percent_encode(what);
  }
  static std::string url_of(const HostAndPort& server) { return "https://" + server.text(); }
  static net::Remote pinned(const HostAndPort& server, const std::string& fingerprint,
                            const net::TlsIdentity& identity) {
    const auto pin = net::parse_pin(fingerprint);
    if (!pin) throw std::runtime_error("a fingerprint is 64 hexadecimal digits");
    return net::TlsRemote{server.host, server.port, net::PinnedSha256{*pin}, &identity};
  }
  static std::string own_name() {
    std::array<char, 64> host{};
    (void)::gethostname(host.data(), host.size() - 1);
    return "amc-" + std::string(host.data()).substr(0, 40);
  }

  std::string confirmed(const HostAndPort& server) const {
    if (!options_.fingerprint.empty()) {
      const auto pin = net::parse_pin(options_.fingerprint);
      if (!pin) throw AmcFailure(kUsage, "--fingerprint is 64 hexadecimal digits");
      return net::pin_text(*pin);
    }
    std::string shown = shown_by(server);
    std::fprintf(stderr, "%s shows a certificate with this SHA-256 fingerprint:\n  %s\n", url_of(server).c_str(),
                 with_colons(shown).c_str());
    if (options_.yes) return shown;
    const std::string answer = read_line("Is it what the server printed at its start? [y/N] ");
    if (answer != "y" && answer != "yes") throw AmcFailure(kAuthentication, "not confirmed; nothing was changed");
    return shown;
  }

  void join() {
    const std::string text = read_line("Token: ");
    const auto token = cloud::trust::parse_join_token(text);
    if (!token) throw AmcFailure(kFailure, "this is not a join token; copy it whole");
    const net::TlsIdentity identity = remotes_.identity();
    std::string last = "it names no address";
    for (const std::string& address : token->addresses) {
      const HostAndPort server = parse_https_url(address, kPort);
      try {
        AmcSession session(pinned(server, token->fingerprint, identity), address);
        session.ask_and_wait("POST", "/1.0/certificates", json::object{{"trust_token", text}});
        remotes_.add(options_.name, {url_of(server), token->fingerprint});
        return print(json::object{{"remote", options_.name},
                                  {"url", url_of(server)},
                                  {"fingerprint", token->fingerprint},
                                  {"trusted", true},
                                  {"our_fingerprint", net::pin_text(identity.fingerprint.digest)}});
      } catch (const AmcFailure& failure) {
        if (failure.code() != kNetwork) throw;
        last = failure.what();
      }
    }
    throw AmcFailure(kNetwork, "none of the token's addresses answers: " + last);
  }

  void add_certificate(const char* route) {
    const auto der = net::parse_certificate(read_file(options_.file));
    if (!der) throw std::runtime_error(options_.file + " is no certificate in PEM or base64");
    json::object body{{"certificate", to_base64(*der)}, {"name", options_.name}};
    body["role"] = options_.role.empty() ? "viewer" : options_.role;
    const json::value operation = session().ask_and_wait("POST", route, body);
    done(json::object{{"fingerprint", net::certificate_fingerprint(*der)}, {"operation", operation.at("id")}});
  }

  void change_instance(const char* status) {
    act("PATCH", path("/1.0/instances/", options_.what), json::object{{"desired_status", status}});
  }
  void act(const char* method, const std::string& where, const json::value& body) {
    AmcSession to = session();
    done(options_.no_wait ? to.ask(method, where, body) : to.ask_and_wait(method, where, body));
  }

  struct Target {
    net::Remote remote;
    std::string name;
  };
  Target target() {
    if (!options_.socket.empty()) return {net::UnixRemote{options_.socket}, options_.socket};
    const std::string& name = options_.remote.empty() ? remotes_.default_name() : options_.remote;
    if (name.empty() && ::access(kLocalSocket, R_OK | W_OK) == 0) return {net::UnixRemote{kLocalSocket}, kLocalSocket};
    if (name.empty()) {
      throw AmcFailure(kUsage, "no AMS is known yet; redan amc remote add NAME https://...");
    }
    const AmcRemote* remote = remotes_.find(name);
    if (remote == nullptr) throw AmcFailure(kUsage, "no remote named " + name + "; see redan amc remote list");
    identity_ = remotes_.identity();
    return {pinned(parse_https_url(remote->url, kPort), remote->fingerprint, identity_), name};
  }
  AmcSession session() {
    Target to = target();
    return {std::move(to.remote), to.name};
  }

  void list(const std::string& route, const std::vector<Column>& columns) { print(session().list(route), columns); }
  void print(const json::array& elements, const std::vector<Column>& columns) const {
    const std::string text = options_.json ? json::serialize(elements) + "\n" : format_table(elements, columns);
    std::fputs(text.c_str(), stdout);
  }
  void print(const json::value& object) const {
    const std::string text = options_.json ? json::serialize(object) + "\n" : format_object(object);
    std::fputs(text.c_str(), stdout);
  }
  /// Users want to see only whether the operation failed.
  void done(const json::value& answer) const {
    if (options_.json) print(answer);
  }

  const Options& options_;
  AmcRemotes remotes_;
  net::TlsIdentity identity_;
};

// Prints events until the connection or the user ends it.
int Amc::watch() {
  Target to = target();
  std::shared_ptr<net::WebSocket> socket;
  bool told_to_end = false;
  net::Loop loop([&] {
    told_to_end = true;
    if (socket) socket->close();
  });
  int code = kOk;
  const std::string target = "/1.0/events" + (options_.kinds.empty() ? "" : "?type=" + options_.kinds);
  net::WebSocketClientConfig config{.server = std::move(to.remote), .target = target};
  config.limits.first_message_timeout = std::chrono::seconds(0);
  using Opened = tl::expected<std::shared_ptr<net::WebSocket>, net::HttpFailure>;
  boost::asio::co_spawn(loop.io(), net::open_websocket(std::move(config)),
                        [&](const std::exception_ptr& error, Opened opened) {
                          if (error) std::rethrow_exception(error);
                          if (!opened) {
                            const AmcFailure failure = failure_of(opened.error(), to.name);
                            std::fprintf(stderr, "redan amc: %s\n", failure.what());
                            code = opened.error().status == 403 ? kAuthentication : failure.code();
                            return loop.stop();
                          }
                          socket = *opened;
                          socket->on_message = [](std::string_view text) {
                            std::printf("%.*s\n", static_cast<int>(text.size()), text.data());
                            std::fflush(stdout);
                          };
                          socket->on_close = [&] {
                            if (!told_to_end) {
                              std::fprintf(stderr, "redan amc: the server closed the connection\n");
                              code = kNetwork;
                            }
                            loop.stop();
                          };
                        });
  loop.run();
  // The socket ends before its loop.
  if (socket) socket->on_close = nullptr;
  socket.reset();
  return code;
}

/// Adds commands and their functions.
class Grammar {
 public:
  Grammar(CLI::App& amc, Run& run) : amc_(&amc), run_(&run), options_(std::make_shared<Options>()) {
    amc.add_option("--remote", options_->remote, "The AMS to talk to, as `remote add` named it");
    amc.add_option("--socket", options_->socket, "The Unix socket of an AMS on this machine");
    amc.add_option("--dir", options_->directory, "Where key and remotes are kept (default: ~/.config/redan-amc)");
    amc.add_flag("--json", options_->json, "JSON for scripts instead of tables for people");
    amc.require_subcommand(1);
    amc.footer(kFooter);
  }

  void build() {
    CLI::App* remote = group("remote", "The AMS servers this client knows");
    CLI::App* add =
        command(remote, "add", "Know a server by its certificate, or join it with a token", &Amc::add_remote);
    named(add);
    add->add_option("url", options_->url, "https://address:port");
    add->add_flag("--token", options_->token, "Join with the token on standard input; no question is asked");
    add->add_option("--fingerprint", options_->fingerprint, "Its SHA-256, if you have it already");
    add->add_flag("--yes", options_->yes, "Take the fingerprint that it shows. Only on a trusted network");
    add->add_option("--password-file", options_->password_file, "Holds the server's trust password");
    command(remote, "list", "Those known", &Amc::list_remotes);
    named(command(remote, "remove", "Forget one", &Amc::remove_remote));
    named(command(remote, "default", "Talk to this one from now on", &Amc::set_default_remote));
    command(amc_, "certificate", "Print this client's certificate", &Amc::show_certificate);

    CLI::App* trust = group("trust", "The certificates that AMS trusts");
    command(trust, "list", "All of them", &Amc::list_trust);
    certificate(command(trust, "add", "Trust a client's certificate", &Amc::add_trust));
    which(command(trust, "show", "One of them", &Amc::show_trust), "Its whole fingerprint");
    which(command(trust, "remove", "Trust one no longer; its connections are cut", &Amc::remove_trust), kWhom);
    CLI::App* identity = group("identity", "Who may do what");
    command(identity, "list", "All of them", &Amc::list_identities);
    certificate(command(identity, "create", "From a certificate, with a role", &Amc::create_identity));
    which(command(identity, "remove", "End it; its connections are cut", &Amc::remove_trust), kWhom);
    CLI::App* token = group("token", "One-time tokens for joining");
    CLI::App* create = command(token, "create", "Let the bearer join once", &Amc::create_token);
    named(create);
    role(create);
    create->add_option("--expires", options_->expires_in, "Seconds that it lives")->capture_default_str();
    command(token, "inspect", "Show the content of the token on standard input", &Amc::inspect_token);

    CLI::App* application = group("application", "What instances can run");
    command(application, "list", "All of them", &Amc::list_applications);
    CLI::App* add_app = command(application, "create", "Add one", &Amc::create_application);
    named(add_app);
    add_app->add_option("--manifest", options_->file, "A JSON file: image, resources {cpus, memory}, ...");
    which(command(application, "show", "One of them", &Amc::show_application), kNameOrId);
    which(command(application, "delete", "Remove one that nothing runs", &Amc::remove_application), kNameOrId);

    CLI::App* instance = group("instance", "What runs");
    command(instance, "list", "All of them", &Amc::list_instances);
    CLI::App* launch = command(instance, "launch", "Start a new one", &Amc::launch_instance);
    which(launch, "The application's name or id");
    launch->add_option("--name", options_->name, "Its name");
    launch->add_option("--node", options_->node, "Where it runs");
    launch->add_flag("--no-start", options_->no_start, "Only record it");
    timeout(launch);
    which(command(instance, "show", "One of them", &Amc::show_instance), kNameOrId);
    timeout(which(command(instance, "start", "Start a stopped one", &Amc::start_instance), kNameOrId));
    timeout(which(command(instance, "stop", "Stop one", &Amc::stop_instance), kNameOrId));
    timeout(which(command(instance, "delete", "Stop and remove one", &Amc::remove_instance), kNameOrId));
    which(command(instance, "logs", "What it has printed", &Amc::instance_log), kNameOrId);

    command(amc_, "info", "The server, and what it takes us for", &Amc::show_service);
    command(amc_, "seal", "Print AMS's sealing key, which clients and runtimes hold", &Amc::show_seal);
    CLI::App* grant =
        command(amc_, "grant", "Grant a session to a client's key, for a sealed channel", &Amc::new_grant);
    which(grant, "The session's id");
    grant->add_option("key", options_->key, "The client's Ed25519 public key in base64")->required();
    grant->add_flag("--view", options_->view, "It may look on, and not control");
    grant->add_option("--expires", options_->grant_life, "Seconds that it lives, at most 300")->capture_default_str();
    command(group("operation", "What is being done"), "list", "Those of the last ten minutes", &Amc::list_operations);
    command(group("node", "Where instances run"), "list", "All of them", &Amc::list_nodes);
    CLI::App* config = group("config", "Settings of AMS");
    command(config, "show", "All that are set; secrets show as true", &Amc::show_config);
    command(config, "set", "Change one; the value is read from standard input, empty to unset", &Amc::set_config)
        ->add_option("key", options_->key, "core.trust_password, ...")
        ->required();
    CLI::App* watch = amc_->add_subcommand("watch", "Print events, one JSON object a line, until Ctrl-C");
    watch->add_option("--type", options_->kinds, "operation, lifecycle, or both with a comma between");
    watch->fallthrough();
    watch->callback([run = run_, options = options_] { *run = guarded([options] { return Amc(*options).watch(); }); });
  }

 private:
  static constexpr const char* kWhom = "Its name, or its fingerprint or 12 digits of it";
  static constexpr const char* kNameOrId = "Its name or id";

  static Run guarded(Run inner) {
    return [inner = std::move(inner)] {
      try {
        return inner();
      } catch (const AmcFailure& failure) {
        std::fprintf(stderr, "redan amc: %s\n", escape_controls(failure.what()).c_str());
        return failure.code();
      }
    };
  }

  template <class Method>
  CLI::App* command(CLI::App* parent, const char* name, const char* description, Method method) {
    CLI::App* made = parent->add_subcommand(name, description);
    made->fallthrough();
    made->callback([run = run_, options = options_, method] {
      *run = guarded([options, method] {
        Amc amc(*options);
        (amc.*method)();
        return static_cast<int>(kOk);
      });
    });
    return made;
  }
  CLI::App* group(const char* name, const char* description) {
    CLI::App* made = amc_->add_subcommand(name, description);
    made->fallthrough();
    made->require_subcommand(1);
    return made;
  }
  void named(CLI::App* to) { to->add_option("name", options_->name, "A name")->required(); }
  CLI::App* which(CLI::App* to, const char* description) {
    to->add_option("which", options_->what, description)->required();
    return to;
  }
  void role(CLI::App* to) {
    to->add_option("--role", options_->role, "admin, operator, viewer (the default) or agent");
  }
  void certificate(CLI::App* to) {
    to->add_option("certificate", options_->file, "A file with the certificate, PEM")->required();
    to->add_option("--name", options_->name, "Whose it is")->required();
    role(to);
  }
  void timeout(CLI::App* to) { to->add_flag("--no-wait", options_->no_wait, "Do not wait until it is done"); }

  CLI::App* amc_;
  Run* run_;
  std::shared_ptr<Options> options_;
};

}  // namespace

void add_amc(CLI::App& app, Run& run) {
  Grammar(*app.add_subcommand("amc", "Talk to an AMS: trust, applications, instances"), run).build();
}

}  // namespace redan::cmd
