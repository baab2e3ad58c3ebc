#include "cloud/store/sqlite.hpp"

#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <fstream>
#include <thread>

#include "cloud/errors.hpp"
#include "cloud/store/sqlite_schema.hpp"
#include "tests/cloud/store/contract.hpp"

namespace redan::cloud::test {

namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;

/// A temporary folder.
class SqlitePlace final : public Place {
 public:
  SqlitePlace() {
    std::string pattern = (fs::temp_directory_path() / "redan-store-XXXXXX").string();
    if (::mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("mkdtemp");
    folder_ = pattern;
  }
  ~SqlitePlace() override { fs::remove_all(folder_); }
  SqlitePlace(const SqlitePlace&) = delete;
  SqlitePlace& operator=(const SqlitePlace&) = delete;

  std::unique_ptr<store::Store> open(boost::asio::io_context& io) override {
    auto store = store::sqlite_store(io, file());
    if (store) return std::move(*store);
    ADD_FAILURE() << store.error().detail;
    return nullptr;
  }
  std::string refusal() {
    boost::asio::io_context io{1};
    const auto store = store::sqlite_store(io, file());
    return store ? "" : store.error().detail;
  }
  [[nodiscard]] fs::path file() const { return folder_ / "store.sqlite"; }

 private:
  fs::path folder_;
};

INSTANTIATE_TEST_SUITE_P(Sqlite, StoreContract,
                         testing::Values(Implementation{"sqlite", true,
                                                        [] { return std::make_unique<SqlitePlace>(); }}),
                         name_of);

class SqliteStore : public testing::Test {
 protected:
  boost::asio::io_context io_{1};
  SqlitePlace place_;
};

unsigned mode_of(const fs::path& file) {
  struct stat status {};
  return ::stat(file.c_str(), &status) == 0 ? status.st_mode & 0777U : 0U;
}

TEST_F(SqliteStore, KeepsAcknowledgedCommitsAcrossARestart) {
  auto store = place_.open(io_);
  const store::Revision revision = wait_for(io_, store->put("k", "v")).value();
  store.reset();
  store = place_.open(io_);
  EXPECT_EQ(wait_for(io_, store->get("k")).value()->modified, revision);
  EXPECT_GT(wait_for(io_, store->put("k", "w", store::Unchanged{revision})).value(), revision);
}

TEST_F(SqliteStore, ItsFilesArePrivateWhateverTheUmask) {
  for (const mode_t mask : {0777U, 0U}) {
    SqlitePlace place;
    const mode_t old = ::umask(mask);
    const auto store = place.open(io_);
    const auto put = wait_for(io_, store->put("k", "v"));
    ::umask(old);
    ASSERT_TRUE(put);
    for (const char* end : {"", "-wal", "-shm"}) {
      EXPECT_EQ(mode_of(place.file().string() + end), 0600U) << end << " with umask " << mask;
    }
  }
}

TEST_F(SqliteStore, AFileThatOthersCanReadIsRefused) {
  ASSERT_NE(place_.open(io_), nullptr);
  fs::permissions(place_.file(), fs::perms(0640));
  EXPECT_NE(place_.refusal().find("chmod 600"), std::string::npos) << place_.refusal();
}

TEST_F(SqliteStore, ASymbolicLinkIsRefused) {
  const SqlitePlace other;
  fs::create_symlink(other.file(), place_.file());
  EXPECT_NE(place_.refusal().find("not a plain file"), std::string::npos) << place_.refusal();
}

TEST_F(SqliteStore, AFileThatIsNotADatabaseIsRefused) {
  std::ofstream(place_.file()) << std::string(4096, 'x');
  fs::permissions(place_.file(), fs::perms(0600));
  EXPECT_NE(place_.refusal().find("not a database"), std::string::npos) << place_.refusal();
}

TEST_F(SqliteStore, AnotherProgramsDatabaseIsRefusedAndNotChanged) {
  std::ofstream(place_.file()).close();
  fs::permissions(place_.file(), fs::perms(0600));
  store::SqliteDatabase(place_.file(), 1s).run("CREATE TABLE theirs (x)");
  EXPECT_NE(place_.refusal().find("not one of Redan's"), std::string::npos) << place_.refusal();
  EXPECT_EQ(store::SqliteDatabase(place_.file(), 1s).integer("SELECT count(*) FROM sqlite_schema"), 1);
}

TEST_F(SqliteStore, ANewerProgramsFileIsRefusedWithBothVersions) {
  ASSERT_NE(place_.open(io_), nullptr);
  store::SqliteDatabase(place_.file(), 1s).run("PRAGMA user_version = 9");
  const std::string why = place_.refusal();
  EXPECT_NE(why.find("newer Redan"), std::string::npos) << why;
  EXPECT_NE(why.find("version 9"), std::string::npos) << why;
  EXPECT_NE(why.find(place_.file().string()), std::string::npos) << why;
}

TEST_F(SqliteStore, AMissingFolderIsNamedInTheError) {
  const auto store = store::sqlite_store(io_, "/nowhere/at/all/store.sqlite");
  ASSERT_FALSE(store);
  EXPECT_NE(store.error().detail.find("/nowhere/at/all"), std::string::npos);
}

TEST_F(SqliteStore, ManyProcessesMayOpenANewFileAtOnce) {
  for (int round = 0; round < 10; ++round) {
    SqlitePlace place;
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i) threads.emplace_back([&] { EXPECT_EQ(place.refusal(), ""); });
    for (std::thread& thread : threads) thread.join();
  }
}

TEST_F(SqliteStore, AWatchThatStartsTooFarBackIsLost) {
  const auto store = place_.open(io_);
  int acknowledged = 0;
  for (int i = 0; i < 10'100; ++i) {
    boost::asio::co_spawn(
        io_, store->put("k", "v"),
        [&](const std::exception_ptr&, const Result<store::Revision>& put) { acknowledged += put ? 1 : 0; });
  }
  ASSERT_TRUE(run_until(
      io_, [&] { return acknowledged == 10'100; }, 60s));
  Told old;
  Told recent;
  const auto lost = store->watch("k", store::Revision{99}, old.teller());
  const auto goes_on = store->watch("k", store::Revision{100}, recent.teller());
  ASSERT_TRUE(run_until(io_, [&] { return recent.ticks > 1; }));
  EXPECT_EQ(old.events, std::vector<std::string>{"lost"});
  EXPECT_EQ(old.ticks, 0);
  EXPECT_EQ(recent.events.size(), 10'000U);
}

TEST_F(SqliteStore, LargeValuesReduceHowFarAWatchCanGoBack) {
  const auto store = place_.open(io_);
  const std::string large(store::kMaxValueSize, 'v');
  for (int i = 0; i < 80; ++i) ASSERT_TRUE(wait_for(io_, store->put("k", large)));
  EXPECT_LE(store::SqliteDatabase(place_.file(), 1s).integer("SELECT sum(length(value)) FROM change"),
            64 * 1024 * 1024);
  Told old;
  Told recent;
  const auto lost = store->watch("k", store::Revision{10}, old.teller());
  const auto goes_on = store->watch("k", store::Revision{20}, recent.teller());
  ASSERT_TRUE(run_until(io_, [&] { return recent.events.size() == 60 && !old.events.empty(); }));
  EXPECT_EQ(old.events[0], "lost");
}

TEST_F(SqliteStore, ALeaseExpiresWhileNoProcessIsRunning) {
  auto store = place_.open(io_);
  const auto lease = wait_for(io_, store->grant_lease(2s));
  std::vector<store::Change> changes;
  changes.emplace_back(store::Put{"k", "v", store::Anything{}, *lease});
  ASSERT_TRUE(wait_for(io_, store->commit(changes)));
  store.reset();
  std::this_thread::sleep_for(2100ms);
  store = place_.open(io_);
  EXPECT_TRUE(run_until(
      io_, [&] { return !*wait_for(io_, store->get("k")); }, 1s));
}

TEST_F(SqliteStore, ACommitThatTheDiskRefusesIsReportedAndChangesNothing) {
  std::vector<store::StoreFailure> reports;
  const auto store = store::sqlite_store(io_, place_.file(), [&](const store::StoreFailure& failure) {
                       reports.push_back(failure);
                     }).value();
  ASSERT_TRUE(wait_for(io_, store->put("k", "1")));
  store::SqliteDatabase(place_.file(), 1s).run("ALTER TABLE change RENAME TO lost");
  EXPECT_EQ(wait_for(io_, store->put("k", "2")), refuse(errc::store_failed));
  store::SqliteDatabase(place_.file(), 1s).run("ALTER TABLE lost RENAME TO change");
  ASSERT_TRUE(run_until(io_, [&] { return !reports.empty(); }));
  EXPECT_NE(reports[0].detail.find("change"), std::string::npos) << reports[0].detail;
  EXPECT_EQ(wait_for(io_, store->get("k")).value()->value, "1");
  EXPECT_TRUE(wait_for(io_, store->put("k", "3")));
}

TEST_F(SqliteStore, ItsConnectionsSyncEveryCommitAndTrustNoSchema) {
  store::prepare_sqlite_file(place_.file());
  store::SqliteDatabase database = store::open_sqlite_file(place_.file(), 1s);
  EXPECT_EQ(database.text("PRAGMA journal_mode"), "wal");
  EXPECT_EQ(database.integer("PRAGMA synchronous"), 2) << "not FULL";
  EXPECT_EQ(database.integer("PRAGMA trusted_schema"), 0);
}

/// Commits in an endless loop; writes each acknowledged number to `out`. Never returns.
[[noreturn]] void commit_until_killed(const fs::path& file, int out) {
  boost::asio::io_context io{1};
  auto store = std::move(store::sqlite_store(io, file).value());
  int next = 0;
  const auto committer = [&](int lane) -> net::Task<void> {
    for (;;) {
      const int number = ++next;
      const std::string text = std::to_string(number);
      std::vector<store::Change> changes;
      changes.emplace_back(store::Put{"a/" + text, std::string(1000, 'a')});
      changes.emplace_back(store::Put{"b/" + text, std::string(1000, 'b')});
      changes.emplace_back(store::Put{"lane/" + std::to_string(lane), text});
      const auto committed = co_await store->commit(std::move(changes));
      if (!committed || ::write(out, &number, sizeof number) != sizeof number) ::_exit(1);
    }
  };
  for (int lane = 0; lane < 4; ++lane) boost::asio::co_spawn(io, committer(lane), boost::asio::detached);
  io.run();
  ::_exit(2);
}

TEST_F(SqliteStore, KillingTheProcessLosesNoAcknowledgedCommitAndSplitsNone) {
  for (int round = 0; round < 5; ++round) {
    SqlitePlace place;
    int ends[2];
    ASSERT_EQ(::pipe(ends), 0);
    const pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      ::close(ends[0]);
      commit_until_killed(place.file(), ends[1]);
    }
    ::close(ends[1]);
    std::vector<int> acknowledged;
    int number = 0;
    while (acknowledged.size() < 100U + static_cast<unsigned>(round) * 37U &&
           ::read(ends[0], &number, sizeof number) == sizeof number) {
      acknowledged.push_back(number);
    }
    ::kill(child, SIGKILL);
    while (::read(ends[0], &number, sizeof number) == sizeof number) acknowledged.push_back(number);
    ::close(ends[0]);
    int status = 0;
    ::waitpid(child, &status, 0);
    ASSERT_TRUE(WIFSIGNALED(status)) << status;

    boost::asio::io_context io{1};
    const auto store = place.open(io);
    ASSERT_NE(store, nullptr);
    const auto a = wait_for(io, store->list("a/", "", 1'000'000)).value();
    const auto b = wait_for(io, store->list("b/", "", 1'000'000)).value();
    ASSERT_EQ(a.entries.size(), b.entries.size());
    EXPECT_GE(a.entries.size(), acknowledged.size());
    for (std::size_t i = 0; i < a.entries.size(); ++i) {
      EXPECT_EQ(a.entries[i].key.substr(2), b.entries[i].key.substr(2));
      EXPECT_EQ(a.entries[i].modified, b.entries[i].modified);
    }
    for (const int n : acknowledged) EXPECT_TRUE(*wait_for(io, store->get("a/" + std::to_string(n)))) << n;
  }
}

}  // namespace

}  // namespace redan::cloud::test
