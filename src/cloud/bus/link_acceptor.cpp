#include "cloud/bus/link_acceptor.hpp"

#include <algorithm>

namespace redan::cloud::bus {

void LinkAcceptor::handle_input(TimePoint now, const LinkFrame& frame) {
  auto found = links_.find(frame.link);
  if (found == links_.end()) {
    const bool was_here = std::find(ended_.begin(), ended_.end(), frame.link) != ended_.end();
    // The first frame may have been lost or overtaken: an end that has received nothing yet is new.
    const bool is_new = frame.seq != 0 && frame.ack == 0;
    if (!is_new || was_here || links_.size() >= kMaxLinks) {
      auto reset = reset_for(frame);
      if (reset && resets_.size() < kMaxLinks) resets_.push_back(std::move(*reset));
      return;
    }
    found = links_.emplace(frame.link, Link(frame.link, limits_)).first;
  }
  found->second.handle_input(now, frame);
}

LinkAcceptor::Output LinkAcceptor::poll_output(TimePoint now) {
  if (!resets_.empty()) {
    Link::Transmit reset{std::move(resets_.front())};
    resets_.pop_front();
    return reset;
  }
  TimePoint next = kNever;
  for (auto entry = links_.begin(); entry != links_.end(); ++entry) {
    Link::Output output = entry->second.poll_output(now);
    if (const auto* wait = std::get_if<Wait>(&output)) {
      next = std::min(next, wait->until);
      continue;
    }
    if (auto* transmit = std::get_if<Link::Transmit>(&output)) return std::move(*transmit);
    if (auto* deliver = std::get_if<Link::Deliver>(&output)) return Deliver{entry->first, std::move(deliver->body)};
    const Ended ended{entry->first, std::get<Link::Ended>(output).why};
    links_.erase(entry);
    ended_.push_back(ended.link);
    if (ended_.size() > kMaxRemembered) ended_.pop_front();
    return ended;
  }
  return Wait{next};
}

Result<void> LinkAcceptor::send(TimePoint now, const std::string& link, std::string body) {
  const auto found = links_.find(link);
  if (found == links_.end()) return refuse(Errc::not_connected);
  return found->second.send(now, std::move(body));
}

void LinkAcceptor::close(const std::string& link, std::string_view how) {
  const auto found = links_.find(link);
  if (found != links_.end()) found->second.close(how);
}

void LinkAcceptor::retransmit_now(TimePoint now) {
  for (auto& [id, link] : links_) link.retransmit_now(now);
}

}  // namespace redan::cloud::bus
