#include "cloud/store/memory.hpp"

#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <deque>
#include <map>
#include <unordered_map>

#include "cloud/errors.hpp"
#include "cloud/store/ticker.hpp"
#include "cloud/store/watchers.hpp"

namespace redan::cloud::store {

namespace {

namespace asio = boost::asio;
using SteadyClock = std::chrono::steady_clock;

constexpr std::size_t kMaxHistory = 10'000;
constexpr std::chrono::milliseconds kTick{500};

struct Stored {
  Entry entry;
  LeaseId lease{};
};

struct Lease {
  std::chrono::seconds ttl;
  SteadyClock::time_point end;
};

class MemoryStore final : public Store {
 public:
  explicit MemoryStore(asio::io_context& io) : io_(io), watchers_(io), ticker_(io, kTick, [this] { tick(); }) {}

  net::Task<Result<std::optional<Entry>>> get(std::string key) override;
  net::Task<Result<Listing>> list(std::string prefix, std::string after, std::size_t limit) override;
  net::Task<Result<Revision>> commit(std::vector<Change> changes) override;
  std::unique_ptr<Watch> watch(std::string prefix, Revision since, Watchers::Handler handler) override;
  net::Task<Result<LeaseId>> grant_lease(std::chrono::seconds ttl) override;
  net::Task<Result<void>> keep_alive(LeaseId lease) override;
  net::Task<Result<void>> revoke_lease(LeaseId lease) override;

 private:
  [[nodiscard]] bool may(const Change& change) const;
  bool apply(const Put& put, Revision revision);
  bool apply(const Erase& erase, Revision revision);
  bool apply(const Check& /*check*/, Revision /*revision*/) { return false; }
  Revision apply(const std::vector<Change>& changes);
  void end_lease(LeaseId lease);
  void remember(WatchEvent event);
  void tick();

  asio::io_context& io_;
  std::map<std::string, Stored> entries_;
  Revision revision_{};
  std::unordered_map<LeaseId, Lease> leases_;
  LeaseId last_lease_{};
  std::deque<WatchEvent> history_;  ///< every change after `forgotten_`
  Revision forgotten_{};
  Watchers watchers_;
  Ticker ticker_;  ///< runs while there is a lease or a watch
};

net::Task<Result<std::optional<Entry>>> MemoryStore::get(std::string key) {
  REDAN_CO_CHECK(check_key(key));
  co_await asio::post(io_, asio::use_awaitable);
  const auto found = entries_.find(key);
  if (found == entries_.end()) co_return std::optional<Entry>();
  co_return std::optional<Entry>(found->second.entry);
}

net::Task<Result<Listing>> MemoryStore::list(std::string prefix, std::string after, std::size_t limit) {
  REDAN_CO_CHECK(check_listing(prefix, after, limit));
  co_await asio::post(io_, asio::use_awaitable);
  const KeyRange keys = keys_below(prefix, after);
  Listing listing;
  listing.revision = revision_;
  for (auto at = entries_.lower_bound(keys.begin); at != entries_.end() && keys.contains(at->first); ++at) {
    if (listing.entries.size() == limit) {
      listing.more = true;
      break;
    }
    listing.entries.push_back(at->second.entry);
  }
  co_return listing;
}

net::Task<Result<Revision>> MemoryStore::commit(std::vector<Change> changes) {
  REDAN_CO_CHECK(check_commit(changes));
  co_await asio::post(io_, asio::use_awaitable);
  for (const Change& change : changes) {
    if (!may(change)) co_return refuse(errc::store_conflict);
  }
  co_return apply(changes);
}

std::unique_ptr<Watch> MemoryStore::watch(std::string prefix, Revision since, Watchers::Handler handler) {
  std::vector<WatchEvent> missed;
  if (since < forgotten_) {
    missed.emplace_back(WatchLost{});
  } else {
    // The watch skips changes that are not later than `since` or have another prefix.
    missed.assign(history_.begin(), history_.end());
    missed.emplace_back(UpToDate{revision_});
  }
  ticker_.start();
  return watchers_.add(prefix, since, std::move(handler), std::move(missed));
}

net::Task<Result<LeaseId>> MemoryStore::grant_lease(std::chrono::seconds ttl) {
  REDAN_CO_CHECK(check_ttl(ttl));
  co_await asio::post(io_, asio::use_awaitable);
  last_lease_.value++;
  leases_[last_lease_] = {ttl, SteadyClock::now() + ttl};
  ticker_.start();
  co_return last_lease_;
}

net::Task<Result<void>> MemoryStore::keep_alive(LeaseId lease) {
  co_await asio::post(io_, asio::use_awaitable);
  const auto found = leases_.find(lease);
  if (found == leases_.end()) co_return refuse(errc::store_conflict);
  found->second.end = SteadyClock::now() + found->second.ttl;
  co_return Result<void>();
}

net::Task<Result<void>> MemoryStore::revoke_lease(LeaseId lease) {
  co_await asio::post(io_, asio::use_awaitable);
  if (!leases_.contains(lease)) co_return refuse(errc::store_conflict);
  end_lease(lease);
  co_return Result<void>();
}

bool MemoryStore::may(const Change& change) const {
  if (const auto* put = std::get_if<Put>(&change)) {
    if (put->lease != LeaseId{} && !leases_.contains(put->lease)) return false;
  }
  const auto found = entries_.find(key_of(change));
  return holds(expect_of(change), found == entries_.end() ? std::nullopt : std::optional(found->second.entry.modified));
}

Revision MemoryStore::apply(const std::vector<Change>& changes) {
  const Revision next{revision_.value + 1};
  bool changed = false;
  for (const Change& change : changes) {
    changed |= std::visit([&](const auto& c) { return apply(c, next); }, change);
  }
  if (changed) revision_ = next;
  return revision_;
}

bool MemoryStore::apply(const Put& put, Revision revision) {
  Stored& stored = entries_[put.key];
  const Revision created = stored.entry.created == Revision{} ? revision : stored.entry.created;
  stored = {{put.key, put.value, created, revision}, put.lease};
  remember(PutSeen{stored.entry});
  return true;
}

bool MemoryStore::apply(const Erase& erase, Revision revision) {
  if (entries_.erase(erase.key) == 0) return false;
  remember(EraseSeen{erase.key, revision});
  return true;
}

void MemoryStore::end_lease(LeaseId lease) {
  leases_.erase(lease);
  std::vector<Change> erasures;
  for (const auto& [key, stored] : entries_) {
    if (stored.lease == lease) erasures.emplace_back(Erase{key});
  }
  apply(erasures);
}

void MemoryStore::remember(WatchEvent event) {
  watchers_.notify(event);
  history_.push_back(std::move(event));
  if (history_.size() <= kMaxHistory) return;
  forgotten_ = revision_of(history_.front());
  history_.pop_front();
}

void MemoryStore::tick() {
  std::vector<LeaseId> over;
  for (const auto& [id, lease] : leases_) {
    if (lease.end <= SteadyClock::now()) over.push_back(id);
  }
  for (const LeaseId id : over) end_lease(id);
  watchers_.notify(UpToDate{revision_});
  if (leases_.empty() && watchers_.empty()) ticker_.stop();
}

}  // namespace

std::unique_ptr<Store> memory_store(asio::io_context& io) { return std::make_unique<MemoryStore>(io); }

}  // namespace redan::cloud::store
