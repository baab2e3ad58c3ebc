#include "rtc/stun/transaction.hpp"

namespace redan::stun {

Transaction::Transaction(TimePoint now, Transport transport, RandomSource& random, const Timing& timing)
    : transport_(transport), timing_(timing), deadline_(now) {
  random.random(id_);
}

Transaction::Due Transaction::poll(TimePoint now) {
  if (now < deadline_) return Due::nothing;
  const int limit = transport_ == Transport::stream ? 1 : timing_.rc;
  if (transmissions_ == limit) {
    deadline_ = kNever;
    return Due::timeout;
  }
  const Duration doubled = timing_.rto * (std::int64_t{1} << transmissions_);
  ++transmissions_;
  sent_ = now;
  const bool last = transmissions_ == limit;
  deadline_ = now + (transport_ == Transport::stream ? timing_.ti : last ? timing_.rto * timing_.rm : doubled);
  return Due::transmit;
}

std::optional<Duration> Transaction::rtt(TimePoint now) const {
  if (transmissions_ != 1) return std::nullopt;
  return now - sent_;
}

}  // namespace redan::stun
