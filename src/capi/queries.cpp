// What is known about a peer: media, security, statistics.
#include "capi/boundary.hpp"
#include "capi/values.hpp"

namespace redan::capi {
namespace {

redan_agreed_media to_c(const AgreedMedia& from) {
  redan_agreed_media to{};
  to.type = static_cast<std::uint32_t>(from.type);
  to.direction = static_cast<std::uint32_t>(from.direction);
  to.payload_type = from.payload_type;
  write_text(from.codec, to.codec);
  write_text(from.mid, to.mid);
  to.nack = from.nack;
  to.nack_pli = from.nack_pli;
  to.ccm_fir = from.ccm_fir;
  return to;
}

redan_security to_c(const Security& from) {
  redan_security to{};
  to.dtls_role = from.dtls_role == DtlsRole::client ? REDAN_DTLS_CLIENT : REDAN_DTLS_SERVER;
  if (from.srtp_profile) to.srtp_profile = static_cast<std::uint32_t>(*from.srtp_profile);
  to.path = write_path(from.path);
  write_text(from.dtls_version, to.dtls_version);
  write_text(from.cipher_suite, to.cipher_suite);
  write_text(from.group, to.group);
  write_text(from.signature_scheme, to.signature_scheme);
  write_text(from.local_fingerprint.text(), to.local_fingerprint);
  write_text(from.remote_fingerprint.text(), to.remote_fingerprint);
  to.extended_master_secret = from.extended_master_secret;
  return to;
}

redan_drop_counters to_c(const DropCounters& from) {
  return {from.malformed, from.unknown_source, from.unauthenticated, from.replayed, from.path_in_use};
}

redan_peer_statistics to_c(const PeerStatistics& from) {
  redan_peer_statistics to{};
  to.packets_sent = from.packets_sent;
  to.packets_received = from.packets_received;
  to.bytes_sent = from.bytes_sent;
  to.bytes_received = from.bytes_received;
  to.packets_received_with_ect1 = from.packets_received_with_ect1;
  to.packets_received_with_ce = from.packets_received_with_ce;
  to.selected_candidate_pair_changes = from.selected_candidate_pair_changes;
  to.requests_sent = from.requests_sent;
  to.responses_received = from.responses_received;
  to.requests_received = from.requests_received;
  to.responses_sent = from.responses_sent;
  to.current_round_trip_time = from.current_round_trip_time ? from.current_round_trip_time->count() : -1;
  to.data_channels_opened = from.data_channels_opened;
  to.data_channels_closed = from.data_channels_closed;
  to.messages_sent = from.messages_sent;
  to.messages_received = from.messages_received;
  to.message_bytes_sent = from.message_bytes_sent;
  to.message_bytes_received = from.message_bytes_received;
  to.congestion_window = from.congestion_window;
  to.chunks_retransmitted = from.chunks_retransmitted;
  to.dropped = to_c(from.dropped);
  return to;
}

redan_endpoint_statistics to_c(const Endpoint& endpoint) {
  const EndpointStatistics from = endpoint.statistics();
  redan_endpoint_statistics to{};
  to.datagrams_in = from.datagrams_in;
  to.datagrams_out = from.datagrams_out;
  to.over_budget = from.over_budget;
  to.peers = endpoint.peer_count();
  to.dropped = to_c(from.dropped);
  return to;
}

}  // namespace
}  // namespace redan::capi

using namespace redan::capi;

int redan_endpoint_media_count(redan_endpoint* endpoint, std::uint64_t peer, std::size_t* count) {
  return on_endpoint(endpoint, [&](redan::Endpoint& of) -> redan::Result<void> {
    if (!present(count)) return bad("count");
    REDAN_TRY(const auto media, of.media({peer}));
    *count = media.size();
    return {};
  });
}

int redan_endpoint_media_at(redan_endpoint* endpoint, std::uint64_t peer, std::size_t index,
                            redan_agreed_media* media) {
  return on_endpoint(endpoint, [&](redan::Endpoint& of) -> redan::Result<void> {
    if (!writable(media)) return bad("media");
    REDAN_TRY(const auto sections, of.media({peer}));
    if (index >= sections.size()) return bad("index");
    write(to_c(sections[index]), media);
    return {};
  });
}

int redan_endpoint_security(redan_endpoint* endpoint, std::uint64_t peer, redan_security* security) {
  return on_endpoint(endpoint, [&](redan::Endpoint& of) -> redan::Result<void> {
    if (!writable(security)) return bad("security");
    REDAN_TRY(const auto verified, of.security({peer}));
    write(to_c(verified), security);
    return {};
  });
}

int redan_endpoint_export_keying_material(redan_endpoint* endpoint, std::uint64_t peer, const char* label,
                                          std::size_t label_size, std::uint8_t* out, std::size_t out_size) {
  return on_endpoint(endpoint, [&](redan::Endpoint& of) -> redan::Result<void> {
    if (!is_range(label, label_size) || !is_range(out, out_size)) return bad("label or out");
    return of.export_keying_material({peer}, as_view(label, label_size), {out, out_size});
  });
}

int redan_endpoint_peer_statistics(redan_endpoint* endpoint, std::uint64_t peer, redan_peer_statistics* statistics) {
  return on_endpoint(endpoint, [&](redan::Endpoint& of) -> redan::Result<void> {
    if (!writable(statistics)) return bad("statistics");
    REDAN_TRY(const auto counted, of.statistics({peer}));
    write(to_c(counted), statistics);
    return {};
  });
}

int redan_endpoint_statistics_of_all(redan_endpoint* endpoint, redan_endpoint_statistics* statistics) {
  return on_endpoint(endpoint, [&](redan::Endpoint& of) -> redan::Result<void> {
    if (!writable(statistics)) return bad("statistics");
    write(to_c(of), statistics);
    return {};
  });
}
