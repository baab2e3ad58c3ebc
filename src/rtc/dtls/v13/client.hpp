// The client's side of a DTLS 1.3 handshake. Each ClientHello, the first and one for each HelloRetryRequest, is an
// attempt; each ServerHello that answers one makes a candidate; the server's flight under its keys proves one.
#pragma once

#include "rtc/dtls/hello/client_offer.hpp"
#include "rtc/dtls/hello/server_hello.hpp"
#include "rtc/dtls/v13/handshake_context.hpp"

namespace redan::dtls::v13 {

class Client {
 public:
  /// `offer` must outlive the client.
  explicit Client(const ClientOffer& offer) : offer_(offer) {}

  /// Writes the first hello.
  Outcome start(HandshakeContext& context);
  /// A whole ServerHello or HelloRetryRequest that chooses DTLS 1.3.
  Outcome on_hello(HandshakeContext& context, const HandshakeMessage& message);
  /// The candidate's flight may be whole now. Writes ours if it proves the server.
  Outcome on_protected(HandshakeContext& context, HandshakeCandidate& candidate);
  /// Starts the transmission of the hello that is due. Returns its size on the wire.
  std::size_t rewind(HandshakeContext& context);
  /// The next datagram of a hello; empty if none is due.
  MutableBytes write_hello(RecordLayer& records, MutableBytes datagram);
  void stop() { attempts_.clear(); }

 private:
  struct Attempt {
    OutgoingMessages messages;
    std::vector<std::uint8_t> hello;  // its body
    TimePoint created{};
    std::uint64_t number = 0;  // no other attempt has it
    // Of one that answers a HelloRetryRequest: the request's body, and what it chose.
    std::vector<std::uint8_t> request{};
    std::uint16_t suite = 0;
    Group group{};
    std::unique_ptr<KeyExchange> exchange{};  // a new one for this attempt, if there is
  };

  [[nodiscard]] bool make_room(TimePoint now);
  [[nodiscard]] std::uint64_t next_record(const CandidateTable& candidates);
  void add_attempt(Attempt attempt, std::span<const std::uint8_t> hello);
  Outcome on_retry_request(HandshakeContext& context, const ServerHello& hello, Bytes body);
  Outcome on_server_hello(HandshakeContext& context, Attempt& attempt, const ServerHello& hello,
                          const HandshakeMessage& message);
  [[nodiscard]] KeyExchange* exchange(const Attempt& attempt, Group group) const;
  [[nodiscard]] Transcript transcript_of(Provider& provider, const Attempt& attempt, HashAlgorithm hash) const;

  const ClientOffer& offer_;
  std::vector<Attempt> attempts_;
  std::uint64_t next_attempt_ = 0;
  std::uint64_t next_record_ = 0;  // of those that any candidate of before sealed
  std::size_t retransmissions_ = 0;
  int pauses_ = 0;
};

}  // namespace redan::dtls::v13
