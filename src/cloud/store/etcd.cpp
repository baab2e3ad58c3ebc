#include "cloud/store/etcd.hpp"

#include <algorithm>

#include "cloud/errors.hpp"
#include "cloud/store/etcd_commits.hpp"
#include "cloud/store/etcd_feed.hpp"
#include "net/errors.hpp"

namespace redan::cloud::store {

namespace {

class EtcdStore final : public Store {
 public:
  EtcdStore(boost::asio::io_context& io, const EtcdConfig& config, EtcdCluster::Report report)
      : keys_(config.prefix),
        cluster_(std::make_shared<EtcdCluster>(io, config, std::move(report))),
        commits_(io, *cluster_, keys_),
        feed_(io, cluster_, keys_) {}
  ~EtcdStore() override { cluster_->silence(); }
  EtcdStore(const EtcdStore&) = delete;
  EtcdStore& operator=(const EtcdStore&) = delete;

  net::Task<Result<std::optional<Entry>>> get(std::string key) override;
  net::Task<Result<Listing>> list(std::string prefix, std::string after, std::size_t limit) override;
  net::Task<Result<Revision>> commit(std::vector<Change> changes) override;
  std::unique_ptr<Watch> watch(std::string prefix, Revision since,
                               std::function<void(const WatchEvent&)> handler) override;
  net::Task<Result<LeaseId>> grant_lease(std::chrono::seconds ttl) override;
  net::Task<Result<void>> keep_alive(LeaseId lease) override;
  net::Task<Result<void>> revoke_lease(LeaseId lease) override;

 private:
  net::Task<Result<EtcdRangeAnswer>> range(EtcdRange range);
  net::Task<Result<Revision>> check(EtcdTransaction transaction);
  net::Task<EtcdAnswer> call(const char* path, std::string body);

  EtcdKeys keys_;
  std::shared_ptr<EtcdCluster> cluster_;
  EtcdCommits commits_;
  EtcdFeed feed_;
};

// The error code of a failed call that the caller may repeat.
Errc code_of_read(const EtcdFailure& failure) {
  return failure.kind == EtcdFailure::Kind::unknown && failure.code != errc::store_failed ? errc::store_no_majority
                                                                                          : failure.code;
}

Errc code_of_write(const EtcdFailure& failure) {
  return failure.kind == EtcdFailure::Kind::unknown ? errc::store_unknown_outcome : failure.code;
}

/// nullopt: the expectation can never hold. No entry has revision 0, but etcd uses 0 for "absent".
std::optional<EtcdTransaction> transaction_of(std::vector<Change> changes, const EtcdKeys& keys) {
  EtcdTransaction transaction;
  for (Change& change : changes) {
    const std::string key = keys.of(key_of(change));
    if (const auto* unchanged = std::get_if<Unchanged>(&expect_of(change))) {
      if (unchanged->since == Revision{}) return std::nullopt;
      transaction.compares.push_back(
          {key, EtcdCompare::Target::modified, EtcdCompare::Relation::equal, unchanged->since});
    } else if (std::holds_alternative<Absent>(expect_of(change))) {
      transaction.compares.push_back({key, EtcdCompare::Target::created, EtcdCompare::Relation::equal, Revision{}});
    }
    if (auto* put = std::get_if<Put>(&change)) {
      transaction.success.emplace_back(EtcdPut{key, std::move(put->value), put->lease});
    } else if (std::holds_alternative<Erase>(change)) {
      transaction.success.emplace_back(EtcdErase{key});
    }
  }
  return transaction;
}

net::Task<EtcdAnswer> EtcdStore::call(const char* path, std::string body) {
  EtcdCluster::Body again = [body = std::move(body)](bool) { return body; };
  std::string where = path;
  co_return co_await cluster_->call(std::move(where), std::move(again), cluster_->deadline());
}

net::Task<Result<EtcdRangeAnswer>> EtcdStore::range(EtcdRange range) {
  for (;;) {
    const EtcdAnswer answer = co_await call("/v3/kv/range", write(range));
    if (answer) {
      auto parsed = parse_range(*answer);
      if (!parsed) co_return refuse(errc::store_failed);
      co_return std::move(*parsed);
    }
    // Large values: retry with a smaller limit.
    if (answer.error().code != net::errc::http_too_large || range.limit == 1)
      co_return refuse(code_of_read(answer.error()));
    range.limit = std::max<std::size_t>(std::min<std::size_t>(range.limit, 1024) / 4, 1);
  }
}

net::Task<Result<std::optional<Entry>>> EtcdStore::get(std::string key) {
  REDAN_CO_CHECK(check_key(key));
  EtcdRange one{{keys_.of(key), std::nullopt}, 1, EtcdRange::Width::one_key};
  REDAN_CO_TRY(auto found, co_await range(std::move(one)));
  if (found.entries.empty()) co_return std::optional<Entry>();
  Entry entry = std::move(found.entries[0]);
  entry.key = std::move(key);
  co_return std::optional(std::move(entry));
}

net::Task<Result<Listing>> EtcdStore::list(std::string prefix, std::string after, std::size_t limit) {
  REDAN_CO_CHECK(check_listing(prefix, after, limit));
  KeyRange keys = keys_below(keys_.of(prefix), after.empty() ? std::string() : keys_.of(after));
  // etcd refuses a range that ends before it begins; use an empty range after the entries instead.
  if (keys.empty()) keys = {*keys.end, *keys.end + '\0'};
  EtcdRange several{std::move(keys), limit};
  REDAN_CO_TRY(auto found, co_await range(std::move(several)));
  Listing listing{{}, found.more, found.revision};
  for (Entry& entry : found.entries) {
    if (!entry.key.starts_with(keys_.entries)) continue;
    entry.key = keys_.without(entry.key);
    listing.entries.push_back(std::move(entry));
  }
  co_return listing;
}

net::Task<Result<Revision>> EtcdStore::commit(std::vector<Change> changes) {
  REDAN_CO_CHECK(check_commit(changes));
  auto transaction = transaction_of(std::move(changes), keys_);
  if (!transaction) co_return refuse(errc::store_conflict);
  if (transaction->success.empty()) co_return co_await check(std::move(*transaction));
  co_return co_await commits_.commit(std::move(*transaction));
}

net::Task<Result<Revision>> EtcdStore::check(EtcdTransaction transaction) {
  const EtcdAnswer answer = co_await call("/v3/kv/txn", write(transaction));
  if (!answer) co_return refuse(code_of_read(answer.error()));
  const auto parsed = parse_transaction(*answer);
  if (!parsed) co_return refuse(errc::store_failed);
  if (!parsed->succeeded) co_return refuse(errc::store_conflict);
  co_return parsed->revision;
}

std::unique_ptr<Watch> EtcdStore::watch(std::string prefix, Revision since,
                                        std::function<void(const WatchEvent&)> handler) {
  return feed_.watch(prefix, since, std::move(handler));
}

net::Task<Result<LeaseId>> EtcdStore::grant_lease(std::chrono::seconds ttl) {
  REDAN_CO_CHECK(check_ttl(ttl));
  const EtcdAnswer answer = co_await call("/v3/lease/grant", write_lease_grant(ttl));
  // An unknown lease expires by itself.
  if (!answer) co_return refuse(code_of_read(answer.error()));
  const auto granted = parse_lease(*answer);
  if (!granted) co_return refuse(errc::store_failed);
  co_return granted->lease;
}

net::Task<Result<void>> EtcdStore::keep_alive(LeaseId lease) {
  if (lease == LeaseId{}) co_return refuse(errc::store_conflict);
  const EtcdAnswer answer = co_await call("/v3/lease/keepalive", write_lease_id(lease));
  if (!answer) co_return refuse(code_of_read(answer.error()));
  const auto kept = parse_lease(*answer);
  if (!kept) co_return refuse(errc::store_failed);
  if (kept->ttl.count() == 0) co_return refuse(errc::store_conflict);
  co_return Result<void>();
}

net::Task<Result<void>> EtcdStore::revoke_lease(LeaseId lease) {
  if (lease == LeaseId{}) co_return refuse(errc::store_conflict);
  const EtcdAnswer answer = co_await call("/v3/lease/revoke", write_lease_id(lease));
  if (answer) co_return Result<void>();
  const EtcdFailure& failure = answer.error();
  // It is gone, possibly by an earlier attempt of ours whose answer was lost.
  if (failure.code == errc::store_conflict && failure.kind == EtcdFailure::Kind::unknown) co_return Result<void>();
  co_return refuse(code_of_write(failure));
}

}  // namespace

std::unique_ptr<Store> etcd_store(boost::asio::io_context& io, EtcdConfig config,
                                  std::function<void(const StoreFailure&)> report) {
  return std::make_unique<EtcdStore>(io, config, std::move(report));
}

}  // namespace redan::cloud::store
