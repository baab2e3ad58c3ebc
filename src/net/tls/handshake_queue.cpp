#include "net/tls/handshake_queue.hpp"

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace redan::net {
namespace {

namespace asio = boost::asio;

constexpr unsigned kMaxThreads = 8;

}  // namespace

struct HandshakeQueue::Job {
  Job(asio::any_io_executor executor, std::string the_network, std::function<void()> the_work)
      : network(std::move(the_network)),
        work(std::move(the_work)),
        done(std::move(executor), asio::steady_timer::time_point::max()) {}
  std::string network;
  std::function<void()> work;
  asio::steady_timer done;
  bool ran = false;

  /// Runs on the loop, where the job is also destroyed.
  static void notify(JobPtr job) {
    const auto executor = job->done.get_executor();
    asio::post(executor, [job = std::move(job)] { job->done.cancel(); });
  }
};

HandshakeQueue::HandshakeQueue(unsigned threads) : wanted_threads_(std::clamp(threads, 1U, kMaxThreads)) {}

void HandshakeQueue::stop() {
  {
    const std::lock_guard guard(lock_);
    stopped_ = true;
  }
  wake_.notify_all();
  for (std::thread& thread : threads_) thread.join();
  threads_.clear();
  while (JobPtr job = next()) Job::notify(std::move(job));
}

unsigned HandshakeQueue::default_threads() { return std::max(std::thread::hardware_concurrency(), 2U) - 1; }

HandshakeQueue::JobPtr HandshakeQueue::push(asio::any_io_executor executor, std::string network, Step step,
                                            std::function<void()> work) {
  auto job = std::make_shared<Job>(std::move(executor), std::move(network), std::move(work));
  JobPtr dropped;
  {
    const std::lock_guard guard(lock_);
    if (threads_.empty() && !stopped_) start();
    if (stopped_) {
      dropped = job;
    } else if (step == Step::further) {
      further_.push_back(job);
    } else {
      std::deque<JobPtr>& waiting = first_[job->network];
      if (waiting.size() == kMaxFirst) {
        dropped = std::move(waiting.front());
        waiting.pop_front();
      }
      waiting.push_back(job);
    }
  }
  wake_.notify_one();
  if (dropped) Job::notify(std::move(dropped));
  return job;
}

// The notification runs on this loop, so not before this coroutine waits.
Task<bool> HandshakeQueue::wait(JobPtr job) {
  co_await job->done.async_wait(asio::as_tuple(asio::use_awaitable));
  job->work = nullptr;
  co_return job->ran;
}

void HandshakeQueue::drop(const JobPtr& job) {
  std::size_t found = 0;
  {
    const std::lock_guard guard(lock_);
    found = std::erase(further_, job);
    if (const auto waiting = first_.find(job->network); waiting != first_.end()) {
      found += std::erase(waiting->second, job);
      if (waiting->second.empty()) first_.erase(waiting);
    }
  }
  if (found != 0) Job::notify(job);
}

void HandshakeQueue::start() {
  for (unsigned i = 0; i < wanted_threads_; ++i) threads_.emplace_back([this] { work(); });
}

void HandshakeQueue::work() {
  std::unique_lock guard(lock_);
  while (true) {
    wake_.wait(guard, [this] { return stopped_ || !further_.empty() || !first_.empty(); });
    if (stopped_) return;
    JobPtr job = next();
    guard.unlock();
    job->work();
    job->ran = true;
    Job::notify(std::move(job));
    guard.lock();
  }
}

HandshakeQueue::JobPtr HandshakeQueue::next() {
  if (!further_.empty()) {
    JobPtr job = std::move(further_.front());
    further_.pop_front();
    return job;
  }
  if (first_.empty()) return nullptr;
  auto turn = first_.upper_bound(last_network_);
  if (turn == first_.end()) turn = first_.begin();
  JobPtr job = std::move(turn->second.back());
  turn->second.pop_back();
  last_network_ = turn->first;
  if (turn->second.empty()) first_.erase(turn);
  return job;
}

}  // namespace redan::net
