#include "cmd/connect/session_figures.hpp"

#include <algorithm>
#include <boost/json.hpp>

namespace redan::cmd {
namespace {

namespace json = boost::json;

/// Reads the other end's {"bytes":...,"seconds":...}.
double rate_of(Bytes summary) {
  boost::system::error_code error;
  const json::value value = json::parse(std::string(as_text(summary)), error);
  if (error || !value.is_object()) return 0;
  const json::value* bytes = value.get_object().if_contains("bytes");
  const json::value* time = value.get_object().if_contains("seconds");
  if (bytes == nullptr || !bytes->is_number() || time == nullptr || !time->is_number()) return 0;
  const auto seconds = time->to_number<double>();
  return seconds > 0 ? bytes->to_number<double>() / seconds : 0;
}

}  // namespace

SessionFigures::Step SessionFigures::begin(TimePoint now) {
  if (stage_ != Stage::waiting) return Step::nothing;
  stage_ = Stage::pinging;
  return ping(now);
}

SessionFigures::Step SessionFigures::on_message(Channel channel, MessageKind kind, Bytes payload, TimePoint now) {
  if (channel == Channel::echo && stage_ == Stage::pinging) return on_echo(now);
  if (channel == Channel::down && stage_ == Stage::down) return on_down(kind, payload, now);
  if (channel != Channel::up || stage_ != Stage::up) return Step::nothing;
  stage_ = Stage::down;
  up_rate_ = rate_of(payload);
  return Step::ask_down;
}

SessionFigures::Step SessionFigures::ping(TimePoint now) {
  pinged_ = now;
  return Step::ping;
}

SessionFigures::Step SessionFigures::on_echo(TimePoint now) {
  round_trips_.push_back(now - pinged_);
  if (round_trips_.size() < kPings) return ping(now);
  std::sort(round_trips_.begin(), round_trips_.end());
  stage_ = Stage::up;
  return Step::send_up;
}

SessionFigures::Step SessionFigures::on_down(MessageKind kind, Bytes payload, TimePoint now) {
  if (kind == MessageKind::binary) {
    if (down_bytes_ == 0) down_start_ = now;
    down_bytes_ += payload.size();
    return Step::nothing;
  }
  stage_ = Stage::over;
  const double seconds = std::chrono::duration<double>(now - down_start_).count();
  if (down_bytes_ > 0 && seconds > 0) down_rate_ = static_cast<double>(down_bytes_) / seconds;
  return Step::finish;
}

double SessionFigures::percentile_us(double share) const {
  if (round_trips_.empty()) return 0;
  const auto index = static_cast<std::size_t>(share * static_cast<double>(round_trips_.size() - 1));
  return static_cast<double>(round_trips_[index].count()) / 1000;
}

}  // namespace redan::cmd
