// remote and certificate: the AMS servers that this client knows, and its own certificate.
#include <unistd.h>

#include <array>
#include <cstdio>

#include "base/base64.hpp"
#include "cloud/trust/join_token.hpp"
#include "cmd/amc/grammar.hpp"
#include "cmd/secret_file.hpp"

namespace redan::cmd {
namespace {

namespace json = boost::json;

struct NewRemote {
  std::string url, fingerprint, password, password_file, method = "tls";
  bool token = false, yes = false;
};

std::string url_of(const HostAndPort& server) { return "https://" + server.text(); }
std::string own_name() {
  std::array<char, 64> host{};
  (void)::gethostname(host.data(), host.size() - 1);
  return "amc-" + std::string(host.data()).substr(0, 40);
}

std::string with_colons(const std::string& hex) {
  std::string text;
  for (std::size_t i = 0; i < hex.size(); ++i) {
    if (i != 0 && i % 2 == 0) text += ':';
    text += hex[i];
  }
  return text;
}

std::string confirmed_fingerprint(const HostAndPort& server, const NewRemote& remote) {
  if (!remote.fingerprint.empty()) {
    const auto pin = net::parse_pin(remote.fingerprint);
    if (!pin) throw AmcFailure(kUsage, "--fingerprint is 64 hexadecimal digits");
    return net::pin_text(*pin);
  }
  std::string shown = shown_by(server);
  std::fprintf(stderr, "%s shows a certificate with this SHA-256 fingerprint:\n  %s\n", url_of(server).c_str(),
               with_colons(shown).c_str());
  if (remote.yes) return shown;
  const std::string answer = read_line("Is it what the server printed at its start? [y/N] ").value_or("");
  if (answer != "y" && answer != "yes") throw AmcFailure(kAuthentication, "not confirmed; nothing was changed");
  return shown;
}

void print_added(Amc& amc, const AmcRemote& remote, const net::TlsIdentity& identity, bool trusted) {
  amc.print(json::object{{"remote", amc.options().name},
                         {"url", remote.url},
                         {"fingerprint", remote.fingerprint},
                         {"trusted", trusted},
                         {"our_fingerprint", net::pin_text(identity.fingerprint.digest)}});
}

void join(Amc& amc) {
  const std::string text = read_line("Token: ").value_or("");
  const auto token = cloud::trust::parse_join_token(text);
  if (!token) throw AmcFailure(kFailure, "this is not a join token; copy it whole");
  const net::TlsIdentity identity = amc.remotes().identity();
  std::string last = "it names no address";
  for (const std::string& address : token->addresses) {
    const HostAndPort server = parse_ams_url(address);
    try {
      AmcSession session(pinned_remote(server, token->fingerprint, identity), address);
      session.ask_and_wait("POST", "/1.0/certificates", json::object{{"trust_token", text}});
      const AmcRemote remote{url_of(server), token->fingerprint};
      amc.remotes().add(amc.options().name, remote);
      return print_added(amc, remote, identity, true);
    } catch (const AmcFailure& failure) {
      if (failure.code() != kNetwork) throw;
      last = failure.what();
    }
  }
  throw AmcFailure(kNetwork, "none of the token's addresses answers: " + last);
}

void send_password(AmcSession& session, const NewRemote& remote) {
  const std::string password =
      remote.password.empty() ? std::string(read_secret_file(remote.password_file).line()) : remote.password;
  session.ask_and_wait("POST", "/1.0/certificates", json::object{{"name", own_name()}, {"trust-password", password}});
}

bool is_trusted(AmcSession& session) { return session.ask("GET", "/1.0").at("auth") == "trusted"; }

void add_https(Amc& amc, const NewRemote& wanted) {
  const HostAndPort server = parse_ams_url(wanted.url);
  const AmcRemote remote{url_of(server), confirmed_fingerprint(server, wanted)};
  const net::TlsIdentity identity = amc.remotes().identity();
  AmcSession session(pinned_remote(server, remote.fingerprint, identity), amc.options().name);
  bool trusted = is_trusted(session);
  if (!trusted && (!wanted.password.empty() || !wanted.password_file.empty())) {
    send_password(session, wanted);
    trusted = is_trusted(session);
  }
  amc.remotes().add(amc.options().name, remote);
  print_added(amc, remote, identity, trusted);
  if (trusted) return;
  std::fprintf(stderr,
               "It does not trust this client yet. A client that it trusts can run\n"
               "  redan amc trust add FILE --name %s\nwith this certificate (`redan amc certificate`).\n",
               own_name().c_str());
}

void add(Amc& amc, const NewRemote& wanted) {
  const std::string& name = amc.options().name;
  if (amc.remotes().find(name) != nullptr) throw std::runtime_error("there is a remote named " + name);
  if (wanted.method != "tls") throw AmcFailure(kFailure, "not implemented: sign-in by OpenID Connect");
  if (wanted.token) return join(amc);
  if (wanted.url.empty()) throw AmcFailure(kUsage, "name the URL, or give --token");
  if (!wanted.url.starts_with("unix://")) return add_https(amc, wanted);
  amc.remotes().add(name, {wanted.url, ""});
}

void list(Amc& amc) {
  json::array rows;
  for (const auto& [name, remote] : amc.remotes().all()) {
    rows.emplace_back(json::object{{"name", name},
                                   {"url", remote.url},
                                   {"default", name == amc.remotes().default_name()},
                                   {"fingerprint", remote.fingerprint}});
  }
  amc.print_list(std::move(rows), {{"NAME", "name"}, {"URL", "url"}, {"DEFAULT", "default"}});
}

void remove(Amc& amc) { amc.remotes().remove(amc.options().name); }
void set_default(Amc& amc) { amc.remotes().set_default(amc.options().name); }

// The certificate stays pinned: the server has moved, not changed.
void set_url(Amc& amc) {
  const std::string& name = amc.options().name;
  const AmcRemote* known = amc.remotes().find(name);
  if (known == nullptr) throw std::runtime_error("no remote named " + name);
  const std::string& url = *amc.options().value;
  if (known->fingerprint.empty() || url.starts_with("unix://")) {
    throw AmcFailure(kUsage, "remove the remote and add it again: it would be known by another kind of address");
  }
  amc.remotes().add(name, {url_of(parse_ams_url(url)), known->fingerprint});
}

void show_certificate(Amc& amc) {
  const net::TlsIdentity identity = amc.remotes().identity();
  const std::string text = to_base64(identity.certificate_der);
  std::string pem = "-----BEGIN CERTIFICATE-----\n";
  for (std::size_t at = 0; at < text.size(); at += 64) pem += text.substr(at, 64) + "\n";
  pem += "-----END CERTIFICATE-----";
  amc.print_line(
      pem, json::object{{"certificate", pem + "\n"}, {"fingerprint", net::pin_text(identity.fingerprint.digest)}});
}

}  // namespace

void add_remotes(Grammar& grammar) {
  const auto remote = std::make_shared<NewRemote>();
  CLI::App* group = grammar.group(grammar.root(), "remote", "The AMS servers this client knows");
  CLI::App* made = grammar.command(group, "add", "Know a server by its certificate, or join it with a token",
                                   [remote](Amc& amc) { add(amc, *remote); });
  grammar.name(made, "A name for it");
  made->add_option("url", remote->url, "https://address:port or unix:///path");
  made->add_option("trust_password", remote->password,
                   "Its trust password; other users of this machine can read it here");
  made->add_option("--password-file", remote->password_file, "A file with its trust password");
  made->add_flag("--token", remote->token, "Join with the token on standard input; no question is asked");
  made->add_option("--fingerprint", remote->fingerprint, "Its SHA-256, if you have it already");
  made->add_flag("--yes,--accept-certificate", remote->yes,
                 "Take the fingerprint that it shows. Only on a trusted network");
  made->add_option("--auth-type", remote->method, "tls")->check(CLI::IsMember({"tls", "oidc"}));
  made = grammar.command(group, "list", "Those known", list);
  made->alias("ls");
  grammar.format(made, {"table", "json", "csv"});
  grammar.name(grammar.command(group, "remove", "Forget one", remove), "Its name");
  grammar.name(grammar.command(group, "set-default", "Talk to this one from now on", set_default), "Its name")
      ->alias("default");
  made = grammar.name(grammar.command(group, "set-url", "It has another address now", set_url), "Its name");
  grammar.value(made, "https://address:port");
  grammar.command(grammar.root(), "certificate", "Print this client's certificate", show_certificate);
}

}  // namespace redan::cmd
