// Requests of an instance about itself.
#include <array>

#include "cloud/ams/routes/routes.hpp"

namespace redan::cloud::ams {
namespace {

namespace json = boost::json;
using trust::Scope;

net::Task<Reply> report_status(Ams& ams, Call call) {
  REDAN_CO_TRY(auto instance, co_await admit(ams, call, call.parameters[0], "instance:status"));
  REDAN_CO_TRY(auto body, call.body());
  std::string status, message;
  REDAN_CO_CHECK(api::Members(body).text("status", status).text("message", message, 4096).end(call.unknown));
  const auto known = api::parse_instance_status(status);
  if (!known) co_return api::refuse(api::bad_request("\"status\" is running, stopped or error"));
  REDAN_CO_CHECK(co_await ams.report(instance.id, *known, std::move(message)));
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

constexpr std::array kRoutes{
    Route{"PATCH", "/internal/1.0/instances/{id}", Internal{}, "internal_instances", report_status},
    Route{"GET", "/1.0/artifacts", Internal{}, "internal_artifacts", artifact},
    Route{"GET", "/1.0/artifacts/{id}", Internal{}, "internal_artifacts", artifact},
};

}  // namespace

net::Task<Outcome<api::Instance>> admit(Ams& ams, const Call& call, std::string which, std::string_view scope) {
  const auto authorization = net::find_header(call.http.headers, "Authorization");
  if (!authorization) {
    co_return api::refuse({401, "token_missing", "this route asks for a bearer token",
                           "send \"Authorization: bearer <token>\" with the token of the user data", 0});
  }
  co_return co_await ams.admit_instance(std::move(which), *authorization, call.certificate_fingerprint, scope);
}

std::span<const Route> internal_routes() { return kRoutes; }

const Route& status_report_route() { return kRoutes[0]; }

}  // namespace redan::cloud::ams
