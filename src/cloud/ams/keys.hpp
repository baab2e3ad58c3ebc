// AMS's keys in the store. Prefixes end with a slash, so that no prefix is a prefix of another.
#pragma once

#include <string>
#include <string_view>

namespace redan::cloud::ams::keys {

inline constexpr std::string_view kRoot = "/ams/1.0/";
inline constexpr std::string_view kCertificates = "/ams/1.0/certificates/";  ///< by fingerprint
inline constexpr std::string_view kJoinTokens = "/ams/1.0/join/";            ///< by the SHA-256 of the secret
inline constexpr std::string_view kApplications = "/ams/1.0/applications/";  ///< by id
inline constexpr std::string_view kApplicationNames = "/ams/1.0/application-names/";
inline constexpr std::string_view kInstances = "/ams/1.0/instances/";  ///< by id
inline constexpr std::string_view kInstanceNames = "/ams/1.0/instance-names/";
inline constexpr std::string_view kImages = "/ams/1.0/images/";           ///< by name
inline constexpr std::string_view kAddons = "/ams/1.0/addons/";           ///< by name
inline constexpr std::string_view kGroups = "/ams/1.0/groups/";           ///< by name
inline constexpr std::string_view kOperations = "/ams/1.0/operations/";   ///< by UUID
inline constexpr std::string_view kNodes = "/ams/1.0/nodes/";             ///< by name
inline constexpr std::string_view kUsedTokens = "/ams/1.0/used-tokens/";  ///< by `jti`, while the token could be valid
inline constexpr std::string_view kConfig = "/ams/1.0/config/";
inline constexpr std::string_view kSealSecret = "/ams/1.0/secrets/seal";
inline constexpr std::string_view kJwtSecret = "/ams/1.0/secrets/instance-jwt";

inline std::string at(std::string_view prefix, std::string_view id) { return std::string(prefix).append(id); }

/// The part of a key after `prefix`; empty if the key does not start with it.
inline std::string_view below(std::string_view prefix, std::string_view key) {
  return key.starts_with(prefix) ? key.substr(prefix.size()) : std::string_view();
}

}  // namespace redan::cloud::ams::keys
