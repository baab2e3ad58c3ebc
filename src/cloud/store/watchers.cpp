#include "cloud/store/watchers.hpp"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <deque>

namespace redan::cloud::store {

struct Watchers::Target : std::enable_shared_from_this<Target> {
  Target(boost::asio::io_context& loop, KeyRange range, Revision told, Handler teller)
      : io(loop), keys(std::move(range)), since(told), handler(std::move(teller)) {}

  [[nodiscard]] bool concerns(const WatchEvent& event) const {
    if (const auto* put = std::get_if<PutSeen>(&event)) {
      return put->entry.modified > since && keys.contains(put->entry.key);
    }
    if (const auto* erased = std::get_if<EraseSeen>(&event)) {
      return erased->revision > since && keys.contains(erased->key);
    }
    if (const auto* fresh = std::get_if<UpToDate>(&event)) return fresh->revision >= since;
    return true;
  }

  void push(const WatchEvent& event) {
    if (ended || !concerns(event)) return;
    queue.push_back(event);
    if (queue.size() == 1) {
      boost::asio::post(io, [self = shared_from_this()] { self->drain(); });
    }
  }

  void drain() {
    while (!ended && !queue.empty()) {
      const WatchEvent event = std::move(queue.front());
      if (std::holds_alternative<WatchLost>(event)) ended = true;
      handler(event);
      queue.pop_front();
    }
    queue.clear();
  }

  boost::asio::io_context& io;
  KeyRange keys;
  Revision since;
  Handler handler;
  std::deque<WatchEvent> queue;  ///< a drain is under way while it is not empty
  bool ended = false;
};

namespace {

class Handle final : public Watch {
 public:
  explicit Handle(std::shared_ptr<Watchers::Target> target) : target_(std::move(target)) {}
  ~Handle() override { target_->ended = true; }
  Handle(const Handle&) = delete;
  Handle& operator=(const Handle&) = delete;

 private:
  std::shared_ptr<Watchers::Target> target_;
};

}  // namespace

void Watchers::lose_older_than(Revision revision) {
  for (const auto& weak : targets_) {
    if (const auto target = weak.lock(); target && target->since < revision) target->push(WatchLost{});
  }
}

void Watchers::end() {
  for (const auto& weak : targets_) {
    if (const auto target = weak.lock()) target->ended = true;
  }
}

std::unique_ptr<Watch> Watchers::add(std::string_view prefix, Revision since, Handler handler,
                                     std::vector<WatchEvent> missed) {
  auto target = std::make_shared<Target>(io_, keys_below(prefix), since, std::move(handler));
  for (const WatchEvent& event : missed) target->push(event);
  if (!missed.empty()) target->since = std::max(since, revision_of(missed.back()));
  targets_.push_back(target);
  return std::make_unique<Handle>(std::move(target));
}

void Watchers::notify(const WatchEvent& event) {
  drop_ended();
  for (const auto& weak : targets_) {
    if (const auto target = weak.lock()) target->push(event);
  }
}

bool Watchers::empty() {
  drop_ended();
  return targets_.empty();
}

void Watchers::drop_ended() {
  std::erase_if(targets_, [](const auto& weak) {
    const auto target = weak.lock();
    return !target || target->ended;
  });
}

Revision revision_of(const WatchEvent& event) {
  if (const auto* put = std::get_if<PutSeen>(&event)) return put->entry.modified;
  if (const auto* erased = std::get_if<EraseSeen>(&event)) return erased->revision;
  if (const auto* fresh = std::get_if<UpToDate>(&event)) return fresh->revision;
  return {};
}

}  // namespace redan::cloud::store
