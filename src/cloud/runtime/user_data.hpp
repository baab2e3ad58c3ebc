// What AMS hands to an instance: one JSON document with how to reach AMS, and in its "user_data" what the agent added
// about the session. It holds keys and tokens.
#pragma once

#include "cloud/api/ams.hpp"
#include "cloud/runtime/supervisor.hpp"
#include "net/host_and_port.hpp"
#include "sealed/credentials.hpp"

namespace redan::cloud::runtime {

/// How to tell AMS that this instance runs.
struct AmsAccess {
  net::HostAndPort server;
  Digest pin;
  net::TlsIdentity identity;
  std::string token;
};

/// What an instance streams, and for whom.
struct SessionAccess {
  std::string id;
  std::vector<AgentAddress> agents;
  std::string token;
  api::Screen screen{};
  std::string extra_data{};
};

/// How clients are told that this is the right runtime.
struct SealAccess {
  sealed::Authorities authorities{};
  api::SealedPolicy policy = api::SealedPolicy::off;
};

struct UserData {
  std::string id, name;
  AmsAccess ams;
  SealAccess seal{};                     ///< an AMS that knows nothing of it: off
  std::optional<SessionAccess> session;  ///< absent: an instance that was not made for streaming
};

/// Of an agent without a fingerprint, `agent_authority_pem` must vouch for its name; if that is empty too, the system's
/// authorities. Throws std::runtime_error in a person's words, without a word of what is secret.
UserData parse_user_data(std::string_view text, const std::string& agent_authority_pem = {});

}  // namespace redan::cloud::runtime
