// auth identity: clients, and the groups that they are in.
#include <algorithm>

#include "base/base64.hpp"
#include "cmd/amc/certificate.hpp"
#include "cmd/amc/grammar.hpp"
#include "net/tls/x509.hpp"

namespace redan::cmd {
namespace {

namespace json = boost::json;

constexpr const char* kPath = "/1.0/auth/identities/";
constexpr const char* kId = "Its id";

using Words = std::vector<std::string>;

AmcList list() {
  const auto identifier = [](const json::object& identity) {
    const std::string email = text_of(identity, "email");
    return email.empty() ? text_of(identity, "fingerprint") : email;
  };
  return {.path = "/1.0/auth/identities",
          .columns = {{"ID", "id"},
                      {"AUTHENTICATION TYPE", "authentication_method"},
                      {"NAME", "name"},
                      {"IDENTIFIER", identifier},
                      {"GROUPS", "groups"}},
          .filters = {{"id", "id"}, {"auth_type", "authentication_method"}}};
}

json::value get(Amc& amc) { return amc.session().ask("GET", path_of(kPath, amc.options().which)); }
void show(Amc& amc) { amc.print(get(amc)); }

// "tls/NAME" with a certificate. What else there may be, AMS refuses.
void create(Amc& amc) {
  const AmcOptions& options = amc.options();
  const std::size_t slash = options.name.find('/');
  if (slash == std::string::npos) throw AmcFailure(kUsage, "name it tls/NAME");
  const std::string method = options.name.substr(0, slash), name = options.name.substr(slash + 1);
  json::object body{{"authentication_method", method}};
  std::string id = name;
  body[method == "tls" ? "name" : "email"] = name;
  if (method == "tls") {
    if (options.file.empty()) throw AmcFailure(kUsage, "name a file with the certificate, or - for standard input");
    const auto der = load_certificate(options.file);
    body["certificate"] = to_base64(der);
    id = net::certificate_fingerprint(der);
  }
  const json::value operation = amc.act("POST", "/1.0/auth/identities", body);
  amc.print_line(id, operation);
}

void remove(Amc& amc) {
  amc.confirm();
  amc.print_end(amc.act("DELETE", path_of(kPath, amc.options().which), json::object{{"force", amc.options().force}}));
}

void change_groups(Amc& amc, const Words& named, bool adds) {
  Words changed;
  for (const std::string& words : named) {
    for (const std::string& word : split(words)) changed.push_back(word);
  }
  Words groups = adds ? changed : Words();
  for (const std::string& group : split(text_of(get(amc).as_object(), "groups"))) {
    if (std::find(changed.begin(), changed.end(), group) == changed.end()) groups.push_back(group);
  }
  amc.print_end(amc.act("PUT", path_of(kPath, amc.options().which), json::object{{"groups", to_array(groups)}}));
}

}  // namespace

void add_identities(Grammar& grammar, CLI::App* auth) {
  CLI::App* parent = grammar.group(auth, "identity", "Clients that AMS knows");
  grammar.list(parent, "All of them", list());
  grammar.format(grammar.which(grammar.command(parent, "show", "One of them", show), kId));
  CLI::App* made = grammar.name(grammar.command(parent, "create", "Add one, and print its id", create), "tls/NAME");
  made->add_option("certificate", grammar.options().file, "A file with its certificate, PEM; - for standard input");
  made = grammar.which(grammar.command(parent, "delete", "End one; its connections are cut", remove), kId);
  grammar.timeout(grammar.no_wait(grammar.yes(grammar.force(made, "Accepted; nothing prevents it"))));
  CLI::App* group = grammar.group(parent, "group", "The groups that it is in");
  for (const bool adds : {true, false}) {
    const auto named = std::make_shared<Words>();
    made = grammar.command(group, adds ? "add" : "delete", adds ? "Add it to groups" : "Take it out of groups",
                           [named, adds](Amc& amc) { change_groups(amc, *named, adds); });
    grammar.which(made, kId);
    made->add_option("--groups", *named, "Names, with commas between")->allow_extra_args(false)->required();
  }
}

}  // namespace redan::cmd
