// The user data that AMS passes to an instance: one JSON document with AMS's address and credentials, and in its
// "user_data" the agent's data about the session. It contains keys and tokens.
#pragma once

#include "cloud/api/ams.hpp"
#include "cloud/runtime/supervisor.hpp"
#include "net/host_and_port.hpp"
#include "sealed/credentials.hpp"

namespace redan::cloud::runtime {

/// How to report to AMS.
struct AmsAccess {
  net::HostAndPort server;
  Digest pin;
  net::TlsIdentity identity;
  std::string token;
};

/// The session that an instance streams.
struct SessionAccess {
  std::string id;
  std::vector<AgentAddress> agents;
  std::string token;
  api::Screen screen{};
  std::string extra_data{};
};

/// How clients are assured that this is the right runtime.
struct SealAccess {
  sealed::Authorities authorities{};
  api::SealedPolicy policy = api::SealedPolicy::off;
};

struct UserData {
  std::string id, name;
  AmsAccess ams;
  SealAccess seal{};                     ///< default: off, for an older AMS
  std::optional<Address> adb;            ///< of the adbd in this instance
  std::optional<SessionAccess> session;  ///< absent: an instance that was not made for streaming
};

/// For an agent without a fingerprint, `agent_authority_pem` must have issued its certificate; if that is empty too,
/// the system's authorities. Throws std::runtime_error with a human-readable message that contains no secrets.
UserData parse_user_data(std::string_view text, const std::string& agent_authority_pem = {});

}  // namespace redan::cloud::runtime
