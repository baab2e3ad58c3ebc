// The implementation of Endpoint: its peers, the schedule, and the routing of datagrams. endpoint.cpp moves datagrams,
// signalling.cpp makes and reads descriptions.
#pragma once

#include <deque>
#include <unordered_map>

#include "rtc/ice/gatherer.hpp"
#include "rtc/peer/peer.hpp"
#include "rtc/peer/router.hpp"
#include "rtc/sdp/offer_answer.hpp"

namespace redan {

class REDAN_HIDDEN Endpoint::Impl {
 public:
  Impl(EndpointConfig endpoint_config, Identity endpoint_identity, Provider& crypto);

  // Implemented in signalling.cpp.
  Result<Accepted> accept(std::string_view offer, const AcceptOptions& options);
  Result<Offered> offer(const MediaPlan& plan);
  Result<void> complete(PeerId id, std::string_view answer);
  Result<std::string> renegotiate(PeerId id, std::string_view offer);
  [[nodiscard]] Result<std::vector<AgreedMedia>> media(PeerId id) const;
  [[nodiscard]] Result<std::size_t> max_message_size(PeerId id) const;

  // Implemented in gathering.cpp.
  Result<void> set_ice_servers(std::vector<IceServer> servers);
  Result<void> add_remote_candidate(PeerId id, std::string_view candidate);
  [[nodiscard]] std::vector<GatheredCandidate> local_candidates() const;
  Result<void> renew_ice_server(IceServer server);
  void socket_opened(TimePoint now, SocketId socket, const Address& local);
  void handle_socket_input(TimePoint now, SocketId socket, Bytes bytes);
  void socket_closed(TimePoint now, SocketId socket, Errc reason, std::string_view detail);

  // Implemented in endpoint.cpp.
  void handle_input(TimePoint now, Datagram datagram);
  Output poll_output(TimePoint now, MutableBytes buffer);
  [[nodiscard]] peer::Peer* find(PeerId id) const;
  void wake(peer::Peer& peer) { schedule_.make_ready(peer); }
  [[nodiscard]] EndpointStatistics statistics() const;
  [[nodiscard]] std::size_t peer_count() const { return peers_.size(); }
  [[nodiscard]] std::size_t max_datagram() const;

  EndpointConfig config;
  Identity identity;
  Provider& provider;

 private:
  /// A peer and the content of its descriptions, needed for later ones.
  struct Entry {
    Entry(PeerId id, Impl& endpoint, peer::Agent agent, sdp::Local the_local)
        : peer(id, endpoint.config, endpoint.identity, endpoint.provider, endpoint.router_, std::move(agent)),
          local(std::move(the_local)) {}
    peer::Peer peer;
    std::size_t held = 0;  // the peer's part of the endpoint's sum
    sdp::Local local;
    std::optional<sdp::SessionDescription> our_offer;  // until its answer
    sdp::Remote remote;
    std::vector<Path> permissions;  // to reach IP addresses (port 0) through relays
  };

  // Implemented in signalling.cpp.
  [[nodiscard]] sdp::Local make_local(bool ice_lite) const;
  Entry& add(sdp::Local local);
  [[nodiscard]] Result<peer::Agreement> agree(const sdp::Remote& remote, DtlsRole role) const;
  void set_remote(peer::Peer& peer, const sdp::Remote& remote);
  void restart_ice(Entry& entry, const sdp::Remote& remote);

  // Implemented in gathering.cpp.
  [[nodiscard]] bool full_only() const { return gatherer_ || config.ice_transport == IceTransport::relay; }
  [[nodiscard]] std::vector<ice::Candidate> bases() const;
  [[nodiscard]] std::vector<ice::Candidate> candidates() const;
  std::optional<Output> poll_gatherer(TimePoint now, MutableBytes buffer);
  std::optional<Output> tell_candidate();
  void on_found(const ice::Gathered& gathered);
  void on_lost(TimePoint now, const ice::Candidate& candidate);
  std::optional<Output> on_gathered(TimePoint now, ice::Gatherer::Output& output);
  std::optional<Output> relay(TimePoint now, Entry& entry, const Transmit& transmit, MutableBytes buffer);
  void tell_peers(TimePoint now, const ice::Gatherer::Output& output);
  bool permit(TimePoint now, Entry& entry, const Path& path);
  void release_permissions(Entry& entry);
  void release_unused_permissions(Entry& entry);

  // Implemented in endpoint.cpp.
  void dispatch(TimePoint now, Datagram datagram);
  std::optional<Output> poll_peers(TimePoint now, MutableBytes buffer);
  [[nodiscard]] Path with_local(const Path& path) const;
  [[nodiscard]] peer::Peer* route(const Path& path, const std::optional<stun::Message>& stun) const;
  [[nodiscard]] std::size_t memory_limit() const;
  void account(PeerId id);
  void remove(PeerId id);

  peer::Router router_;  // outlives the peers, which erase their keys from it
  std::unordered_map<std::uint64_t, std::unique_ptr<Entry>> peers_;
  EndpointStatistics statistics_;  // including those of closed peers
  std::size_t held_ = 0;           // memory of all peers, see Peer::held()
  peer::Schedule schedule_;
  std::optional<ice::Gatherer> gatherer_;
  TimePoint gatherer_wake_ = kNever;
  std::deque<std::pair<PeerId, std::string>> untold_;  // candidates of ours, for peers whose description lacks them
  std::string told_;                                   // the text of the last LocalCandidate or about a server
  std::string told_detail_;
  std::uint64_t next_id_ = 1;
  int outputs_in_turn_ = 0;
};

}  // namespace redan
