// The configuration of AMS, and the certificates that it trusts as Anbox Cloud's client shows them.
#include <cstdio>

#include "base/base64.hpp"
#include "cmd/amc/certificate.hpp"
#include "cmd/amc/grammar.hpp"

namespace redan::cmd {
namespace {

namespace json = boost::json;

void show(Amc& amc) {
  const json::value config = amc.session().ask("GET", "/1.0/config").at("config");
  amc.print(config, json::object{{"config", config}});
}

// Arguments can be read by the other users of this machine, so a value may come from standard input.
void set(Amc& amc) {
  const std::string value = amc.options().value ? *amc.options().value : read_line("Value: ").value_or("");
  const json::object change{{"name", amc.options().key}, {"value", value}};
  amc.print_end(amc.act("PATCH", "/1.0/config", change));
}

Cell in_certificate(std::string CertificateView::*member) {
  return [member](const json::object& certificate) {
    const auto view = view_certificate(text_of(certificate, "certificate"));
    return view ? (*view).*member : std::string();
  };
}

AmcList trusted() {
  return {
      .path = "/1.0/certificates",
      .columns = {{"FINGERPRINT",
                   [](const json::object& certificate) { return text_of(certificate, "fingerprint").substr(0, 12); }},
                  {"COMMON NAME", in_certificate(&CertificateView::common_name)},
                  {"ISSUE DATE", in_certificate(&CertificateView::issued)},
                  {"EXPIRY DATE", in_certificate(&CertificateView::expires)}},
      .yaml = true};
}

void trust(Amc& amc) {
  const auto der = load_certificate(amc.options().file);
  amc.print_end(amc.act("POST", "/1.0/certificates", json::object{{"certificate", to_base64(der)}}));
}

void distrust(Amc& amc) { amc.print_end(amc.act("DELETE", path_of("/1.0/certificates/", amc.options().which))); }

}  // namespace

void add_config(Grammar& grammar) {
  CLI::App* group = grammar.group(grammar.root(), "config", "Settings of AMS");
  grammar.command(group, "show", "All of them; secrets show as true", show);
  CLI::App* made = grammar.command(group, "set", "Change one; an empty value unsets it", set);
  grammar.key(made, "core.trust_password, ...");
  made->add_option("value", grammar.options().value,
                   "Its new value; none: read from standard input, as is due to a secret");
  CLI::App* certificates = grammar.group(group, "trust", "The certificates that AMS trusts");
  grammar.list(certificates, "All of them", trusted());
  grammar.file(grammar.command(certificates, "add", "Trust a client's certificate", trust),
               "A file, PEM; - for standard input");
  grammar.which(grammar.command(certificates, "remove", "Trust one no longer; its connections are cut", distrust),
                "Its name, or its fingerprint or 12 digits of it");
}

}  // namespace redan::cmd
