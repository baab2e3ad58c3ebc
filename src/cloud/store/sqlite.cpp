#include "cloud/store/sqlite.hpp"

#include <boost/asio/associated_executor.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "cloud/errors.hpp"
#include "cloud/store/sqlite_reader.hpp"
#include "cloud/store/sqlite_schema.hpp"
#include "cloud/store/sqlite_writer.hpp"
#include "cloud/store/ticker.hpp"
#include "cloud/store/watchers.hpp"

namespace redan::cloud::store {

namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;

/// How often the file is checked for other processes' changes and for expired leases.
constexpr auto kPoll = 100ms;
constexpr int kPollsPerTick = 5;
/// In WAL mode a reader never waits for a writer, except during recovery.
constexpr auto kReaderTimeout = 250ms;
constexpr auto kWriterTimeout = 5s;

class SqliteStore final : public Store {
 public:
  using Report = std::function<void(const StoreFailure&)>;

  SqliteStore(asio::io_context& io, const std::filesystem::path& file, Report report);

  net::Task<Result<std::optional<Entry>>> get(std::string key) override;
  net::Task<Result<Listing>> list(std::string prefix, std::string after, std::size_t limit) override;
  net::Task<Result<Revision>> commit(std::vector<Change> changes) override;
  std::unique_ptr<Watch> watch(std::string prefix, Revision since, Watchers::Handler handler) override;
  net::Task<Result<LeaseId>> grant_lease(std::chrono::seconds ttl) override;
  net::Task<Result<void>> keep_alive(LeaseId lease) override;
  net::Task<Result<void>> revoke_lease(LeaseId lease) override;

 private:
  using Outcome = SqliteWriter::Outcome;
  using Work = std::function<Outcome(SqliteTransaction&)>;
  net::Task<Outcome> write(Work work);
  template <class T, class Read>
  Result<T> read(Read read);
  Result<void> tell_news();
  void poll();
  void end_leases_that_are_over();

  asio::io_context& io_;
  std::shared_ptr<const Report> report_;
  SqliteReader reader_;
  Watchers watchers_;
  Revision told_{};  ///< the revision that the watches have been notified of
  int polls_ = 0;
  bool ending_leases_ = false;
  SqliteWriter writer_;
  Ticker ticker_;
};

/// Calls `report` on the loop; may be used on any thread.
std::function<void(const std::string&)> report_from_anywhere(asio::io_context& io,
                                                             const std::shared_ptr<const SqliteStore::Report>& report) {
  return [&io, weak = std::weak_ptr(report)](const std::string& detail) {
    asio::post(io, [weak, detail] {
      if (const auto still = weak.lock(); still && *still) (*still)({errc::store_failed, detail});
    });
  };
}

SqliteStore::SqliteStore(asio::io_context& io, const std::filesystem::path& file, Report report)
    : io_(io),
      report_(std::make_shared<const Report>(std::move(report))),
      reader_(open_sqlite_file(file, kReaderTimeout)),
      watchers_(io),
      told_(reader_.revision()),
      writer_(SqliteTransaction(open_sqlite_file(file, kWriterTimeout)), report_from_anywhere(io, report_)),
      ticker_(io, kPoll, [this] { poll(); }) {
  ticker_.start();
}

template <class T, class Read>
Result<T> SqliteStore::read(Read read) {
  try {
    return read();
  } catch (const SqliteError& error) {
    if (*report_) (*report_)({errc::store_failed, error.what()});
    return refuse(errc::store_failed);
  }
}

net::Task<Result<std::optional<Entry>>> SqliteStore::get(std::string key) {
  REDAN_CO_CHECK(check_key(key));
  co_return read<std::optional<Entry>>([&] { return reader_.get(key); });
}

net::Task<Result<Listing>> SqliteStore::list(std::string prefix, std::string after, std::size_t limit) {
  REDAN_CO_CHECK(check_listing(prefix, after, limit));
  co_return read<Listing>([&] { return reader_.list(keys_below(prefix, after), limit); });
}

// The work has a name in each of these, because g++ 12 destroys a temporary in a co_await twice if it has to be
// converted.

net::Task<Result<Revision>> SqliteStore::commit(std::vector<Change> changes) {
  REDAN_CO_CHECK(check_commit(changes));
  Work work = [changes = std::move(changes)](SqliteTransaction& transaction) {
    return transaction.apply(changes).map([](Revision revision) { return revision.value; });
  };
  const Outcome outcome = co_await write(std::move(work));
  co_return outcome.map([](std::uint64_t revision) { return Revision{revision}; });
}

std::unique_ptr<Watch> SqliteStore::watch(std::string prefix, Revision since, Watchers::Handler handler) {
  std::vector<WatchEvent> missed;
  // In this order: a change committed in between is in the news, and the watch is not notified of it twice.
  const Result<void> told = tell_news();
  auto news = read<std::optional<SqliteReader::News>>([&] { return reader_.news(since, keys_below(prefix)); });
  if (told && news && *news) {
    missed = std::move((*news)->events);
    missed.emplace_back(UpToDate{(*news)->revision});
  } else {
    missed.emplace_back(WatchLost{});
  }
  return watchers_.add(prefix, since, std::move(handler), std::move(missed));
}

net::Task<Result<LeaseId>> SqliteStore::grant_lease(std::chrono::seconds ttl) {
  REDAN_CO_CHECK(check_ttl(ttl));
  Work work = [ttl](SqliteTransaction& transaction) -> Outcome { return transaction.grant(ttl).value; };
  const Outcome outcome = co_await write(std::move(work));
  co_return outcome.map([](std::uint64_t lease) { return LeaseId{lease}; });
}

net::Task<Result<void>> SqliteStore::keep_alive(LeaseId lease) {
  Work work = [lease](SqliteTransaction& transaction) {
    return transaction.keep_alive(lease).map([] { return std::uint64_t{0}; });
  };
  const Outcome outcome = co_await write(std::move(work));
  co_return outcome.map([](std::uint64_t) {});
}

net::Task<Result<void>> SqliteStore::revoke_lease(LeaseId lease) {
  Work work = [lease](SqliteTransaction& transaction) {
    return transaction.revoke(lease).map([] { return std::uint64_t{0}; });
  };
  const Outcome outcome = co_await write(std::move(work));
  co_return outcome.map([](std::uint64_t) {});
}

net::Task<SqliteStore::Outcome> SqliteStore::write(Work work) {
  auto start = [&](auto handler) {
    // The writer's thread holds the handler, so the loop must know that an operation is pending.
    auto executor = asio::get_associated_executor(handler, io_.get_executor());
    auto shared = std::make_shared<decltype(handler)>(std::move(handler));
    auto done = [shared, busy = asio::make_work_guard(executor)](Outcome outcome) {
      asio::post(busy.get_executor(),
                 [resume = std::move(*shared), outcome]() mutable { std::move(resume)(std::move(outcome)); });
    };
    writer_.enqueue({std::move(work), std::move(done)});
  };
  Outcome outcome =
      co_await asio::async_initiate<const asio::use_awaitable_t<>&, void(Outcome)>(start, asio::use_awaitable);
  static_cast<void>(tell_news());
  co_return outcome;
}

Result<void> SqliteStore::tell_news() {
  return read<void>([this]() -> Result<void> {
    const Revision revision = reader_.revision();
    if (revision == told_) return {};
    if (watchers_.empty()) {
      told_ = revision;
      return {};
    }
    const auto news = reader_.news(told_, KeyRange{});
    if (news) {
      for (const WatchEvent& event : news->events) watchers_.notify(event);
    } else {
      watchers_.notify(WatchLost{});
    }
    told_ = news ? news->revision : revision;
    return {};
  });
}

void SqliteStore::poll() {
  const Result<void> told = tell_news();
  if (++polls_ % kPollsPerTick == 0 && told) watchers_.notify(UpToDate{told_});
  const auto over = read<bool>([this] { return reader_.lease_is_over(); });
  if (over && *over && !ending_leases_) end_leases_that_are_over();
}

void SqliteStore::end_leases_that_are_over() {
  ending_leases_ = true;
  auto done = [this, weak = std::weak_ptr(report_)](const Outcome& /*outcome*/) {
    asio::post(io_, [this, weak] {
      if (weak.expired()) return;
      ending_leases_ = false;
      static_cast<void>(tell_news());
    });
  };
  auto end = [](SqliteTransaction& transaction) -> Outcome {
    transaction.end_leases_that_are_over();
    return 0;
  };
  writer_.enqueue({std::move(end), std::move(done)});
}

}  // namespace

tl::expected<std::unique_ptr<Store>, StoreFailure> sqlite_store(asio::io_context& io, const std::filesystem::path& file,
                                                                std::function<void(const StoreFailure&)> report) {
  try {
    prepare_sqlite_file(file);
    return std::make_unique<SqliteStore>(io, file, std::move(report));
  } catch (const SqliteError& error) {
    return tl::unexpected(StoreFailure{errc::store_failed, error.what()});
  }
}

}  // namespace redan::cloud::store
