#include "rtc/ice/responder.hpp"

namespace redan::ice {

Responder::Responder(Credentials local, Provider& provider) : current_{std::move(local), nullptr} {
  current_.hmac = provider.hmac(HashAlgorithm::sha1, as_bytes(current_.credentials.pwd));
}

void Responder::restart(Credentials local, Provider& provider) {
  auto hmac = provider.hmac(HashAlgorithm::sha1, as_bytes(local.pwd));
  previous_ = std::exchange(current_, {std::move(local), std::move(hmac)});
  remote_ufrag_.reset();
}

// RFC 8445 section 7.2.2: USERNAME is "our ufrag:their ufrag".
Authenticity Responder::authenticate(const stun::Message& request, Counters<Drop>& drops) {
  const std::string_view username = request.username.value_or("");
  const std::size_t colon = username.find(':');
  const std::string_view ours = username.substr(0, colon);
  const std::string_view theirs = colon == std::string_view::npos ? "" : username.substr(colon + 1);
  const bool by_previous = previous_ && ours == previous_->credentials.ufrag && ours != current_.credentials.ufrag;
  const bool theirs_match = !remote_ufrag_ || by_previous || theirs == *remote_ufrag_;
  if ((!by_previous && ours != current_.credentials.ufrag) || !theirs_match) {
    drops.add(Drop::wrong_username);
    return Authenticity::none;
  }
  if (!request.verify_integrity(by_previous ? *previous_->hmac : *current_.hmac)) {
    drops.add(Drop::wrong_integrity);
    return Authenticity::none;
  }
  ++statistics_.requests_received;
  if (!by_previous && count_ == 0) previous_.reset();
  authenticated_by_previous_ = by_previous;
  return seen_.insert(request.transaction) ? Authenticity::fresh : Authenticity::repeated;
}

void Responder::push(const Path& path, const stun::Message& request, Answer answer, Counters<Drop>& drops) {
  if (count_ == kMaxPending) return drops.add(Drop::queue_full);
  pending_[(first_ + count_++) % kMaxPending] = {
      path, request.transaction, answer, authenticated_by_previous_, request.unknown, request.unknown_count};
}

void Responder::succeed(const Path& path, const stun::Message& request, Counters<Drop>& drops) {
  push(path, request, Answer::success, drops);
}
void Responder::refuse_role(const Path& path, const stun::Message& request, Counters<Drop>& drops) {
  push(path, request, Answer::role_conflict, drops);
}
void Responder::refuse_unknown(const Path& path, const stun::Message& request, Counters<Drop>& drops) {
  push(path, request, Answer::unknown_attribute, drops);
}

void Responder::withdraw(const Path& path) {
  for (std::size_t i = 0; i < count_; ++i) {
    Pending& pending = pending_[(first_ + i) % kMaxPending];
    if (pending.path == path) pending.answer = Answer::none;
  }
}

std::optional<Transmit> Responder::poll(MutableBytes buffer) {
  while (count_ != 0) {
    const Pending& next = pending_[first_];
    first_ = (first_ + 1) % kMaxPending;
    --count_;
    if (next.answer == Answer::none) continue;
    ++statistics_.responses_sent;
    return Transmit{next.path, write(next, buffer)};
  }
  return std::nullopt;
}

MutableBytes Responder::write(const Pending& next, MutableBytes buffer) {
  const bool success = next.answer == Answer::success;
  stun::MessageBuilder builder(buffer, success ? stun::Class::success : stun::Class::error, next.transaction);
  if (success) builder.xor_mapped_address(next.path.remote);
  if (next.answer == Answer::role_conflict) builder.error_code(487, "Role Conflict");  // RFC 8445 section 7.3.1.1
  if (next.answer == Answer::unknown_attribute) {
    builder.error_code(420, "Unknown Attribute");  // RFC 8489 section 14.8
    builder.unknown_attributes(std::span(next.unknown).first(next.unknown_count));
  }
  return builder.finish(next.previous_key && previous_ ? *previous_->hmac : *current_.hmac);
}

}  // namespace redan::ice
