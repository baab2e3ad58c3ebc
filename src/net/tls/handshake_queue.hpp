// The costly steps of TLS handshakes, on threads of their own: an RSA-4096 signature takes milliseconds, and the loop
// has open connections to serve. Included by .cpp files only.
//
// First steps, which a stranger can ask for with one canned message, wait in turn by network: however many come from
// one place, another place's is next. Within a network the newest goes first, because under a flood the oldest are
// about to reach their deadline, and beyond kMaxFirst they are dropped. Further steps, for which a client has answered
// to our key share, go before all first ones.
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
  /// Threads begin with the first step.
  explicit HandshakeQueue(unsigned threads = default_threads());
  ~HandshakeQueue() { stop(); }
  /// Waits for the steps that run; those that wait are dropped. To be called before the loop that asked for them is
  /// destroyed.
  void stop();
  HandshakeQueue(const HandshakeQueue&) = delete;
  HandshakeQueue& operator=(const HandshakeQueue&) = delete;

  enum class Step : std::uint8_t { first, further };
  struct Job;
  using JobPtr = std::shared_ptr<Job>;
  /// To be run on a thread.
  JobPtr push(boost::asio::any_io_executor executor, std::string network, Step step, std::function<void()> work);
  /// Until it has run; on `executor`, where its work is destroyed, too. False: it was dropped.
  static Task<bool> wait(JobPtr job);
  /// Drops it if it has not begun.
  void drop(const JobPtr& job);

  /// One processor is left to the loop.
  static unsigned default_threads();

 private:
  static constexpr std::size_t kMaxFirst = 64;  ///< of a network, waiting
  void start();
  void work();
  JobPtr next();  ///< under the lock; null if none waits

  const unsigned wanted_threads_;
  std::mutex lock_;
  std::condition_variable wake_;
  std::deque<JobPtr> further_;
  std::map<std::string, std::deque<JobPtr>> first_;  ///< by network; none is empty
  std::string last_network_;                         ///< whose turn it was
  bool stopped_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace redan::net
