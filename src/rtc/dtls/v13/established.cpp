#include "rtc/dtls/v13/established.hpp"

#include "rtc/dtls/v13/flights.hpp"
#include "rtc/dtls/v13/key_update.hpp"

namespace redan::dtls::v13 {
namespace {

// RFC 9147 section 5.8.1: as long as the peer may repeat its last flight, twice the maximum segment lifetime of TCP.
constexpr Duration kHandshakeKeysLife = std::chrono::seconds(240);

HashSecret copy(const HashSecret& secret) { return HashSecret(secret.expose()); }

}  // namespace

Established::Established(TimePoint now, HandshakeCandidate proven, const ConnectionConfig& config,
                         const RetransmissionTimer& timer, Provider& provider, RecordLayer& records)
    : provider_(provider),
      records_(records),
      session_(proven.session),
      limits_(config.limits.value_or(limits_of(session_.suite->aead))),
      exporter_(copy(proven.application.exporter)),
      read_secret_(
          copy(config.role == Role::client ? proven.application.traffic.server : proven.application.traffic.client)),
      write_secret_(
          copy(config.role == Role::client ? proven.application.traffic.client : proven.application.traffic.server)),
      read_(open_of(read_secret_, kFirstApplicationEpoch)),
      handshake_read_(std::move(*proven.read)),
      handshake_read_end_(now + kHandshakeKeysLife),
      write_(seal_of(write_secret_, kFirstApplicationEpoch)),
      outgoing_(std::move(proven.outgoing)),
      next_message_seq_(static_cast<std::uint16_t>(
          proven.incoming.first() + (config.role == Role::client ? kServerFlight.size() : kClientFlight.size()))),
      timer_(timer),
      timeout_(config.timeout) {
  incoming_.expect(next_message_seq_, kLaterMessage);
  if (config.role == Role::client) {
    handshake_write_ = std::move(*proven.write);
    timer_.restart(now);
    timer_.flight_sent(now);
    outgoing_.rewind();
    give_up_ = now + timeout_;
  } else {
    // The client's flight shows that ours arrived (RFC 9147 section 7.1), and is acknowledged.
    outgoing_.clear();
    outgoing_.rewind();
    received_ = std::move(proven.received);
  }
}

CiphertextSeal Established::seal_of(const HashSecret& secret, std::uint64_t epoch) const {
  CiphertextSeal seal(provider_, traffic_keys(provider_, *session_.suite, secret), epoch);
  seal.limit_blocks(limits_.blocks);
  return seal;
}

CiphertextOpen Established::open_of(const HashSecret& secret, std::uint64_t epoch) const {
  CiphertextOpen open(provider_, traffic_keys(provider_, *session_.suite, secret), epoch);
  open.limit_forgeries(limits_.forgeries);
  return open;
}

void Established::export_keying_material(std::string_view label, std::optional<Bytes> context, MutableBytes out) const {
  v13::export_keying_material(provider_, session_.suite->hash, exporter_, label, context.value_or(Bytes{}), out);
}

std::optional<OpenedCiphertext> Established::open(TimePoint now, const Record& record) {
  // Four epochs later the bits of the header would name both.
  if (now >= handshake_read_end_ || read_.epoch() > kHandshakeEpoch + 3) handshake_read_.reset();
  const std::array<CiphertextOpen*, kReadKeys> keys{&read_, previous_read_ ? &*previous_read_ : nullptr,
                                                    handshake_read_ ? &*handshake_read_ : nullptr};
  const auto opened = records_.open(record, keys);
  // RFC 9147 section 8: the old keys are kept until a record under the new ones is received.
  if (opened && opened->key == 0) previous_read_.reset();
  return opened;
}

bool Established::read_key_exhausted() const {
  return read_.exhausted() || (previous_read_ && previous_read_->exhausted()) ||
         (handshake_read_ && handshake_read_->exhausted());
}

Check Established::on_fragment(TimePoint now, const OpenedCiphertext& record, const HandshakeHeader& header,
                               Bytes body) {
  // The peer repeats a message: it has not received our answer to it.
  if (header.message_seq < next_message_seq_) {
    if (record.number.epoch == kHandshakeEpoch && handshake_write_) {
      if (timer_.may_answer(now)) send_again(now);
    } else {
      received_.add(record.number);
    }
    return std::nullopt;
  }
  // After the handshake nothing new comes under its keys.
  if (record.number.epoch == kHandshakeEpoch) return kUnexpected;
  switch (incoming_.add(header, kAnyEpoch, body)) {
    case FragmentAssembler::Verdict::repeated:
      return std::nullopt;
    case FragmentAssembler::Verdict::unexpected:
      // One that comes before its turn is not acknowledged, so it comes again.
      if (header.message_seq > next_message_seq_) return std::nullopt;
      return kUnexpected;
    case FragmentAssembler::Verdict::displacing:
    case FragmentAssembler::Verdict::too_large:
      return kIllegal;
    case FragmentAssembler::Verdict::stored:
      break;
  }
  received_.add(record.number);
  return on_later_message(now, record);
}

// A NewSessionTicket is acknowledged and ignored: there is no resumption.
Check Established::on_later_message(TimePoint now, const OpenedCiphertext& record) {
  const auto message = incoming_.message(0);
  if (!message) return std::nullopt;
  const Check failure =
      message->type == HandshakeType::key_update ? on_key_update(now, record, message->body) : Check();
  incoming_.expect(++next_message_seq_, kLaterMessage);
  return failure;
}

Check Established::on_key_update(TimePoint now, const OpenedCiphertext& record, Bytes body) {
  const auto update = KeyUpdate::parse(body);
  if (!update) return kIllegal;
  // RFC 9147 section 8: only under the keys that it replaces.
  if (record.number.epoch != read_.epoch()) return kUnexpected;
  read_secret_ = next_secret(provider_, session_.suite->hash, read_secret_);
  CiphertextOpen next = open_of(read_secret_, read_.epoch() + 1);
  previous_read_ = std::move(read_);
  read_ = std::move(next);
  if (!update->requested) return std::nullopt;
  answer_due_ = true;
  update_keys(now, false);
  return std::nullopt;
}

void Established::update_keys(TimePoint now, bool requested) {
  // RFC 9147 section 8: one at a time, and not before the last flight of the handshake is acknowledged.
  if (updating_ || !outgoing_.empty()) return;
  updating_ = true;
  answer_due_ = false;
  outgoing_.add(HandshakeType::key_update, write_.epoch(), [&](Writer& w) { KeyUpdate{requested}.write(w); });
  outgoing_.rewind();
  timer_.flight_sent(now);
  timer_.restart(now);
  give_up_ = now + timeout_;
}

Check Established::on_ack(TimePoint now, const OpenedCiphertext& record) {
  const bool had = !outgoing_.empty();
  bool news = false;
  const bool parsed =
      for_each_acknowledged(record.text, [&](RecordNumber number) { news = outgoing_.acknowledge(number) || news; });
  if (!parsed) return kMalformed;
  if (had && outgoing_.empty()) {
    on_acknowledged();
    if (answer_due_) update_keys(now, false);
  } else if (news && timer_.may_answer(now)) {
    send_again(now);
  }
  return std::nullopt;
}

void Established::on_acknowledged() {
  outgoing_.stop();
  give_up_ = kNever;
  handshake_write_.reset();
  if (!std::exchange(updating_, false)) return;
  write_secret_ = next_secret(provider_, session_.suite->hash, write_secret_);
  write_ = seal_of(write_secret_, write_.epoch() + 1);
}

void Established::send_again(TimePoint now) {
  outgoing_.rewind();
  timer_.flight_sent(now);
}

std::optional<Ending> Established::run_timers(TimePoint now) {
  if (write_.worn()) update_keys(now, false);
  if (outgoing_.empty()) return std::nullopt;
  if (give_up_ <= now) return Ending{Errc::dtls_timeout};
  if (timer_.expired(now)) send_again(now);
  return std::nullopt;
}

TimePoint Established::deadline() const { return outgoing_.empty() ? kNever : std::min(timer_.deadline(), give_up_); }

MutableBytes Established::write(MutableBytes datagram) {
  if (!received_.empty()) {
    Writer writer(datagram.subspan(CiphertextSeal::kHeadroom, datagram.size() - CiphertextSeal::kOverhead));
    received_.write(writer);
    received_.clear();
    return write_.seal(ContentType::ack, datagram, writer.size());
  }
  if (!outgoing_.pending()) return {};
  return outgoing_.write(records_, &outgoing_protection(), datagram);
}

void Established::stop() {
  outgoing_.clear();
  outgoing_.stop();
  received_.clear();
}

}  // namespace redan::dtls::v13
