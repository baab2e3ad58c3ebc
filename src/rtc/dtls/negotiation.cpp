#include "rtc/dtls/negotiation.hpp"

namespace redan::dtls {
namespace {

// The first hello and one after a HelloRetryRequest, at the server.
constexpr std::array kClientHellos{ExpectedMessage{HandshakeType::client_hello, Epoch::plaintext},
                                   ExpectedMessage{HandshakeType::client_hello, Epoch::plaintext}};
// What answers them, and the hellos with the cookie of a HelloVerifyRequest, at the client.
constexpr std::array kServerHellos{ExpectedMessage{HandshakeType::server_hello, Epoch::plaintext},
                                   ExpectedMessage{HandshakeType::server_hello, Epoch::plaintext},
                                   ExpectedMessage{HandshakeType::server_hello, Epoch::plaintext},
                                   ExpectedMessage{HandshakeType::server_hello, Epoch::plaintext}};

/// Whether a hello is for DTLS 1.3; nullopt if it does not parse.
std::optional<bool> offers_dtls13(Bytes body) {
  const auto hello = ClientHello::parse(body);
  return hello ? std::optional(hello->offers(kDtls13)) : std::nullopt;
}

std::optional<bool> chooses_dtls13(Bytes body) {
  const auto hello = ServerHello::parse(body);
  return hello ? std::optional(hello->chosen_version() == kDtls13) : std::nullopt;
}

}  // namespace

Negotiation::Negotiation(ConnectionConfig config, const Identity& identity, Provider& provider, RecordLayer& records)
    : records_(records), role_(config.role) {
  const bool v12 = config.allows_dtls12() || !config.allows_dtls13();
  const bool v13 = config.allows_dtls13();
  if (v13 && role_ == Role::client) {
    // In DTLS 1.3 the groups do not limit the certificates.
    const auto with_curves = config.groups_with_certificate_curves();
    offer_.emplace(provider, v12 ? std::span<const Group>(with_curves) : config.groups, config.srtp_profiles, v12);
  }
  if (v13) v13_.emplace(config, identity, provider, records, budget_, offer_ ? &*offer_ : nullptr);
  if (v12) v12_.emplace(std::move(config), identity, provider, records, budget_, offer_ ? &*offer_ : nullptr);
  hellos_.expect(0, role_ == Role::client ? std::span<const ExpectedMessage>(kServerHellos) : kClientHellos);
}

void Negotiation::start(TimePoint now) {
  if (v13_) v13_->start(now);
  if (v12_) v12_->start(now);
}

void Negotiation::set_round_trip_time(Duration rtt) {
  if (v12_) v12_->set_round_trip_time(rtt);
  if (v13_) v13_->set_round_trip_time(rtt);
}

void Negotiation::datagram_arrived(TimePoint now, std::size_t size) {
  budget_.answers.received(size);
  if (v12_) v12_->datagram_arrived(now);
  if (v13_) v13_->datagram_arrived(now);
}

bool Negotiation::on_fragment(TimePoint now, const HandshakeHeader& header, Bytes body) {
  const bool hello = header.type == HandshakeType::client_hello || header.type == HandshakeType::server_hello;
  if (v13_ && hello) {
    FragmentAssembler::Verdict verdict = hellos_.add(header, Epoch::plaintext, body);
    count(verdict);
    if (verdict == FragmentAssembler::Verdict::too_large && header.length <= FragmentAssembler::kMaxBuffered) {
      // Fragments of a hello that never becomes whole must not keep the place of one that does.
      hellos_.forget();
      verdict = hellos_.add(header, Epoch::plaintext, body);
    }
    const auto message = hellos_.message(header.message_seq);
    const bool stored =
        verdict == FragmentAssembler::Verdict::stored || verdict == FragmentAssembler::Verdict::displacing;
    if (!message || !stored) return false;
    const bool keys = on_hello(now, *message);
    hellos_.forget();
    rule_out_dtls13();
    return keys;
  }
  if (!v12_) {
    records_.drop(Drop::unexpected_message);
    return false;
  }
  const bool keys = v12_->on_fragment(now, header, body);
  rule_out_dtls13();
  return keys;
}

// The peer's signature is under DTLS 1.2, and its random is not marked: it does not support 1.3.
void Negotiation::rule_out_dtls13() {
  if (v12_ && v12_->proves_version()) v13_.reset();
}

bool Negotiation::on_hello(TimePoint now, const HandshakeMessage& message) {
  const auto is_13 = role_ == Role::client ? chooses_dtls13(message.body) : offers_dtls13(message.body);
  if (!is_13) {
    records_.drop(Drop::malformed_message);
    return false;
  }
  if (!*is_13 && !v12_) {
    v13_->refuse_version(now);
    return false;
  }
  if (*is_13) {
    const bool keys = v13_->on_hello(now, message);
    if (keys && v12_) v12_->forgive();
    return keys;
  }
  const auto length = static_cast<std::uint32_t>(message.body.size());
  return v12_->on_fragment(now, {message.type, length, message.message_seq, 0, length}, message.body);
}

void Negotiation::count(FragmentAssembler::Verdict verdict) {
  switch (verdict) {
    case FragmentAssembler::Verdict::stored:
      return;
    case FragmentAssembler::Verdict::repeated:
    case FragmentAssembler::Verdict::unexpected:
      return records_.drop(Drop::unexpected_message);
    case FragmentAssembler::Verdict::displacing:
    case FragmentAssembler::Verdict::too_large:
      return records_.drop(Drop::disagreeing_fragment);
  }
}

void Negotiation::on_alert(TimePoint now, const Alert& alert) {
  if (v12_) v12_->on_alert(now, alert);
  if (v13_) v13_->on_alert(now, alert);
}

std::optional<Ending> Negotiation::run_timers(TimePoint now) {
  const auto ending12 = v12_ ? v12_->run_timers(now) : std::nullopt;
  const auto ending13 = v13_ ? v13_->run_timers(now) : std::nullopt;
  if (ending12 && v13_ && !ending13 && v13_->has_keys()) {
    v12_.reset();
    return std::nullopt;
  }
  if (ending13 && v12_ && !ending12 && v12_->has_keys()) {
    v13_.reset();
    return std::nullopt;
  }
  // A timeout says less than the other reason.
  if (ending12 && ending12->reason == Errc::dtls_timeout && ending13) return ending13;
  return ending12 ? ending12 : ending13;
}

TimePoint Negotiation::deadline() const {
  return std::min(v12_ ? v12_->deadline() : kNever, v13_ ? v13_->deadline() : kNever);
}

MutableBytes Negotiation::write(MutableBytes datagram) {
  if (v13_) {
    if (const MutableBytes written = v13_->write(datagram); !written.empty()) return written;
  }
  return v12_ ? v12_->write(datagram) : MutableBytes{};
}

void Negotiation::stop() {
  if (v12_) v12_->stop();
  if (v13_) v13_->stop();
}

const Session& Negotiation::session() const {
  if (v13_ && (v13_->has_keys() || !v12_)) return v13_->session();
  return v12_->session();
}

MutableBytes Negotiation::write_alert(const Alert& alert, MutableBytes datagram) {
  CiphertextSeal* seal = v13_ ? v13_->write_protection() : nullptr;
  SealProtection* protection = v12_ && seal == nullptr ? v12_->write_protection() : nullptr;
  const std::size_t headroom = seal != nullptr         ? CiphertextSeal::kHeadroom
                               : protection != nullptr ? protection->headroom()
                                                       : RecordHeader::kSize;
  Writer writer(datagram.subspan(headroom));
  alert.write(writer);
  if (seal != nullptr) return seal->seal(ContentType::alert, datagram, Alert::kSize);
  return protection != nullptr ? protection->seal(ContentType::alert, datagram, Alert::kSize)
                               : records_.write_plain(ContentType::alert, datagram, Alert::kSize);
}

}  // namespace redan::dtls
