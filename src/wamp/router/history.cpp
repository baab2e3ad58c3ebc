#include "wamp/router/history.hpp"

#include <algorithm>

namespace redan::wamp {
namespace {

std::size_t size_of(const Value& value);

std::size_t size_of(const Dict& dict) {
  std::size_t size = 0;
  for (const auto& [key, value] : dict) size += sizeof(Dict::Entry) + key.size() + size_of(value);
  return size;
}

std::size_t size_of(const List& list) {
  std::size_t size = 0;
  for (const Value& value : list) size += size_of(value);
  return size;
}

std::size_t size_of(const Value& value) {
  constexpr std::size_t kEach = sizeof(Value);
  if (const auto* text = value.get_if<std::string>()) return kEach + text->size();
  if (const auto* bytes = value.get_if<Binary>()) return kEach + bytes->size();
  if (const auto* list = value.get_if<List>()) return kEach + size_of(*list);
  if (const auto* dict = value.get_if<Dict>()) return kEach + size_of(*dict);
  return kEach;
}

std::size_t size_of(const PastEvent& event) {
  return sizeof event + event.topic.size() + size_of(event.details) + size_of(event.payload.args) +
         size_of(event.payload.kwargs) + (event.payload.sealed ? event.payload.sealed->size() : 0);
}

}  // namespace

void History::add(PastEvent event) {
  const std::size_t bytes = size_of(event);
  if (!keeps() || bytes > limits_.max_bytes) return;
  const auto topic = by_topic_.find(event.topic);
  if (topic != by_topic_.end() && topic->second.size() >= limits_.events_per_topic) drop(topic->second.front());
  while (!events_.empty() && (events_.size() >= limits_.max_events || bytes_ + bytes > limits_.max_bytes)) {
    drop(events_.begin());
  }
  bytes_ += bytes;
  const auto added = events_.insert(events_.end(), {std::move(event), bytes});
  by_topic_[added->event.topic].push_back(added);
}

void History::drop(RetainedEvents::iterator oldest) {
  const auto topic = by_topic_.find(oldest->event.topic);
  topic->second.pop_front();
  if (topic->second.empty()) by_topic_.erase(topic);
  bytes_ -= oldest->bytes;
  events_.erase(oldest);
}

std::vector<const PastEvent*> History::last(Match match, std::string_view pattern, std::size_t limit) const {
  std::vector<const PastEvent*> found;
  for (auto at = events_.rbegin(); at != events_.rend() && found.size() < limit; ++at) {
    if (matches(match, pattern, at->event.topic)) found.push_back(&at->event);
  }
  std::reverse(found.begin(), found.end());
  return found;
}

}  // namespace redan::wamp
