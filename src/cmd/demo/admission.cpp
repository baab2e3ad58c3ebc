#include "cmd/demo/admission.hpp"

#include "base/base64.hpp"

namespace redan::cmd {

Admission::Admission(RandomSource& random) : random_(random), token_(make_secret()) {}

std::string Admission::make_secret() {
  std::array<std::uint8_t, 16> bytes{};
  random_.random(bytes);
  return to_base64(bytes, Base64::url);
}

bool Admission::guess(TimePoint now, bool right) {
  if (now - minute_ > std::chrono::minutes(1)) {
    minute_ = now;
    failures_ = 0;
  }
  if (failures_ >= kMaxFailures) return false;
  failures_ += right ? 0 : 1;
  return right;
}

std::optional<std::string> Admission::redeem_token(TimePoint now, std::string_view token) {
  if (!guess(now, equal_in_constant_time(as_bytes(token), as_bytes(token_)))) return std::nullopt;
  token_ = make_secret();
  if (sessions_.size() == kMaxSessions) sessions_.erase(sessions_.begin());
  sessions_.push_back(make_secret());
  return sessions_.back();
}

bool Admission::resume(TimePoint now, std::string_view session) {
  bool known = false;
  for (const std::string& each : sessions_) known = equal_in_constant_time(as_bytes(session), as_bytes(each)) || known;
  return guess(now, known);
}

}  // namespace redan::cmd
