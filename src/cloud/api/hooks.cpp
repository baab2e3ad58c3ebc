#include "cloud/api/hooks.hpp"

#include "cloud/api/duration.hpp"

namespace redan::cloud::api {
namespace {

constexpr Key<Hooks> kKeys[] = {
    {"timeout", "timeout",
     [](Hooks& h, const Value& v) { return v.duration(h.timeout, kDefaultHookTimeout, kMaxHookTimeout); },
     [](const Hooks& h, Spelling) {
       return h.timeout == kDefaultHookTimeout ? json::value() : json::value(duration_text(h.timeout));
     }},
};

}  // namespace

Outcome<void> read_hooks(Hooks& into, const Value& value) { return value.object(into, kKeys); }

json::object to_json(const Hooks& hooks) { return write(hooks, kKeys, Spelling::api); }

}  // namespace redan::cloud::api
