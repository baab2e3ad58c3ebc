#include "cloud/bus/link.hpp"

#include <boost/json/serialize.hpp>

#include "cloud/api/record.hpp"
#include "cloud/bus/bus.hpp"
#include "cloud/errors.hpp"

namespace redan::cloud::bus {
namespace {

namespace json = boost::json;

constexpr std::size_t kMaxFrame = 400 * 1024;
constexpr unsigned kMaxBackoff = 4;  ///< the pause doubles this often: 200 ms to 3.2 s

Errc reason_of(std::string_view end) {
  if (end == "displaced") return errc::link_displaced;
  if (end == "timeout") return errc::link_timeout;
  return end == "lost" ? errc::link_lost : Errc::not_connected;
}

}  // namespace

std::string LinkFrame::text() const {
  json::object object{{"v", 1}, {"link", link}};
  if (seq != 0) object["seq"] = seq;
  if (ack != 0) object["ack"] = ack;
  if (seq != 0) object["body"] = body;
  if (!end.empty()) object["end"] = end;
  return json::serialize(object);
}

std::optional<LinkFrame> LinkFrame::parse(std::string_view text) {
  if (text.size() > kMaxFrame) return std::nullopt;
  api::RecordReader record(text);
  LinkFrame frame;
  const std::int64_t version = record.integer("v");
  const std::int64_t seq = record.integer_or("seq", 0), ack = record.integer_or("ack", 0);
  frame.link = record.text("link");
  frame.body = record.text_or("body", "");
  frame.end = record.text_or("end", "");
  if (!record.ok() || version != 1 || seq < 0 || ack < 0 || !is_subject_token(frame.link)) return std::nullopt;
  if ((seq == 0) != !record.has("body") || (!frame.end.empty() && !is_subject_token(frame.end))) return std::nullopt;
  frame.seq = static_cast<std::uint64_t>(seq);
  frame.ack = static_cast<std::uint64_t>(ack);
  return frame;
}

Result<void> Link::send(TimePoint now, std::string body) {
  if (ended()) return refuse(Errc::not_connected);
  if (body.size() > limits_.max_message) return refuse(Errc::channel_message_too_large);
  if (unacknowledged_.size() >= limits_.max_messages || unacknowledged_bytes_ + body.size() > limits_.max_bytes) {
    return refuse(Errc::would_block);
  }
  unacknowledged_bytes_ += body.size();
  unacknowledged_.push_back({next_seq_++, std::move(body), now});
  return {};
}

void Link::acknowledge(std::uint64_t ack) {
  bool progress = false;
  while (!unacknowledged_.empty() && unacknowledged_.front().seq <= ack) {
    unacknowledged_bytes_ -= unacknowledged_.front().body.size();
    unacknowledged_.pop_front();
    progress = true;
  }
  if (progress) resends_ = 0;
  if (unacknowledged_.empty()) resend_at_ = kNever;
}

void Link::accept(const LinkFrame& frame) {
  acknowledge_ = true;
  if (frame.seq <= received_ || early_.contains(frame.seq)) return;  // a duplicate
  if (frame.seq - received_ > limits_.max_messages || early_bytes_ + frame.body.size() > limits_.max_bytes) return;
  early_bytes_ += frame.body.size();
  early_.emplace(frame.seq, frame.body);
  for (auto next = early_.begin(); next != early_.end() && next->first == received_ + 1; next = early_.erase(next)) {
    ++received_;
    early_bytes_ -= next->second.size();
    deliverable_.push_back(std::move(next->second));
  }
}

void Link::handle_input(TimePoint, const LinkFrame& frame) {
  if (ended() || frame.link != id_) return;
  // An acknowledgement of a number that was never sent belongs to an earlier incarnation of this link.
  if (frame.ack < next_seq_) acknowledge(frame.ack);
  if (frame.seq != 0) accept(frame);
  if (!frame.end.empty()) {
    state_ = State::ending;
    why_ = reason_of(frame.end);
  }
}

Link::Output Link::poll_output(TimePoint now) {
  if (!deliverable_.empty()) {
    Deliver deliver{std::move(deliverable_.front())};
    deliverable_.pop_front();
    return deliver;
  }
  if (state_ == State::open && !unacknowledged_.empty() &&
      now - unacknowledged_.front().first_sent >= limits_.timeout) {
    close("timeout");
    why_ = errc::link_timeout;
  }
  if (state_ == State::ending) {
    if (!end_frame_.empty()) {
      // Messages sent before the end are delivered before it.
      for (Pending& pending : unacknowledged_) {
        if (std::exchange(pending.due, false)) return Transmit{{id_, pending.seq, received_, pending.body, {}}};
      }
      LinkFrame frame{id_, 0, received_, {}, std::exchange(end_frame_, {})};
      return Transmit{std::move(frame)};
    }
    state_ = State::ended;
    unacknowledged_.clear();
    early_.clear();
    return Ended{why_};
  }
  if (state_ == State::ended) return Wait{kNever};
  if (now >= resend_at_) {
    for (Pending& pending : unacknowledged_) pending.due = true;
    resend_at_ = kNever;
    ++resends_;
  }
  for (Pending& pending : unacknowledged_) {
    if (!pending.due) continue;
    pending.due = false;
    acknowledge_ = false;
    if (resend_at_ == kNever) resend_at_ = now + limits_.resend * (1U << std::min(resends_, kMaxBackoff));
    return Transmit{{id_, pending.seq, received_, pending.body, {}}};
  }
  if (acknowledge_) {
    acknowledge_ = false;
    return Transmit{{id_, 0, received_, {}, {}}};
  }
  if (unacknowledged_.empty()) return Wait{kNever};
  return Wait{std::min(resend_at_, unacknowledged_.front().first_sent + limits_.timeout)};
}

void Link::retransmit_now(TimePoint now) {
  resends_ = 0;
  if (!unacknowledged_.empty()) resend_at_ = now;
}

void Link::close(std::string_view how) {
  if (ended()) return;
  state_ = State::ending;
  end_frame_ = how;
  why_ = Errc::closed_locally;
}

std::optional<LinkFrame> reset_for(const LinkFrame& frame) {
  if (!frame.end.empty()) return std::nullopt;
  return LinkFrame{frame.link, 0, 0, {}, "lost"};
}

}  // namespace redan::cloud::bus
