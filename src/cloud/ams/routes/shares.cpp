// Shares of instances: links by which others reach an instance. The stream gateway has them; AMS does not.
#include <array>

#include "cloud/ams/routes/routes.hpp"

namespace redan::cloud::ams {
namespace {

using trust::Scope;

net::Task<Reply> shares(Ams&, Call) {
  api::Refusal refusal = api::not_implemented("shares of an instance");
  refusal.hint = "share the session at the stream gateway: POST /1.0/sessions/{id}/share";
  co_return api::refuse(std::move(refusal));
}

constexpr std::array kRoutes{
    Route{"POST", "/1.0/instances/{id}/shares", Scope::instance_write, "shares", shares},
    Route{"POST", "/1.0/instances/{id}/shares/{share}", Scope::instance_write, "share", shares},
    Route{"PATCH", "/1.0/instances/{id}/shares/{share}", Scope::instance_write, "share", shares},
    Route{"DELETE", "/1.0/instances/{id}/shares/{share}", Scope::instance_write, "share", shares},
};

}  // namespace

std::span<const Route> share_routes() { return kRoutes; }

}  // namespace redan::cloud::ams
