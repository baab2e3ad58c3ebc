// A thread for work that would hold up the loop: compression, large files.
#pragma once

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <functional>

#include "net/task.hpp"

namespace redan::net {

class Worker {
 public:
  Worker() = default;
  /// Waits for the work in progress.
  ~Worker() { pool_.join(); }
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  /// Runs `work` on the thread, one after another, and continues on the caller's executor. `work` must own, or outlive
  /// with its caller, all that it uses; its exceptions are the caller's. R is default constructible.
  template <class R>
  Task<R> run(std::function<R()> work) {
    co_return co_await boost::asio::co_spawn(pool_.get_executor(), call<R>(std::move(work)),
                                             boost::asio::use_awaitable);
  }

 private:
  template <class R>
  static Task<R> call(std::function<R()> work) {
    co_return work();
  }
  boost::asio::thread_pool pool_{1};
};

}  // namespace redan::net
