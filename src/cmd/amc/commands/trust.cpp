// trust, identity and token: certificates with roles, and one-time tokens for joining.
#include "base/base64.hpp"
#include "cloud/trust/join_token.hpp"
#include "cmd/amc/certificate.hpp"
#include "cmd/amc/grammar.hpp"
#include "net/tls/x509.hpp"

namespace redan::cmd {
namespace {

namespace json = boost::json;

constexpr const char* kPath = "/1.0/certificates/";
constexpr const char* kWhich = "Its name, or its fingerprint or 12 digits of it";

struct Trust {
  std::string role;
  std::int64_t expires_in = 3600;
};

void add(Amc& amc, const char* path, const Trust& trust) {
  const auto der = load_certificate(amc.options().file);
  const json::object body{{"certificate", to_base64(der)},
                          {"name", amc.options().name},
                          {"role", trust.role.empty() ? "viewer" : trust.role}};
  const json::value operation = amc.session().ask_and_wait("POST", path, body);
  amc.print_end(json::object{{"fingerprint", net::certificate_fingerprint(der)}, {"operation", operation.at("id")}});
}

void show(Amc& amc) { amc.print(amc.session().ask("GET", path_of(kPath, amc.options().which))); }
void remove(Amc& amc) { amc.print_end(amc.act("DELETE", path_of(kPath, amc.options().which))); }

void create_token(Amc& amc, const Trust& trust) {
  json::object body{{"name", amc.options().name}, {"expires_in", trust.expires_in}};
  if (!trust.role.empty()) body["role"] = trust.role;
  const json::value made = amc.session().ask("POST", "/1.0/auth/tokens", body);
  amc.print_line(std::string(made.at("token").as_string()), made);
}

void inspect_token(Amc& amc) {
  const auto token = cloud::trust::parse_join_token(read_line("Token: ").value_or(""));
  if (!token) throw AmcFailure(kFailure, std::string(text(token.error())));
  amc.print(json::object{{"name", token->name},
                         {"addresses", to_array(token->addresses)},
                         {"fingerprint", token->fingerprint},
                         {"expires_at", token->expires_at.seconds_since_1970}});
}

}  // namespace

void add_trust(Grammar& grammar) {
  const auto trust = std::make_shared<Trust>();
  const auto role = [trust](CLI::App* to) {
    to->add_option("--role", trust->role, "admin, operator, viewer (the default) or agent");
  };
  const auto add_command = [&](CLI::App* group, const char* name, const char* description, const char* path) {
    CLI::App* made = grammar.command(group, name, description, [trust, path](Amc& amc) { add(amc, path, *trust); });
    grammar.file(made, "A file with the certificate, PEM; - for standard input");
    made->add_option("--name", grammar.options().name, "Whose it is")->required();
    role(made);
  };
  CLI::App* group = grammar.group(grammar.root(), "trust", "The certificates that AMS trusts");
  grammar.list(group, "All of them",
               {"/1.0/certificates", {{"FINGERPRINT", "fingerprint"}, {"NAME", "name"}, {"ROLE", "role"}}});
  add_command(group, "add", "Trust a client's certificate", "/1.0/certificates");
  grammar.format(grammar.which(grammar.command(group, "show", "One of them", show), kWhich));
  grammar.which(grammar.command(group, "remove", "Trust one no longer; its connections are cut", remove), kWhich);

  group = grammar.group(grammar.root(), "identity", "Certificates with roles; see also `auth identity`");
  grammar.list(group, "All of them", {"/1.0/auth/identities", {{"ID", "id"}, {"NAME", "name"}, {"ROLE", "groups"}}});
  add_command(group, "create", "From a certificate, with a role", "/1.0/auth/identities");
  grammar.which(grammar.command(group, "remove", "End it; its connections are cut", remove), kWhich);

  group = grammar.group(grammar.root(), "token", "One-time tokens for joining");
  CLI::App* made =
      grammar.command(group, "create", "Let the bearer join once", [trust](Amc& amc) { create_token(amc, *trust); });
  role(grammar.name(made, "Whose it is"));
  made->add_option("--expires", trust->expires_in, "Seconds that it lives")->capture_default_str();
  grammar.command(group, "inspect", "Show the content of the token on standard input", inspect_token);
}

}  // namespace redan::cmd
