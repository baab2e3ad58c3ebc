#include "cmd/demo/attack/hostile_bus.hpp"

namespace redan::cmd {
namespace {

constexpr std::size_t kMaxRemembered = 1024;
constexpr std::string_view kSessions = "as.v1.session.";

bool is_signalling(std::string_view subject, std::string_view leaf) {
  return subject.starts_with(kSessions) && subject.ends_with(leaf);
}

}  // namespace

Result<void> HostileBus::publish(std::string_view subject, std::string_view payload) {
  if (!is_signalling(subject, ".down")) return bus_.publish(subject, payload);
  return bus_.publish(subject, rewritten(Direction::to_runtime, payload));
}

Result<std::unique_ptr<cloud::bus::Subscription>> HostileBus::subscribe(
    std::string subject, std::function<void(const cloud::bus::BusMessage&)> handler, std::string queue) {
  if (!is_signalling(subject, ".up")) return bus_.subscribe(std::move(subject), std::move(handler), std::move(queue));
  const auto rewrite = [this, handler = std::move(handler)](const cloud::bus::BusMessage& message) {
    const std::string payload = rewritten(Direction::to_client, message.payload);
    handler({message.subject, payload, message.reply_to});
  };
  return bus_.subscribe(std::move(subject), rewrite, std::move(queue));
}

net::Task<Result<std::string>> HostileBus::request(std::string subject, std::string payload,
                                                   std::chrono::milliseconds timeout) {
  return bus_.request(std::move(subject), std::move(payload), timeout);
}

std::string HostileBus::rewritten(Direction direction, std::string_view payload) {
  auto frame = cloud::bus::LinkFrame::parse(payload);
  if (!frame || frame->seq == 0) return std::string(payload);
  const Key key{direction, frame->link, frame->seq};
  auto said = said_.find(key);
  if (said == said_.end()) {
    std::string body = direction == Direction::to_runtime ? carrier_.to_runtime(frame->link, frame->body)
                                                          : carrier_.to_client(frame->link, frame->body);
    said = said_.emplace(key, std::move(body)).first;
    oldest_.push_back(key);
  }
  frame->body = said->second;
  if (oldest_.size() > kMaxRemembered) {
    said_.erase(oldest_.front());
    oldest_.pop_front();
  }
  return frame->text();
}

}  // namespace redan::cmd
