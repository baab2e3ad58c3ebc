// The thread that writes a SQLite store. A synced commit takes milliseconds, for which the loop, with all its
// connections, cannot wait. While the disk processes one transaction, the next operations are collected and then share
// one, so the disk limits the duration of an operation, not the number of operations.
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
    std::function<Outcome(SqliteTransaction&)> run;  ///< runs on the writer's thread
    std::function<void(Outcome)> done;               ///< also there, when the outcome is on disk
  };

  /// `report` is called on the writer's thread with SQLite's message when a transaction failed.
  SqliteWriter(SqliteTransaction transaction, std::function<void(const std::string&)> report);
  /// Completes the queued jobs, then ends.
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
  std::vector<Job> waiting_;  // guarded by mutex_
  bool ending_ = false;       // guarded by mutex_
  std::thread thread_;
};

}  // namespace redan::cloud::store
