#include "rtc/dtls/v12/established.hpp"

#include "rtc/dtls/handshake/retransmission_timer.hpp"

namespace redan::dtls::v12 {

Established::Established(TimePoint now, HandshakeCandidate proven, Provider& provider, RecordLayer& records)
    : provider_(provider),
      records_(records),
      session_(proven.session),
      master_(std::move(proven.master)),
      read_(std::move(*proven.read)),
      write_(std::move(*proven.write)),
      last_flight_(std::move(proven.outgoing)),
      last_sent_(now),
      next_message_seq_(static_cast<std::uint16_t>(proven.finished.first() + 1)) {}

void Established::export_keying_material(std::string_view label, std::optional<Bytes> context, MutableBytes out) const {
  v12::export_keying_material(provider_, session_.suite->hash, master_, session_.client_random, session_.server_random,
                              label, context, out);
}

std::optional<OpenedRecord> Established::open(const Record& record) {
  const std::array<OpenProtection*, 1> keys{&read_};
  return records_.open(record, keys);
}

Check Established::on_fragment(TimePoint now, const HandshakeHeader& header) {
  if (header.type == HandshakeType::hello_request || header.type == HandshakeType::client_hello) {
    refuse_renegotiation();
    return std::nullopt;
  }
  if (header.type != HandshakeType::finished || header.message_seq >= next_message_seq_) return kUnexpected;
  repeat_last_flight(now);
  return std::nullopt;
}

// RFC 5246 section 7.4.1.1. RFC 8827 section 6.5 forbids renegotiation.
void Established::refuse_renegotiation() {
  if (!refused_renegotiation_) warning_ = Alert{AlertLevel::warning, AlertDescription::no_renegotiation};
  refused_renegotiation_ = true;
  records_.drop(Drop::unexpected_message);
}

// The client repeats its Finished: it has not received ours.
void Established::repeat_last_flight(TimePoint now) {
  if (now - last_sent_ < RetransmissionTimer::kMinInterval) return;
  last_flight_.rewind();
  last_sent_ = now;
}

void Established::on_application_data() {
  if (!last_flight_.empty() && !last_flight_.pending()) last_flight_.clear();
}

MutableBytes Established::write(MutableBytes datagram) {
  if (!last_flight_.pending()) return {};
  const MutableBytes written = last_flight_.write(records_, &write_, datagram);
  if (written.empty()) last_flight_.clear();
  return written;
}

}  // namespace redan::dtls::v12
