#include "cloud/ams/routes/routes.hpp"

#include <charconv>

#include "base/base64.hpp"
#include "base/hex.hpp"
#include "cloud/errors.hpp"
#include "cloud/token/authorization.hpp"
#include "net/tls/x509.hpp"

namespace redan::cloud::ams {
namespace {

namespace json = boost::json;

constexpr std::size_t kMaxPage = 10'000;
constexpr std::chrono::seconds kMaxWait{300};

template <class T>
std::optional<T> parse_number(std::string_view text) {
  T value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

// Open routes.

net::Task<Reply> root(Ams&, Call) { co_return sync_reply(json::array{"/1.0"}); }

net::Task<Reply> service(Ams& ams, Call call) {
  json::object metadata{{"api_extensions", json::array{"redan_join_tokens", "redan_error_codes"}},
                        {"api_status", "stable"},
                        {"api_version", "1.0"},
                        {"auth", call.caller ? "trusted" : "untrusted"},
                        {"auth_methods", json::array{"2waySSL"}},
                        {"auth_permissions", json::array()},
                        {"cluster_id", ""},
                        {"cluster_name", ""}};
  if (call.caller) {
    metadata["auth_name"] = call.caller->name;
    metadata["auth_permissions"] = json::array{json::string(name(call.caller->role))};
    metadata["server_name"] = ams.settings().unit;
  }
  co_return sync_reply(std::move(metadata));
}

net::Task<Reply> version(Ams&, Call) { co_return sync_reply(json::object{{"version", REDAN_VERSION}}); }

// Trust.

json::object certificate_json(const trust::TrustedCertificate& c) {
  return {{"fingerprint", c.fingerprint},
          {"certificate", to_base64(c.certificate_der)},
          {"name", c.name},
          {"type", c.kind == trust::TrustKind::client ? "client" : "ca"},
          {"role", name(c.role)},
          {"added_at", c.added.seconds_since_1970}};
}

json::object identity_json(const trust::TrustedCertificate& c) {
  json::array scopes;
  for (const trust::Scope scope : c.scopes) scopes.emplace_back(name(scope));
  return {{"id", c.fingerprint},
          {"name", c.name},
          {"fingerprint", c.fingerprint},
          {"certificate", to_base64(c.certificate_der)},
          {"authentication_method", "tls"},
          {"groups", json::array{json::string(name(c.role))}},
          {"scopes", std::move(scopes)},
          {"email", ""}};
}

template <class ToJson>
net::Task<Reply> list_trust(Ams& ams, Call call, std::string_view prefix, ToJson to_json) {
  REDAN_CO_TRY(const auto page, call.page());
  json::array elements;
  std::size_t at = 0;
  for (const auto& [fingerprint, certificate] : ams.verifier().all()) {
    if (at++ < page.offset || elements.size() >= page.limit) continue;
    if (call.recursive()) {
      elements.emplace_back(to_json(certificate));
    } else {
      elements.emplace_back(std::string(prefix) + fingerprint);
    }
  }
  co_return sync_reply(std::move(elements), ams.verifier().all().size());
}

template <class ToJson>
net::Task<Reply> show_trust(Ams& ams, Call call, std::string_view what, ToJson to_json) {
  const auto& all = ams.verifier().all();
  const auto found = all.find(call.parameters[0]);
  if (found == all.end()) co_return api::refuse(api::not_found(what));
  co_return sync_reply(to_json(found->second));
}

net::Task<Reply> list_certificates(Ams& ams, Call call) {
  return list_trust(ams, std::move(call), "/1.0/certificates/", certificate_json);
}
net::Task<Reply> show_certificate(Ams& ams, Call call) {
  return show_trust(ams, std::move(call), "certificate", certificate_json);
}
net::Task<Reply> list_identities(Ams& ams, Call call) {
  return list_trust(ams, std::move(call), "/1.0/auth/identities/", identity_json);
}
net::Task<Reply> show_identity(Ams& ams, Call call) {
  return show_trust(ams, std::move(call), "identity", identity_json);
}

// The certificate in the body, or the one that the sender presented: base64 of DER, or PEM.
Outcome<trust::TrustedCertificate> certificate_of(const json::object& body, const Call& call) {
  trust::TrustedCertificate certificate;
  REDAN_TRY(auto text, api::string_member(body, "certificate", 16 * 1024));
  if (!text.empty()) {
    auto der = net::parse_certificate(text);
    if (!der)
      return api::refuse(api::bad_request("\"certificate\" is neither PEM nor the base64 of a DER certificate"));
    certificate.certificate_der = std::move(*der);
  } else if (call.connection.certificate) {
    certificate.certificate_der = call.connection.certificate->der;
  } else {
    return api::refuse(api::bad_request("name a \"certificate\", or show one"));
  }
  certificate.fingerprint = net::certificate_fingerprint(certificate.certificate_der);
  auto label = api::string_member(body, "name");
  auto kind = api::string_member(body, "type");
  auto role = api::string_member(body, "role");
  auto scopes = api::strings_member(body, "scopes");
  for (const auto* member : {&label, &kind, &role}) {
    if (!*member) return api::refuse(member->error());
  }
  if (!scopes) return api::refuse(scopes.error());
  // "tls/alice", as users of amc write it.
  std::string plain = label->starts_with("tls/") ? label->substr(4) : *label;
  certificate.name = plain.empty() ? certificate.fingerprint.substr(0, 12) : std::move(plain);
  if (!kind->empty() && *kind != "client" && *kind != "ca") {
    return api::refuse(api::bad_request("\"type\" is client or ca"));
  }
  certificate.kind = *kind == "ca" ? trust::TrustKind::authority : trust::TrustKind::client;
  const auto known = trust::parse_role(role->empty() ? "admin" : *role);
  if (!known || *known == trust::Role::instance) {
    return api::refuse(api::bad_request("\"role\" is admin, operator, viewer or agent"));
  }
  certificate.role = *known;
  for (const std::string& scope : *scopes) {
    const auto parsed = trust::parse_scope(scope);
    if (!parsed) return api::refuse(api::bad_request("no scope named " + scope));
    certificate.scopes.push_back(*parsed);
  }
  return certificate;
}

// A trusted administrator may add any certificate; an untrusted caller may add its own with a join token or the trust
// password.
api::Refusal grants_too_much() {
  api::Refusal refusal = api::refusal_of(errc::trust_role);
  refusal.message = "a caller cannot grant more than it holds";
  return refusal;
}

net::Task<Reply> add_certificate(Ams& ams, Call call) {
  REDAN_CO_TRY(auto body, api::parse_body(call.http.body));
  REDAN_CO_TRY(auto certificate, certificate_of(body, call));
  REDAN_CO_TRY(auto token, api::string_member(body, "trust_token", 8192));
  REDAN_CO_TRY(auto password, api::string_member(body, "trust-password"));
  Outcome<api::Operation> done = api::refuse(api::refusal_of(errc::trust_unknown));
  if (!token.empty()) {
    done = co_await ams.join(std::move(token), std::move(certificate));
  } else if (call.caller && call.caller->may(trust::Scope::trust_write)) {
    if (!call.caller->may_grant(certificate.role, certificate.scopes)) co_return api::refuse(grants_too_much());
    done = co_await ams.add_certificate(std::move(certificate));
  } else if (call.caller) {
    done = api::refuse(api::refusal_of(errc::trust_role));
  } else if (ams.is_trust_password(password)) {
    certificate.kind = trust::TrustKind::client;
    done = co_await ams.add_certificate(std::move(certificate));
  }
  if (!done) co_return api::refuse(done.error());
  co_return async_reply(*done);
}

net::Task<Reply> remove_certificate(Ams& ams, Call call) {
  REDAN_CO_TRY(auto done, co_await ams.remove_certificate(call.parameters[0]));
  co_return async_reply(done);
}

net::Task<Reply> new_join_token(Ams& ams, Call call) {
  REDAN_CO_TRY(auto body, api::parse_body(call.http.body));
  auto label = api::string_member(body, "name");
  auto role = api::string_member(body, "role");
  auto life = api::integer_member(body, "expires_in", 3600);
  if (!label) co_return api::refuse(label.error());
  if (!role) co_return api::refuse(role.error());
  if (!life) co_return api::refuse(life.error());
  const auto known = trust::parse_role(role->empty() ? "viewer" : *role);
  if (!known || *known == trust::Role::instance) {
    co_return api::refuse(api::bad_request("\"role\" is admin, operator, viewer or agent"));
  }
  if (!call.caller->may_grant(*known, {})) co_return api::refuse(grants_too_much());
  auto token = co_await ams.new_join_token(*label, *known, std::chrono::seconds(*life));
  if (!token) co_return api::refuse(token.error());
  json::object metadata;
  metadata["token"] = *token;
  co_return sync_reply(std::move(metadata));
}

// Instances.

net::Task<Reply> list_instances(Ams& ams, Call call) {
  REDAN_CO_TRY(const auto page, call.page());
  REDAN_CO_TRY(auto found, co_await ams.instances(page));
  json::array elements;
  for (const api::Instance& instance : found.elements) {
    if (call.recursive()) {
      elements.emplace_back(to_json(instance));
    } else {
      elements.emplace_back("/1.0/instances/" + instance.id);
    }
  }
  co_return sync_reply(std::move(elements), found.total);
}

net::Task<Reply> launch_instance(Ams& ams, Call call) {
  REDAN_CO_TRY(auto body, api::parse_body(call.http.body));
  REDAN_CO_TRY(auto request, InstanceRequest::parse(body));
  REDAN_CO_TRY(auto operation, co_await ams.launch(std::move(request)));
  co_return async_reply(operation);
}

net::Task<Reply> show_instance(Ams& ams, Call call) {
  REDAN_CO_TRY(auto found, co_await ams.instance(call.parameters[0]));
  co_return with_etag(sync_reply(to_json(found.value)), found.revision);
}

net::Task<Reply> change_instance(Ams& ams, Call call) {
  REDAN_CO_TRY(auto body, api::parse_body(call.http.body));
  REDAN_CO_TRY(const auto expected, call.if_match());
  REDAN_CO_TRY(auto wanted, api::string_member(body, "desired_status"));
  REDAN_CO_TRY(auto settings, api::object_member(body, "config"));
  if (settings.contains("security.delete_protected")) {
    REDAN_CO_TRY(auto is_protected, api::bool_member(settings, "security.delete_protected", false));
    REDAN_CO_CHECK(co_await ams.protect(call.parameters[0], is_protected, expected));
    if (wanted.empty()) co_return sync_reply(json::object());
  }
  const auto status = api::parse_instance_status(wanted);
  const bool start = status == api::InstanceStatus::running || status == api::InstanceStatus::started;
  if (!start && status != api::InstanceStatus::stopped) {
    co_return api::refuse(api::bad_request("\"desired_status\" is running or stopped"));
  }
  const api::OperationKind kind = start ? api::OperationKind::start : api::OperationKind::stop;
  REDAN_CO_TRY(auto operation, co_await ams.change(call.parameters[0], kind, expected));
  co_return async_reply(operation);
}

net::Task<Reply> remove_instance(Ams& ams, Call call) {
  REDAN_CO_TRY(const auto expected, call.if_match());
  REDAN_CO_TRY(auto operation, co_await ams.change(call.parameters[0], api::OperationKind::remove, expected));
  co_return async_reply(operation);
}

net::Task<Reply> instance_log(Ams& ams, Call call) {
  REDAN_CO_TRY(auto log, co_await ams.instance_log(call.parameters[0]));
  net::HttpResponse response;
  response.content_type = "text/plain; charset=utf-8";
  response.body = std::move(log);
  co_return response;
}

// Requests of an instance about itself.

net::Task<Reply> report_status(Ams& ams, Call call) {
  REDAN_CO_TRY(auto instance, co_await admit(ams, call, call.parameters[0], "instance:status"));
  REDAN_CO_TRY(auto body, api::parse_body(call.http.body));
  auto status = api::string_member(body, "status");
  auto message = api::string_member(body, "message", 4096);
  if (!status) co_return api::refuse(status.error());
  if (!message) co_return api::refuse(message.error());
  const auto known = api::parse_instance_status(*status);
  if (!known) co_return api::refuse(api::bad_request("\"status\" is running, stopped or error"));
  REDAN_CO_CHECK(co_await ams.report(instance.id, *known, std::move(*message)));
  co_return sync_reply(json::object());
}

// The manifest of the application that the instance runs; others are not accessible.
net::Task<Reply> artifact(Ams& ams, Call call) {
  auto instance = co_await admit(ams, call, {}, "artifacts:read");
  if (!instance) co_return api::refuse(instance.error());
  if (!call.parameters.empty() && call.parameters[0] != instance->app_id) {
    co_return api::refuse(api::not_found("artifact of this instance"));
  }
  if (instance->app_id.empty()) co_return api::refuse(api::not_found("artifact of this instance"));
  REDAN_CO_TRY(auto application, co_await ams.application(instance->app_id));
  const api::ApplicationVersion* version = application.value.version(instance->app_version);
  if (version == nullptr) co_return api::refuse(api::not_found("version"));
  co_return sync_reply(to_json(*version));
}

// Operations, configuration, nodes.

net::Task<Reply> list_operations(Ams& ams, Call call) {
  REDAN_CO_TRY(const auto page, call.page());
  REDAN_CO_TRY(auto found, co_await ams.operations(page));
  json::array elements;
  for (const api::Operation& operation : found.elements) {
    if (call.recursive()) {
      elements.emplace_back(to_json(operation));
    } else {
      elements.emplace_back("/1.0/operations/" + operation.id);
    }
  }
  co_return sync_reply(std::move(elements), found.total);
}

net::Task<Reply> show_operation(Ams& ams, Call call) {
  REDAN_CO_TRY(auto found, co_await ams.operation(call.parameters[0]));
  co_return sync_reply(to_json(found));
}

net::Task<Reply> wait_for_operation(Ams& ams, Call call) {
  std::chrono::seconds timeout = kMaxWait;
  if (const auto text = net::query_value(call.http.query, "timeout")) {
    const auto seconds = parse_number<int>(*text);
    // -1, by which clients mean "forever", is limited to the maximum wait.
    if (!seconds || *seconds < -1) co_return api::refuse(api::bad_request("\"timeout\" is a number of seconds"));
    if (*seconds >= 0) timeout = std::min(kMaxWait, std::chrono::seconds(*seconds));
  }
  REDAN_CO_TRY(auto found, co_await ams.wait_for(call.parameters[0], timeout));
  co_return sync_reply(to_json(found));
}

net::Task<Reply> cancel_operation(Ams& ams, Call call) {
  REDAN_CO_CHECK(co_await ams.operation(call.parameters[0]));
  co_return api::refuse(api::bad_request("this operation cannot be cancelled"));
}

net::Task<Reply> show_config(Ams& ams, Call) { co_return sync_reply(json::object{{"config", ams.config()}}); }

net::Task<Reply> change_config(Ams& ams, Call call) {
  REDAN_CO_TRY(auto body, api::parse_body(call.http.body));
  REDAN_CO_TRY(auto changes, api::object_member(body, "config"));
  // A caller that knows the password can obtain any role.
  if (changes.contains("core.trust_password") && !call.caller->may_grant(trust::Role::admin, {})) {
    co_return api::refuse(grants_too_much());
  }
  REDAN_CO_CHECK(co_await ams.set_config(std::move(changes)));
  co_return sync_reply(json::object());
}

net::Task<Reply> list_nodes(Ams& ams, Call call) {
  auto nodes = co_await ams.nodes();
  if (!nodes) co_return api::refuse(nodes.error());
  const std::size_t total = nodes->size();
  if (!call.recursive()) {
    for (json::value& node : *nodes) node = "/1.0/nodes/" + std::string(node.as_object().at("name").as_string());
  }
  co_return sync_reply(std::move(*nodes), total);
}

net::Task<Reply> events_token(Ams& ams, Call call) {
  auto token = ams.new_events_token(*call.caller);
  if (!token) co_return api::refuse(token.error());
  json::object metadata;
  metadata["token"] = *token;
  co_return sync_reply(std::move(metadata));
}

constexpr std::array<Route, 42> kRoutes{{
    {"GET", "/", Open{}, "root", root},
    {"GET", "/1.0", Open{}, "service", service},
    {"GET", "/1.0/version", Open{}, "version", version},
    {"GET", "/1.0/certificates", trust::Scope::trust_read, "certificates", list_certificates},
    {"POST", "/1.0/certificates", Joining{}, "certificates", add_certificate},
    {"GET", "/1.0/certificates/{fingerprint}", trust::Scope::trust_read, "certificate", show_certificate},
    {"DELETE", "/1.0/certificates/{fingerprint}", trust::Scope::trust_write, "certificate", remove_certificate},
    {"GET", "/1.0/auth/identities", trust::Scope::trust_read, "identities", list_identities},
    {"POST", "/1.0/auth/identities", trust::Scope::trust_write, "identities", add_certificate},
    {"GET", "/1.0/auth/identities/{id}", trust::Scope::trust_read, "identity", show_identity},
    {"DELETE", "/1.0/auth/identities/{id}", trust::Scope::trust_write, "identity", remove_certificate},
    {"POST", "/1.0/auth/tokens", trust::Scope::trust_write, "tokens", new_join_token},
    {"GET", "/1.0/applications", trust::Scope::application_read, "applications", list_applications},
    {"GET", "/internal/1.0/applications", trust::Scope::application_read, "offers", list_offers},
    {"POST", "/1.0/applications", trust::Scope::application_write, "applications", add_application},
    {"GET", "/1.0/applications/{id}", trust::Scope::application_read, "application", show_application},
    {"PATCH", "/1.0/applications/{id}", trust::Scope::application_write, "application", add_application_version},
    {"DELETE", "/1.0/applications/{id}", trust::Scope::application_write, "application", remove_application},
    {"GET", "/1.0/applications/{id}/{version}", trust::Scope::application_read, "version", show_version},
    {"PATCH", "/1.0/applications/{id}/{version}", trust::Scope::application_write, "version", publish_version},
    {"GET", "/1.0/instances", trust::Scope::instance_read, "instances", list_instances},
    {"POST", "/1.0/instances", trust::Scope::instance_write, "instances", launch_instance},
    {"GET", "/1.0/instances/{id}", trust::Scope::instance_read, "instance", show_instance},
    {"PATCH", "/1.0/instances/{id}", trust::Scope::instance_write, "instance", change_instance},
    {"DELETE", "/1.0/instances/{id}", trust::Scope::instance_write, "instance", remove_instance},
    {"GET", "/1.0/instances/{id}/log", trust::Scope::instance_read, "log", instance_log},
    {"PATCH", "/internal/1.0/instances/{id}", Internal{"instance:status"}, "internal_instances", report_status},
    {"PUT", "/internal/1.0/instances/{id}/seal", Internal{"instance:status"}, "internal_seal", certify_runtime},
    {"GET", "/1.0/seal", Open{}, "seal", show_seal},
    {"POST", "/1.0/grants", trust::Scope::grant_write, "grants", new_grant},
    {"GET", "/1.0/artifacts", Internal{"artifacts:read"}, "internal_artifacts", artifact},
    {"GET", "/1.0/artifacts/{id}", Internal{"artifacts:read"}, "internal_artifacts", artifact},
    {"GET", "/1.0/operations", trust::Scope::instance_read, "operations", list_operations},
    {"GET", "/1.0/operations/{id}", trust::Scope::instance_read, "operation", show_operation},
    {"GET", "/1.0/operations/{id}/wait", trust::Scope::instance_read, "wait", wait_for_operation},
    {"DELETE", "/1.0/operations/{id}", trust::Scope::instance_write, "operation", cancel_operation},
    {"GET", "/1.0/config", trust::Scope::config_read, "config", show_config},
    {"PATCH", "/1.0/config", trust::Scope::config_write, "config", change_config},
    {"PUT", "/1.0/config", trust::Scope::config_write, "config", change_config},
    {"GET", "/1.0/nodes", trust::Scope::node_read, "nodes", list_nodes},
    {"POST", "/1.0/events/auth", trust::Scope::events_read, "events_auth", events_token},
    {"POST", "/1.0/auth/events", trust::Scope::events_read, "events_auth", events_token},
}};

}  // namespace

net::Task<Outcome<api::Instance>> admit(Ams& ams, const Call& call, std::string which, std::string_view scope) {
  const auto authorization = net::find_header(call.http.headers, "Authorization");
  if (!authorization) {
    co_return api::refuse({401, "token_missing", "this route asks for a bearer token",
                           "send \"Authorization: bearer <token>\" with the token of the user data", 0});
  }
  co_return co_await ams.admit_instance(std::move(which), *authorization, call.certificate_fingerprint, scope);
}

std::span<const Route> routes() { return kRoutes; }

const Route& status_report_route() {
  for (const Route& route : kRoutes) {
    if (route.handler == report_status) return route;
  }
  return kRoutes[0];
}

bool Call::recursive() const { return net::query_value(http.query, "recursion") == "1"; }

Outcome<PageRequest> Call::page() const {
  PageRequest page;
  for (const auto& [key, member] : {std::pair("limit", &page.limit), std::pair("offset", &page.offset)}) {
    const auto text = net::query_value(http.query, key);
    if (!text) continue;
    const auto number = parse_number<std::size_t>(*text);
    if (!number) return api::refuse(api::bad_request("\"" + std::string(key) + "\" is not a number"));
    *member = *number;
  }
  page.limit = std::min(page.limit, kMaxPage);
  return page;
}

Outcome<std::optional<store::Revision>> Call::if_match() const {
  const auto value = net::find_header(http.headers, "If-Match");
  if (!value || *value == "*") return std::optional<store::Revision>();
  std::string_view text = *value;
  const bool quoted = text.size() > 2 && text.front() == '"' && text.back() == '"';
  const auto number = quoted ? parse_number<std::uint64_t>(text.substr(1, text.size() - 2)) : std::nullopt;
  if (!number) return api::refuse({412, "precondition_failed", "If-Match names no version of this resource", {}, 0});
  return std::optional(store::Revision(*number));
}

std::string etag(store::Revision revision) { return "\"" + std::to_string(revision.value) + "\""; }

net::HttpResponse with_etag(net::HttpResponse response, store::Revision revision) {
  response.headers.push_back({"ETag", etag(revision)});
  return response;
}

net::HttpResponse sync_reply(json::value metadata, std::optional<std::size_t> total) {
  net::HttpResponse response;
  response.body = api::sync_body(std::move(metadata), total);
  return response;
}

net::HttpResponse async_reply(const api::Operation& operation) {
  net::HttpResponse response;
  response.status = 202;
  response.body = api::async_body(operation.id, to_json(operation));
  response.headers.push_back({"Location", "/1.0/operations/" + operation.id});
  return response;
}

net::HttpResponse error_reply(const api::Refusal& refusal) {
  net::HttpResponse response;
  response.status = refusal.status;
  response.body = api::error_body(refusal);
  if (refusal.retry_after != 0) response.headers.push_back({"Retry-After", std::to_string(refusal.retry_after)});
  if (refusal.status == 401) response.headers.push_back({"WWW-Authenticate", "Bearer"});
  return response;
}

}  // namespace redan::cloud::ams
