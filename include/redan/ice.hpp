// ICE as an application sees it: servers that help to find a path, kinds of candidates, and where checks may go.
#pragma once

#include <redan/error.hpp>
#include <redan/export.hpp>
#include <redan/secret.hpp>
#include <redan/types.hpp>
#include <string>
#include <string_view>

namespace redan REDAN_PUBLIC {

enum class CandidateType : std::uint8_t { host, server_reflexive, peer_reflexive, relayed };
/// "host", "srflx", "prflx" or "relay", as in descriptions.
[[nodiscard]] std::string_view name_of(CandidateType type);

/// A STUN server, which tells us our address as others see it, or a TURN server, which also relays. Over UDP.
struct IceServer {
  enum class Kind : std::uint8_t { stun, turn };

  Kind kind = Kind::stun;
  std::string host{};  ///< a name or an address without brackets
  std::uint16_t port = 3478;
  Address address{};       ///< of `host`. parse() sets it if the host is an address; otherwise resolve the name
  std::string username{};  ///< of TURN; empty: for a server that asks for no credentials
  Secret<512> password{};

  /// "stun:host", "stun:host:port", "turn:host:port?transport=udp" (RFC 7064, RFC 7065); an IPv6 address stands in
  /// brackets. invalid_argument: another form, or a transport other than UDP.
  static Result<IceServer> parse(std::string_view url);
  /// "turn:turn.example.org:3478".
  [[nodiscard]] std::string text() const;
};

/// Which candidates we offer and use ourselves.
enum class IceTransport : std::uint8_t {
  all,
  relay  ///< relayed ones only: the peer does not learn our address
};

/// To which addresses of a description checks may go. Never to multicast, broadcast or unspecified addresses, and to a
/// loopback address only from one.
enum class RemoteAddresses : std::uint8_t {
  any,
  public_only  ///< not to private, shared, link-local and other special ranges: a description cannot make us scan them
};

}  // namespace REDAN_PUBLIC
