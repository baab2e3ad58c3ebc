// Certificates, identities and join tokens.
#include <array>

#include "base/base64.hpp"
#include "cloud/ams/groups.hpp"
#include "cloud/ams/routes/routes.hpp"
#include "cloud/errors.hpp"
#include "net/tls/x509.hpp"

namespace redan::cloud::ams {
namespace {

namespace json = boost::json;
using trust::Scope;

json::object certificate_json(const trust::TrustedCertificate& c) {
  return {{"fingerprint", c.fingerprint},
          {"certificate", to_base64(c.certificate_der)},
          {"name", c.name},
          {"type", c.kind == trust::TrustKind::client ? "client" : "ca"},
          {"role", name(c.role)},
          {"added_at", c.added.seconds_since_1970}};
}

json::object identity_json(const trust::TrustedCertificate& c) {
  json::array scopes, groups;
  for (const trust::Scope scope : c.scopes) scopes.emplace_back(name(scope));
  for (const std::string& group : c.groups) groups.emplace_back(group);
  const bool has_role = c.role != trust::Role::instance;  // that of an identity without permissions
  if (groups.empty() && c.scopes.empty() && has_role) groups.emplace_back(name(c.role));
  return {{"id", c.fingerprint},
          {"name", c.name},
          {"fingerprint", c.fingerprint},
          {"certificate", to_base64(c.certificate_der)},
          {"authentication_method", "tls"},
          {"groups", std::move(groups)},
          {"role", name(c.role)},
          {"created_at", c.added.seconds_since_1970},
          {"updated_at", c.added.seconds_since_1970},
          {"scopes", std::move(scopes)},
          {"email", ""}};
}

constexpr std::array<std::string_view, 2> kIdentityFilters{"id", "auth_type"};

template <class ToJson>
Reply list_trust(Ams& ams, const Call& call, std::string_view path, std::string_view id, ToJson to_json) {
  json::array all;
  for (const auto& [fingerprint, certificate] : ams.verifier().all()) all.emplace_back(to_json(certificate));
  return list_reply(call, std::move(all), path, id, kIdentityFilters);
}

template <class ToJson>
net::Task<Reply> show_trust(Ams& ams, Call call, std::string_view what, ToJson to_json) {
  const auto& all = ams.verifier().all();
  const auto found = all.find(call.parameters[0]);
  if (found == all.end()) co_return api::refuse(api::not_found(what));
  co_return sync_reply(to_json(found->second));
}

net::Task<Reply> list_certificates(Ams& ams, Call call) {
  co_return list_trust(ams, call, "/1.0/certificates", "fingerprint", certificate_json);
}
net::Task<Reply> show_certificate(Ams& ams, Call call) {
  return show_trust(ams, std::move(call), "certificate", certificate_json);
}
net::Task<Reply> list_identities(Ams& ams, Call call) {
  const auto with_auth_type = [](const trust::TrustedCertificate& certificate) {
    json::object identity = identity_json(certificate);
    identity["auth_type"] = "tls";
    return identity;
  };
  co_return list_trust(ams, call, "/1.0/auth/identities", "id", with_auth_type);
}
net::Task<Reply> show_identity(Ams& ams, Call call) {
  return show_trust(ams, std::move(call), "identity", identity_json);
}

Outcome<trust::Role> parse_grantable_role(std::string_view name) {
  const auto role = trust::parse_role(name);
  if (role && *role != trust::Role::instance) return *role;
  return api::refuse(api::bad_request("\"role\" is admin, operator, viewer or agent"));
}

/// A request to trust a certificate.
struct TrustRequest {
  trust::TrustedCertificate certificate;
  std::string token, password;
};

Outcome<std::vector<std::uint8_t>> parse_der(const std::string& text, const Call& call) {
  if (!text.empty()) {
    auto der = net::parse_certificate(text);
    if (der) return std::move(*der);
    return api::refuse(api::bad_request("\"certificate\" is neither PEM nor the base64 of a DER certificate"));
  }
  if (call.connection.certificate) return call.connection.certificate->der;
  return api::refuse(api::bad_request("name a \"certificate\", or show one"));
}

// The certificate in the body, or the one that the sender presented: base64 of DER, or PEM.
Outcome<TrustRequest> parse_trust_request(const json::object& body, const Call& call) {
  TrustRequest request;
  std::string text, label, kind, role, method = "tls";
  std::vector<std::string> scopes;
  REDAN_CHECK(api::Members(body)
                  .text("certificate", text, 16 * 1024)
                  .text("name", label)
                  .text("type", kind)
                  .text("role", role)
                  .texts("scopes", scopes)
                  .text("trust_token", request.token, 8192)
                  .text("trust-password", request.password)
                  .text("authentication_method", method)
                  .known({"email"})
                  .end(call.caller ? call.unknown : api::UnknownMembers{call.unknown.refused, {}}));
  if (method != "tls") return api::refuse(api::not_implemented("identities of OpenID Connect"));
  REDAN_CHECK(api::Members(body).unimplemented({"email"}).end({}));
  trust::TrustedCertificate& certificate = request.certificate;
  REDAN_TRY(certificate.certificate_der, parse_der(text, call));
  certificate.fingerprint = net::certificate_fingerprint(certificate.certificate_der);
  // "tls/alice", as users of amc write it.
  std::string plain = label.starts_with("tls/") ? label.substr(4) : label;
  certificate.name = plain.empty() ? certificate.fingerprint.substr(0, 12) : std::move(plain);
  if (!kind.empty() && kind != "client" && kind != "ca") {
    return api::refuse(api::bad_request("\"type\" is client or ca"));
  }
  certificate.kind = kind == "ca" ? trust::TrustKind::authority : trust::TrustKind::client;
  // A trusted certificate is an administrator's; an identity may do nothing until it is in a group.
  const bool is_identity = call.http.path.starts_with("/1.0/auth/identities");
  if (role.empty() && is_identity) {
    certificate.role = trust::Role::instance;
  } else {
    REDAN_TRY(certificate.role, parse_grantable_role(role.empty() ? "admin" : role));
  }
  for (const std::string& scope : scopes) {
    const auto parsed = trust::parse_scope(scope);
    if (!parsed) return api::refuse(api::bad_request("no scope named " + scope));
    certificate.scopes.push_back(*parsed);
  }
  return request;
}

// A trusted administrator may add any certificate; an untrusted caller may add its own with a join token or the trust
// password.
net::Task<Reply> add_certificate(Ams& ams, Call call) {
  REDAN_CO_TRY(auto body, call.body());
  REDAN_CO_TRY(auto request, parse_trust_request(body, call));
  trust::TrustedCertificate& certificate = request.certificate;
  Outcome<api::Operation> done = api::refuse(api::refusal_of(errc::trust_unknown));
  if (!request.token.empty()) {
    done = co_await ams.join(std::move(request.token), std::move(certificate));
  } else if (call.caller && call.caller->may(trust::Scope::trust_write)) {
    REDAN_CO_CHECK(check_grant(*call.caller, certificate.role, certificate.scopes));
    done = co_await ams.add_certificate(std::move(certificate));
  } else if (call.caller) {
    done = api::refuse(api::refusal_of(errc::trust_role));
  } else if (ams.is_trust_password(request.password)) {
    certificate.kind = trust::TrustKind::client;
    done = co_await ams.add_certificate(std::move(certificate));
  }
  if (!done) co_return api::refuse(done.error());
  co_return async_reply(*done);
}

net::Task<Reply> assign_groups(Ams& ams, Call call) {
  REDAN_CO_TRY(auto body, call.body());
  std::vector<std::string> groups;
  REDAN_CO_CHECK(api::Members(body).texts("groups", groups).end(call.unknown));
  std::string which = call.parameters[0];
  trust::Caller caller = *call.caller;
  REDAN_CO_TRY(auto done, co_await ams.groups().assign(std::move(which), std::move(groups), std::move(caller)));
  co_return async_reply(done);
}

net::Task<Reply> remove_certificate(Ams& ams, Call call) {
  REDAN_CO_CHECK(parse_force(call));
  REDAN_CO_TRY(auto done, co_await ams.remove_certificate(call.parameters[0]));
  co_return async_reply(done);
}

net::Task<Reply> new_join_token(Ams& ams, Call call) {
  REDAN_CO_TRY(auto body, call.body());
  std::string label, role = "viewer";
  std::int64_t life = 3600;
  REDAN_CO_CHECK(
      api::Members(body).text("name", label).text("role", role).integer("expires_in", life).end(call.unknown));
  REDAN_CO_TRY(const auto known, parse_grantable_role(role));
  REDAN_CO_CHECK(check_grant(*call.caller, known, {}));
  REDAN_CO_TRY(auto token, co_await ams.new_join_token(label, known, std::chrono::seconds(life)));
  json::object metadata;
  metadata["token"] = token;
  co_return sync_reply(std::move(metadata));
}

constexpr std::array kRoutes{
    Route{"GET", "/1.0/certificates", Scope::trust_read, "certificates", list_certificates},
    Route{"POST", "/1.0/certificates", Joining{}, "certificates", add_certificate},
    Route{"GET", "/1.0/certificates/{fingerprint}", Scope::trust_read, "certificate", show_certificate},
    Route{"DELETE", "/1.0/certificates/{fingerprint}", Scope::trust_write, "certificate", remove_certificate},
    Route{"GET", "/1.0/auth/identities", Scope::trust_read, "identities", list_identities},
    Route{"POST", "/1.0/auth/identities", Scope::trust_write, "identities", add_certificate},
    Route{"GET", "/1.0/auth/identities/{id}", Scope::trust_read, "identity", show_identity},
    Route{"GET", "/1.0/auth/identites/{id}", Scope::trust_read, "identity", show_identity},
    Route{"PUT", "/1.0/auth/identities/{id}", Scope::trust_write, "identity", assign_groups},
    Route{"DELETE", "/1.0/auth/identities/{id}", Scope::trust_write, "identity", remove_certificate},
    Route{"POST", "/1.0/auth/tokens", Scope::trust_write, "tokens", new_join_token},
};

}  // namespace

std::span<const Route> trust_routes() { return kRoutes; }

}  // namespace redan::cloud::ams
