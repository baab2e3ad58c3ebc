// The thread that writes a SQLite store. A synced commit takes the disk milliseconds, for which the loop, with all its
// connections, cannot wait; and while the disk works on one transaction the next operations gather and then share one,
// so the disk limits how long an operation takes, not how many are done.
#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>

#include "cloud/store/sqlite_transaction.hpp"

namespace redan::cloud::store {

class SqliteWriter {
 public:
  /// A revision, a lease, or nothing.
  using Outcome = Result<std::uint64_t>;

  struct Job {
    std::function<Outcome(SqliteTransaction&)> run;  ///< on the writer's thread
    std::function<void(Outcome)> done;               ///< there too, when the outcome is on the disk
  };

  /// `report` is called on the writer's thread when a transaction failed: in SQLite's words.
  SqliteWriter(SqliteTransaction transaction, std::function<void(const std::string&)> report);
  /// Does what is waiting, then ends.
  ~SqliteWriter();
  SqliteWriter(const SqliteWriter&) = delete;
  SqliteWriter& operator=(const SqliteWriter&) = delete;

  void enqueue(Job job);

 private:
  void work();
  std::vector<Job> next_jobs();
  void run(std::vector<Job>& jobs);

  SqliteTransaction transaction_;
  std::function<void(const std::string&)> report_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Job> waiting_;  // mutex_
  bool ending_ = false;       // mutex_
  std::thread thread_;
};

}  // namespace redan::cloud::store
