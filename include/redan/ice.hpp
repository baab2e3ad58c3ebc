// ICE as an application sees it: servers that help to find a path, kinds of candidates, and where checks may go.
#pragma once

#include <array>
#include <optional>
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

/// A STUN server, which tells us our address as others see it, or a TURN server, which also relays.
struct IceServer {
  enum class Kind : std::uint8_t { stun, turn };
  enum class Transport : std::uint8_t { udp, tcp, tls };  ///< of our datagrams to a TURN server; STUN: UDP

  Kind kind = Kind::stun;
  Transport transport = Transport::udp;
  std::string host{};  ///< a name or an address without brackets
  std::uint16_t port = 3478;
  Address address{};       ///< of `host`. parse() sets it if the host is an address; otherwise resolve the name
  std::string username{};  ///< of TURN; empty: for a server that asks for no credentials
  Secret<512> password{};
  /// When the credentials end, if they do: IceCredentialsEnd comes a minute before.
  TimePoint credentials_end = kNever;
  /// Over TLS: accept exactly the server whose certificate (DER) has this SHA-256; its name does not matter.
  std::optional<std::array<std::uint8_t, 32>> certificate_sha256{};
  /// Over TLS, without `certificate_sha256`: the authorities (PEM) of which one must have issued the server's
  /// certificate for `host`; empty: those of the operating system.
  std::string authorities_pem{};

  /// "stun:host", "stun:host:port", "turn:host:port?transport=udp" or "=tcp", "turns:host:port" for TLS, whose port is
  /// 5349 unless given (RFC 7064, RFC 7065); an IPv6 address stands in brackets. invalid_argument: another form; STUN
  /// over TLS and TURN over DTLS are not supported.
  static Result<IceServer> parse(std::string_view url);
  /// "turn:turn.example.org:3478", "turn:turn.example.org:3478?transport=tcp", "turns:turn.example.org:5349".
  [[nodiscard]] std::string text() const;
};

// Sockets to ICE servers, besides the UDP port of the endpoint: connections over TCP and TLS, and a UDP port of its own
// where a server needs to see another one than before. These are outputs of Endpoint; what they borrow is valid until
// the next call on it.

/// Identifies a socket to an ICE server. Never reused within an endpoint's lifetime.
struct SocketId {
  std::uint64_t value = 0;
  friend auto operator<=>(const SocketId&, const SocketId&) = default;
};
/// Connect a socket to `server->address`: UDP, TCP, or TLS 1.2 or later with the server verified as `server` says. Then
/// call socket_opened(), or socket_closed() with the reason; if neither comes within ten seconds, CloseSocket follows.
struct OpenSocket {
  SocketId socket;
  Address local;  ///< to be bound to, with any port
  const IceServer* server;
};
/// One whole message, to be sent on an open socket. While too much waits to be sent, one that is `droppable` may be
/// dropped as a whole, as UDP would.
struct SocketData {
  SocketId socket;
  Bytes bytes;
  bool droppable;
};
/// Close it, or stop opening it. Its id is unknown from now on.
struct CloseSocket {
  SocketId socket;
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
