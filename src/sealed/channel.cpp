#include "sealed/channel.hpp"

#include "base/base64.hpp"
#include "sealed/errors.hpp"
#include "wamp/serializer.hpp"

namespace redan::sealed {
namespace {

using wamp::Dict;
using wamp::Value;

constexpr std::int64_t kVersion = 1;
constexpr std::size_t kMarkSize = 16;
constexpr wamp::DecodeLimits kEnvelopeLimits{.max_size = 8 * kMaxBody, .max_depth = 2, .max_values = 32};

std::string side_text(Side side) { return std::string(1, static_cast<char>(side)); }

std::string json_of(Dict envelope) {
  const auto bytes = wamp::encode(wamp::Serializer::json, Value(std::move(envelope)));
  return std::string(as_text(bytes));
}

std::optional<std::string_view> text_at(const Dict& envelope, std::string_view key) {
  const Value* value = envelope.find(key);
  return value != nullptr ? value->text() : std::nullopt;
}
std::optional<std::int64_t> number_at(const Dict& envelope, std::string_view key) {
  const Value* value = envelope.find(key);
  const auto* number = value != nullptr ? value->get_if<std::int64_t>() : nullptr;
  return number != nullptr ? std::optional(*number) : std::nullopt;
}

}  // namespace

Channel::Channel(Side side, std::string session, std::unique_ptr<Wrapping> wrapping, const TranscriptHash& transcript,
                 RandomSource& random)
    : side_(side),
      session_(std::move(session)),
      wrapping_(std::move(wrapping)),
      transcript_(to_base64(transcript)),
      random_(&random) {}

void Channel::fail(Errc why) {
  if (!failure_) failure_ = why;
}

// Sealing.

Result<std::vector<std::uint8_t>> Channel::seal(std::string_view type, std::string_view body, Kind kind) {
  if (kind == Kind::statement) return write(type, body, {});
  if (side_ != Side::client) return refuse(Errc::invalid_argument);
  if (questions_.size() >= kMaxOpenQuestions) return refuse(Errc::too_many);
  std::array<std::uint8_t, kMarkSize> secret{};
  random_->random(secret);
  const std::string mark = to_base64(secret);
  auto wire = write(type, body, mark);
  if (wire) questions_.insert(mark);
  return wire;
}

Result<std::vector<std::uint8_t>> Channel::answer(const Message& question, std::string_view type,
                                                  std::string_view body) {
  if (side_ != Side::runtime) return refuse(Errc::invalid_argument);
  return write(type, body, question.mark);
}

Result<std::vector<std::uint8_t>> Channel::write(std::string_view type, std::string_view body,
                                                 const std::string& mark) {
  if (failure_) return refuse(*failure_);
  if (body.size() > kMaxBody) return refuse(Errc::channel_message_too_large);
  if (next_out_ >= kMaxMessages) return refuse(errc::sealed_exhausted);
  Dict envelope;
  envelope.append("v", kVersion);
  envelope.append("sid", session_);
  envelope.append("dir", side_text(side_));
  envelope.append("seq", std::int64_t{next_out_});
  envelope.append("typ", type);
  envelope.append("re", mark.empty() ? Value() : Value(mark));
  envelope.append("body", body);
  if (next_out_ == 0) envelope.append("th", transcript_);
  envelope.append("pad", "");
  const std::size_t size = json_of(envelope).size();
  envelope["pad"] = std::string((kPadding - size % kPadding) % kPadding, ' ');
  return wrapping_->seal(side_, next_out_++, type, json_of(std::move(envelope)));
}

// Opening.

Result<Message> Channel::open(Bytes wire) {
  if (failure_) return refuse(*failure_);
  // A header is authenticated only when the message opens, but it identifies the attack when it does not.
  const auto header = wrapping_->header(wire);
  if (header && header->from == side_) fail(errc::sealed_reflected);
  if (header && !failure_) failure_ = order(header->seq);
  if (failure_) return refuse(*failure_);
  auto envelope = wrapping_->open(other(side_), wire);
  auto message = envelope ? check(*envelope) : Result<Message>(refuse(envelope.error()));
  if (!message) {
    fail(message.error());
    return message;
  }
  ++next_in_;
  return message;
}

std::optional<Errc> Channel::order(std::uint32_t seq) const {
  if (next_in_ >= kMaxMessages) return errc::sealed_exhausted;
  if (seq < next_in_) return errc::sealed_replayed;
  if (seq > next_in_) return errc::sealed_missing;
  return std::nullopt;
}

Result<Message> Channel::check(std::string_view text) {
  const auto value = wamp::decode(wamp::Serializer::json, as_bytes(text), kEnvelopeLimits);
  const Dict* envelope = value ? value->get_if<Dict>() : nullptr;
  if (envelope == nullptr || number_at(*envelope, "v") != kVersion) return refuse(errc::sealed_syntax);
  const auto sid = text_at(*envelope, "sid");
  const auto dir = text_at(*envelope, "dir");
  const auto seq = number_at(*envelope, "seq");
  const auto type = text_at(*envelope, "typ");
  const auto body = text_at(*envelope, "body");
  const Value* re = envelope->find("re");
  const bool first = next_in_ == 0;
  if (!sid || !dir || !seq || !type || !body || re == nullptr || !text_at(*envelope, "pad") ||
      (!re->is_null() && !re->text()) || *seq < 0 || *seq > kMaxMessages) {
    return refuse(errc::sealed_syntax);
  }
  if (*sid != session_) return refuse(errc::sealed_wrong_session);
  if (*dir != side_text(other(side_))) return refuse(errc::sealed_reflected);
  if (const auto wrong = order(static_cast<std::uint32_t>(*seq))) return refuse(*wrong);
  // Exactly the known members: v sid dir seq typ re body pad, and th in the first.
  if (envelope->size() != (first ? 9U : 8U)) return refuse(errc::sealed_syntax);
  if (first && text_at(*envelope, "th") != transcript_) return refuse(errc::sealed_wrong_session);
  Message message{std::string(*type), std::string(*body), std::string(re->text().value_or("")), false};
  if (side_ == Side::client && !message.mark.empty()) {
    if (questions_.erase(message.mark) == 0) return refuse(errc::sealed_stale_answer);
    message.is_answer = true;
  }
  return message;
}

}  // namespace redan::sealed
