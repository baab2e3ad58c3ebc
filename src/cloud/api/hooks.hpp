// The hooks of applications and addons: programs that an instance runs when it starts and stops.
#pragma once

#include "cloud/api/keys.hpp"

namespace redan::cloud::api {

inline constexpr std::chrono::seconds kDefaultHookTimeout{std::chrono::minutes{5}};
inline constexpr std::chrono::seconds kMaxHookTimeout{std::chrono::minutes{15}};

struct Hooks {
  std::chrono::seconds timeout = kDefaultHookTimeout;
  friend bool operator==(const Hooks&, const Hooks&) = default;
};

Outcome<void> read_hooks(Hooks& into, const Value& value);
/// Empty if all is default.
json::object to_json(const Hooks& hooks);

}  // namespace redan::cloud::api
