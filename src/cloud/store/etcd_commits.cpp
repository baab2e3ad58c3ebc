#include "cloud/store/etcd_commits.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "cloud/errors.hpp"
#include "net/clock.hpp"

namespace redan::cloud::store {

namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;

constexpr std::chrono::seconds kSessionTtl{60};
constexpr auto kRenewAfter = 20s;
// A commit is sent at once only if a majority has answered this recently. Otherwise it is preceded by a query: if that
// finds no majority, nothing is left uncertain.
constexpr auto kMajorityFresh = 1s;
constexpr int kMaxRounds = 3;

// The values of a slot after its last use.
constexpr const char* kMade = "made";
constexpr const char* kNotMade = "not made";

bool lost_lease(const EtcdFailure& failure) {
  return failure.kind == EtcdFailure::Kind::refused && failure.code == errc::store_conflict;
}

Errc code_of(const EtcdFailure& failure) {
  return failure.kind == EtcdFailure::Kind::unknown ? errc::store_unknown_outcome : failure.code;
}

}  // namespace

net::Task<Result<Revision>> EtcdCommits::commit(EtcdTransaction transaction) {
  const TimePoint until = cluster_.deadline();
  REDAN_CO_CHECK(co_await find_majority(until));
  for (int round = 0; round < kMaxRounds; ++round) {
    REDAN_CO_CHECK(co_await renew_session(until));
    const LeaseId session = session_;
    const Outcome outcome = co_await commit_with_slot(transaction, until);
    const bool no_lease = outcome && !*outcome && outcome->error() == Errc::invalid_argument;
    if (outcome && !no_lease) co_return *outcome;
    // A lease or a slot has disappeared: if not the session's, then the caller's lease.
    renewed_.reset();
    REDAN_CO_CHECK(co_await renew_session(until));
    if (no_lease && session == session_) co_return refuse(errc::store_conflict);
  }
  co_return refuse(errc::store_failed);
}

net::Task<Result<void>> EtcdCommits::find_majority(TimePoint until) {
  if (cluster_.majority_seen_within(kMajorityFresh)) co_return Result<void>();
  EtcdCluster::Body body = [this](bool) {
    return write(EtcdRange{{keys_.beacon, std::nullopt}, 1, EtcdRange::Width::one_key});
  };
  const EtcdAnswer answer = co_await cluster_.call("/v3/kv/range", std::move(body), until);
  if (!answer) {
    const bool refused = answer.error().code == errc::store_failed;
    co_return refuse(refused ? errc::store_failed : errc::store_no_majority);
  }
  co_return Result<void>();
}

net::Task<Result<void>> EtcdCommits::renew_session(TimePoint until) {
  // One renewal at a time; the other callers wait for it.
  while (renewing_ && net::now() < until) {
    asio::steady_timer timer(io_, std::chrono::milliseconds(1));
    co_await timer.async_wait(asio::as_tuple(asio::use_awaitable));
  }
  if (renewed_ && net::now() - *renewed_ < kRenewAfter) co_return Result<void>();
  renewing_ = true;
  auto renewed = co_await renew_alone(until);
  renewing_ = false;
  co_return renewed;
}

net::Task<Result<void>> EtcdCommits::renew_alone(TimePoint until) {
  if (session_ != LeaseId{}) {
    EtcdCluster::Body body = [this](bool) { return write_lease_id(session_); };
    const EtcdAnswer answer = co_await cluster_.call("/v3/lease/keepalive", std::move(body), until);
    if (!answer) co_return refuse(errc::store_no_majority);
    const auto lease = parse_lease(*answer);
    if (lease && lease->ttl.count() > 0) {
      renewed_ = net::now();
      co_return Result<void>();
    }
    session_ = LeaseId{};
    free_.clear();
  }
  EtcdCluster::Body body = [](bool) { return write_lease_grant(kSessionTtl); };
  const EtcdAnswer answer = co_await cluster_.call("/v3/lease/grant", std::move(body), until);
  if (!answer) co_return refuse(errc::store_no_majority);
  const auto lease = parse_lease(*answer);
  if (!lease) co_return refuse(errc::store_failed);
  session_ = lease->lease;
  renewed_ = net::now();
  co_return Result<void>();
}

EtcdCommits::Slot EtcdCommits::take_slot() {
  while (!free_.empty()) {
    Slot slot = std::move(free_.back());
    free_.pop_back();
    if (slot.session == session_) return slot;
  }
  return {keys_.commits + std::to_string(session_.value) + "/" + std::to_string(++last_number_), session_, Revision{}};
}

net::Task<EtcdCommits::Outcome> EtcdCommits::commit_with_slot(EtcdTransaction transaction, TimePoint until) {
  Slot slot = take_slot();
  transaction.compares.push_back(
      {slot.key, EtcdCompare::Target::modified, EtcdCompare::Relation::equal, slot.modified});
  transaction.success.emplace_back(EtcdPut{slot.key, kMade, slot.session});
  transaction.failure.emplace_back(EtcdRange{{slot.key, std::nullopt}, 1, EtcdRange::Width::one_key});
  bool repeated = false;
  EtcdCluster::Body body = [&transaction, &slot, &repeated](bool again) {
    if (again && !repeated) transaction.failure.emplace_back(EtcdPut{slot.key, kNotMade, slot.session});
    repeated = repeated || again;
    return write(transaction);
  };
  const EtcdAnswer answer = co_await cluster_.call("/v3/kv/txn", std::move(body), until);
  if (!answer) {
    // A slot in an unknown state is never reused.
    if (answer.error().kind != EtcdFailure::Kind::unknown) free_.push_back(slot);
    if (lost_lease(answer.error())) co_return Outcome(refuse(Errc::invalid_argument));
    co_return Outcome(refuse(code_of(answer.error())));
  }
  const auto parsed = parse_transaction(*answer);
  if (!parsed) co_return Outcome(refuse(errc::store_unknown_outcome));
  co_return judge(std::move(slot), *parsed, repeated);
}

EtcdCommits::Outcome EtcdCommits::judge(Slot slot, const EtcdTransactionAnswer& answer, bool again) {
  if (answer.succeeded) {
    slot.modified = answer.revision;
    free_.push_back(std::move(slot));
    return Result<Revision>(answer.revision);
  }
  if (answer.ranges.empty()) return Outcome(refuse(errc::store_unknown_outcome));
  const std::vector<Entry>& found = answer.ranges[0].entries;
  const Revision modified = found.empty() ? Revision{} : found[0].modified;
  const bool untouched = modified == slot.modified;
  if (!again) {
    if (!untouched) return std::nullopt;
    free_.push_back(std::move(slot));
    return Outcome(refuse(errc::store_conflict));
  }
  if (found.empty() && !untouched) return Outcome(refuse(errc::store_unknown_outcome));
  if (!untouched && found[0].value == kMade) return Result<Revision>(modified);
  return Outcome(refuse(errc::store_conflict));
}

}  // namespace redan::cloud::store
