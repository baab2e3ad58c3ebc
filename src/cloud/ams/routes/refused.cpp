// Documented routes of features that are not implemented: they answer 501 and name the feature.
#include <array>

#include "cloud/ams/routes/routes.hpp"

namespace redan::cloud::ams {
namespace {

using trust::Scope;

net::Task<Reply> registry(Ams&, Call) { co_return api::refuse(api::not_implemented("the application registry")); }
net::Task<Reply> oidc(Ams&, Call) { co_return api::refuse(api::not_implemented("sign-in by OpenID Connect")); }

constexpr std::array kRoutes{
    Route{"GET", "/1.0/registry/applications", Scope::application_read, "registry", registry},
    Route{"POST", "/1.0/registry/applications/{id}", Scope::application_write, "registry", registry},
    Route{"POST", "/1.0/registry/applications/{id}/{action}", Scope::application_write, "registry", registry},
    Route{"DELETE", "/1.0/registry/applications/{id}", Scope::application_write, "registry", registry},
    Route{"GET", "/1.0/auth/oidc", Open{}, "oidc", oidc},
};

}  // namespace

std::span<const Route> refused_routes() { return kRoutes; }

}  // namespace redan::cloud::ams
