// info, seal, grant and operation: AMS itself.
#include "cmd/amc/grammar.hpp"

namespace redan::cmd {
namespace {

namespace json = boost::json;

struct Grant {
  bool view = false;
  std::int64_t life = 300;
};

// Some clients may not see the configuration.
void show_info(Amc& amc) {
  const json::value service = amc.session().ask("GET", "/1.0");
  json::object shown = service.as_object();
  try {
    if (shown.at("auth") == "trusted") shown["config"] = amc.session().ask("GET", "/1.0/config").at("config");
  } catch (const AmcFailure& failure) {
    if (failure.code() != kAuthentication) throw;
  }
  shown["service_version"] = member_of(amc.session().ask("GET", "/1.0/version").as_object(), "version");
  amc.print(service, shown);
}

void show_seal(Amc& amc) {
  const json::value seal = amc.session().ask("GET", "/1.0/seal");
  amc.print_line(std::string(seal.at("authority").as_string()), seal);
}

void new_grant(Amc& amc, const Grant& grant) {
  const json::object body{{"session", amc.options().which},
                          {"key", amc.options().key},
                          {"rights", grant.view ? "view" : "control"},
                          {"expires_in", grant.life}};
  const json::value made = amc.session().ask("POST", "/1.0/grants", body);
  amc.print_line(std::string(made.at("grant").as_string()), made);
}

}  // namespace

void add_service(Grammar& grammar) {
  grammar.format(grammar.command(grammar.root(), "info", "The server, and what it takes us for", show_info));
  grammar.command(grammar.root(), "seal", "Print AMS's sealing key, which clients and runtimes hold", show_seal);
  const auto grant = std::make_shared<Grant>();
  CLI::App* made = grammar.command(grammar.root(), "grant", "Grant a session to a client's key, for a sealed channel",
                                   [grant](Amc& amc) { new_grant(amc, *grant); });
  grammar.key(grammar.which(made, "The session's id"), "The client's Ed25519 public key in base64");
  made->add_flag("--view", grant->view, "It may look on, and not control");
  made->add_option("--expires", grant->life, "Seconds that it lives, at most 300")->capture_default_str();
  grammar.list(
      grammar.group(grammar.root(), "operation", "What is being done"), "Those of the last ten minutes",
      {"/1.0/operations",
       {{"ID", "id"}, {"WHAT", "description"}, {"STATUS", "status"}, {"UPDATED", "updated_at"}, {"ERROR", "err"}}});
}

}  // namespace redan::cmd
