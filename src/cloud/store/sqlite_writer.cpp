#include "cloud/store/sqlite_writer.hpp"

#include <utility>

#include "cloud/errors.hpp"

namespace redan::cloud::store {

SqliteWriter::SqliteWriter(SqliteTransaction transaction, std::function<void(const std::string&)> report)
    : transaction_(std::move(transaction)), report_(std::move(report)), thread_([this] { work(); }) {}

SqliteWriter::~SqliteWriter() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
  }
  changed_.notify_one();
  thread_.join();
}

void SqliteWriter::enqueue(Job job) {
  {
    const std::lock_guard lock(mutex_);
    waiting_.push_back(std::move(job));
  }
  changed_.notify_one();
}

void SqliteWriter::work() {
  for (std::vector<Job> jobs = next_jobs(); !jobs.empty(); jobs = next_jobs()) run(jobs);
}

std::vector<SqliteWriter::Job> SqliteWriter::next_jobs() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return ending_ || !waiting_.empty(); });
  return std::exchange(waiting_, {});
}

void SqliteWriter::run(std::vector<Job>& jobs) {
  std::vector<Outcome> outcomes;
  outcomes.reserve(jobs.size());
  Errc failure = errc::store_failed;
  try {
    transaction_.begin();
    for (Job& job : jobs) outcomes.push_back(job.run(transaction_));
    // From here on the transaction may reach the disk even if SQLite reports a failure.
    failure = errc::store_unknown_outcome;
    transaction_.commit();
  } catch (const SqliteError& error) {
    transaction_.rollback();
    report_(error.what());
    outcomes.assign(jobs.size(), refuse(failure));
  }
  for (std::size_t i = 0; i < jobs.size(); ++i) jobs[i].done(outcomes[i]);
}

}  // namespace redan::cloud::store
