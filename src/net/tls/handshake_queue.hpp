// Runs the expensive steps of TLS handshakes on separate threads: an RSA-4096 signature takes milliseconds, and the
// loop has to serve open connections. Included by .cpp files only.
//
// Any client can trigger a first step with one prepared message. First steps are therefore served in turn by network: a
// flood from one network does not delay the others. Within a network the newest goes first, because under a flood the
// oldest are about to reach their deadline; beyond kMaxFirst they are dropped. Later steps, for which a client has
// answered our key share, precede all first ones.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <condition_variable>
#include <deque>
#include <map>
#include <mutex>
#include <thread>

#include "net/task.hpp"

namespace redan::net {

class HandshakeQueue {
 public:
  /// The threads start with the first step.
  explicit HandshakeQueue(unsigned threads = default_threads());
  ~HandshakeQueue() { stop(); }
  /// Waits for the running steps; drops the waiting ones. Must be called before the loop that queued them is destroyed.
  void stop();
  HandshakeQueue(const HandshakeQueue&) = delete;
  HandshakeQueue& operator=(const HandshakeQueue&) = delete;

  enum class Step : std::uint8_t { first, further };
  struct Job;
  using JobPtr = std::shared_ptr<Job>;
  /// Queues a step to run on a thread.
  JobPtr push(boost::asio::any_io_executor executor, std::string network, Step step, std::function<void()> work);
  /// Waits until it has run, on `executor`, where its work is also destroyed. False: it was dropped.
  static Task<bool> wait(JobPtr job);
  /// Drops it if it has not begun.
  void drop(const JobPtr& job);

  /// Leaves one processor to the loop.
  static unsigned default_threads();

 private:
  static constexpr std::size_t kMaxFirst = 64;  ///< waiting steps of a network
  void start();
  void work();
  JobPtr next();  ///< called with the lock held; null if none waits

  const unsigned wanted_threads_;
  std::mutex lock_;
  std::condition_variable wake_;
  std::deque<JobPtr> further_;
  std::map<std::string, std::deque<JobPtr>> first_;  ///< by network; none is empty
  std::string last_network_;                         ///< that was served last
  bool stopped_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace redan::net
