// The gateway's keys in the store.
#pragma once

#include <string>
#include <string_view>

namespace redan::cloud::gateway::keys {

inline constexpr std::string_view kRoot = "/gateway/1.0/";
inline constexpr std::string_view kSessions = "/gateway/1.0/sessions/";        ///< by id
inline constexpr std::string_view kAgents = "/gateway/1.0/agents/";            ///< by id; each with a lease
inline constexpr std::string_view kAccounts = "/gateway/1.0/accounts/";        ///< by name
inline constexpr std::string_view kShares = "/gateway/1.0/shares/";            ///< by id
inline constexpr std::string_view kIdempotency = "/gateway/1.0/idempotency/";  ///< by SHA-256 of account and key
inline constexpr std::string_view kConfig = "/gateway/1.0/config/";
inline constexpr std::string_view kRootKey = "/gateway/1.0/secrets/root";

inline std::string at(std::string_view prefix, std::string_view id) { return std::string(prefix).append(id); }

/// The part of a key after `prefix`; empty if the key does not start with it.
inline std::string_view below(std::string_view prefix, std::string_view key) {
  return key.starts_with(prefix) ? key.substr(prefix.size()) : std::string_view();
}

}  // namespace redan::cloud::gateway::keys
