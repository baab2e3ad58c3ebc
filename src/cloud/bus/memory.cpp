#include "cloud/bus/memory.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <map>
#include <optional>
#include <set>
#include <unordered_map>
#include <vector>

#include "cloud/errors.hpp"

namespace redan::cloud::bus {
namespace {

namespace asio = boost::asio;

constexpr std::size_t kMaxQueued = 64U << 20U;  ///< bytes published and not yet delivered

struct Entry {
  std::string pattern;
  std::string queue;
  std::function<void(const BusMessage&)> handler;
};

bool is_plain(std::string_view pattern) { return pattern.find_first_of("*>") == std::string_view::npos; }

/// Shared with the subscriptions, which may outlive the bus.
struct Table {
  void add(std::uint64_t id, Entry entry) {
    if (is_plain(entry.pattern)) {
      by_subject[entry.pattern].insert(id);
    } else {
      with_wildcards.insert(id);
    }
    entries[id] = std::make_shared<Entry>(std::move(entry));
  }
  void erase(std::uint64_t id) {
    const auto found = entries.find(id);
    if (found == entries.end()) return;
    with_wildcards.erase(id);
    if (const auto same = by_subject.find(found->second->pattern); same != by_subject.end()) {
      same->second.erase(id);
      if (same->second.empty()) by_subject.erase(same);
    }
    entries.erase(found);
  }

  std::map<std::uint64_t, std::shared_ptr<Entry>> entries;
  std::unordered_map<std::string, std::set<std::uint64_t>> by_subject;  ///< those without a wildcard
  std::set<std::uint64_t> with_wildcards;
  std::uint64_t next_id = 1;
  std::uint64_t turn = 0;  ///< queue groups take turns
  std::size_t queued = 0;
  std::set<asio::steady_timer*> waiting;  ///< requests
  bool ended = false;
};

class MemorySubscription : public Subscription {
 public:
  MemorySubscription(std::shared_ptr<Table> table, std::uint64_t id) : table_(std::move(table)), id_(id) {}
  ~MemorySubscription() override { table_->erase(id_); }
  MemorySubscription(const MemorySubscription&) = delete;
  MemorySubscription& operator=(const MemorySubscription&) = delete;

 private:
  std::shared_ptr<Table> table_;
  std::uint64_t id_;
};

/// The receivers of a message: every subscription without a queue, and one of each queue.
std::vector<std::uint64_t> receivers(Table& table, std::string_view subject) {
  std::vector<std::uint64_t> chosen;
  std::map<std::string, std::vector<std::uint64_t>> groups;
  const auto add = [&](std::uint64_t id) {
    const Entry& entry = *table.entries.at(id);
    if (entry.queue.empty()) {
      chosen.push_back(id);
    } else {
      groups[entry.queue].push_back(id);
    }
  };
  if (const auto same = table.by_subject.find(std::string(subject)); same != table.by_subject.end()) {
    for (const std::uint64_t id : same->second) add(id);
  }
  for (const std::uint64_t id : table.with_wildcards) {
    if (subject_fits(table.entries.at(id)->pattern, subject)) add(id);
  }
  for (const auto& [queue, ids] : groups) chosen.push_back(ids[table.turn++ % ids.size()]);
  return chosen;
}

class MemoryBus : public Bus {
 public:
  explicit MemoryBus(asio::io_context& io) : io_(io) {}
  ~MemoryBus() override {
    table_->ended = true;
    table_->entries.clear();
    table_->by_subject.clear();
    table_->with_wildcards.clear();
    for (asio::steady_timer* timer : table_->waiting) timer->cancel();
  }
  MemoryBus(const MemoryBus&) = delete;
  MemoryBus& operator=(const MemoryBus&) = delete;

  Result<void> publish(std::string_view subject, std::string_view payload) override {
    if (const auto sent = send(subject, payload, {}); !sent) return refuse(sent.error());
    return {};
  }

  Result<std::unique_ptr<Subscription>> subscribe(std::string subject, std::function<void(const BusMessage&)> handler,
                                                  std::string queue) override {
    if (!is_subject_pattern(subject) || (!queue.empty() && !is_subject_token(queue)) || !handler) {
      return refuse(Errc::invalid_argument);
    }
    const std::uint64_t id = table_->next_id++;
    table_->add(id, {std::move(subject), std::move(queue), std::move(handler)});
    return std::make_unique<MemorySubscription>(table_, id);
  }

  net::Task<Result<std::string>> request(std::string subject, std::string payload,
                                         std::chrono::milliseconds timeout) override {
    const std::string inbox = "_INBOX." + std::to_string(next_inbox_++);
    asio::steady_timer timer(io_, timeout);
    std::optional<std::string> reply;
    const auto listening = subscribe(inbox,
                                     [&](const BusMessage& message) {
                                       if (!reply) reply = std::string(message.payload);
                                       timer.cancel();
                                     },
                                     {});
    REDAN_CO_TRY(const auto sent, send(subject, payload, inbox));
    if (sent == 0) co_return refuse(errc::bus_no_responders);
    const std::shared_ptr<Table> table = table_;  // the bus may be destroyed meanwhile
    table->waiting.insert(&timer);
    co_await timer.async_wait(asio::as_tuple(asio::use_awaitable));
    table->waiting.erase(&timer);
    if (!reply) co_return refuse(table->ended ? errc::bus_disconnected : errc::bus_timeout);
    co_return std::move(*reply);
  }

  [[nodiscard]] bool is_connected() const override { return true; }

 private:
  /// Returns the number of receivers.
  Result<std::size_t> send(std::string_view subject, std::string_view payload, std::string_view reply_to) {
    if (!is_subject(subject)) return refuse(Errc::invalid_argument);
    if (payload.size() > kMaxBusPayload) return refuse(errc::bus_too_large);
    if (table_->queued + payload.size() > kMaxQueued) return refuse(errc::bus_full);
    std::vector<std::uint64_t> ids = receivers(*table_, subject);
    if (ids.empty()) return 0U;
    const std::size_t count = ids.size();
    table_->queued += payload.size();
    asio::post(io_, [table = table_, ids = std::move(ids), subject = std::string(subject),
                     payload = std::string(payload), reply_to = std::string(reply_to)] {
      table->queued -= payload.size();
      for (const std::uint64_t id : ids) {
        const auto found = table->entries.find(id);
        if (found == table->entries.end()) continue;
        const std::shared_ptr<Entry> entry = found->second;  // it may destroy itself
        entry->handler({subject, payload, reply_to});
      }
    });
    return count;
  }

  asio::io_context& io_;
  std::shared_ptr<Table> table_ = std::make_shared<Table>();
  std::uint64_t next_inbox_ = 1;
};

}  // namespace

std::unique_ptr<Bus> memory_bus(asio::io_context& io) { return std::make_unique<MemoryBus>(io); }

}  // namespace redan::cloud::bus
