// A client of a TURN server (RFC 8656) over UDP: only the requests that a check needs, without relayed data.
#pragma once

#include <redan/udp_socket.hpp>

#include "cloud/token/turn_credential.hpp"
#include "rtc/stun/message.hpp"

namespace redan::cmd {

class TurnClient {
 public:
  /// The parts of an answer that are used.
  struct Answer {
    bool success = false;
    std::uint16_t error = 0;
    std::string realm, nonce;
    bool relayed = false;
  };

  /// nullopt if there is no socket for it.
  static std::optional<TurnClient> open(const Address& server, Provider& provider);

  // Each returns nullopt if the server does not answer.
  std::optional<Answer> allocate();
  /// `family` is that of the relay's address. One allocation per client.
  std::optional<Answer> allocate(const cloud::token::TurnCredential& credential,
                                 Address::Family family = Address::Family::ipv4);
  /// Requests permission to exchange data with this peer: CreatePermission.
  std::optional<Answer> permit(const cloud::token::TurnCredential& credential, const Address& peer);
  /// Releases the allocation.
  void release(const cloud::token::TurnCredential& credential);
  /// Stores the server's challenge, which is part of every request with a credential.
  void challenge(const Answer& answer);

 private:
  struct Request;
  TurnClient(UdpSocket socket, const Address& server, Provider& provider)
      : socket_(std::move(socket)), server_(server), provider_(&provider) {}
  std::optional<Answer> ask(const Request& request, const cloud::token::TurnCredential* credential);
  Bytes sign(stun::MessageBuilder& builder, const cloud::token::TurnCredential& credential);

  UdpSocket socket_;
  Address server_;
  Provider* provider_;
  std::string realm_, nonce_;
};

}  // namespace redan::cmd
