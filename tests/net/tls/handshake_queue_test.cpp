#include "net/tls/handshake_queue.hpp"

#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <latch>

namespace redan::net {
namespace {

using Step = HandshakeQueue::Step;

class Queue : public testing::Test {
 protected:
  ~Queue() override { queue_.stop(); }

  /// Occupies the only thread until release().
  void hold() {
    push("holder", Step::first, "hold", [this] {
      held_.count_down();
      release_.wait();
    });
    io_.poll();
    held_.wait();
  }
  void release() { release_.count_down(); }
  void push(
      std::string network, Step step, std::string name, std::function<void()> work = [] {}) {
    boost::asio::co_spawn(
        io_,
        [](Queue& test, std::string where, Step which, std::string what, std::function<void()> act) -> Task<void> {
          std::function<void()> job = [&test, what, act] {
            act();
            test.order_.push_back(what);
          };
          const auto pushed = test.queue_.push(test.io_.get_executor(), where, which, std::move(job));
          test.jobs_[what] = pushed;
          const bool ran = co_await HandshakeQueue::wait(pushed);
          if (!ran) test.dropped_.push_back(what);
        }(*this, std::move(network), step, std::move(name), std::move(work)),
        boost::asio::detached);
    io_.poll();
  }

  boost::asio::io_context io_{1};
  HandshakeQueue queue_{1};
  std::latch held_{1}, release_{1};
  std::map<std::string, HandshakeQueue::JobPtr> jobs_;
  std::vector<std::string> order_, dropped_;  // order_ is written on the thread, and read when it is idle
};

TEST_F(Queue, NetworksTakeTurnsAndTheNewestOfEachGoesFirst) {
  hold();
  for (const char* name : {"a1", "a2", "a3"}) push("a", Step::first, name);
  for (const char* name : {"b1", "b2"}) push("b", Step::first, name);
  push("c", Step::first, "c1");
  release();
  io_.run();
  EXPECT_EQ(order_, (std::vector<std::string>{"hold", "a3", "b2", "c1", "a2", "b1", "a1"}));
}

TEST_F(Queue, LaterStepsPrecedeAllFirstSteps) {
  hold();
  for (const char* name : {"a1", "a2"}) push("a", Step::first, name);
  for (const char* name : {"f1", "f2"}) push("a", Step::further, name);
  release();
  io_.run();
  EXPECT_EQ(order_, (std::vector<std::string>{"hold", "f1", "f2", "a2", "a1"}));
}

TEST_F(Queue, DropsTheOldestStepsOfANetworkWhenTooManyWait) {
  hold();
  for (int i = 0; i < 66; ++i) push("a", Step::first, "a" + std::to_string(i));
  push("b", Step::first, "b0");
  release();
  io_.run();
  EXPECT_EQ(dropped_, (std::vector<std::string>{"a0", "a1"}));
  EXPECT_EQ(order_.size(), 66U);
}

TEST_F(Queue, AStepThatHasNotBegunCanBeDropped) {
  hold();
  push("a", Step::first, "a1");
  push("a", Step::further, "f1");
  push("a", Step::first, "a2");
  for (const char* name : {"hold", "a1", "f1"}) queue_.drop(jobs_.at(name));
  io_.poll();
  EXPECT_EQ(dropped_, (std::vector<std::string>{"a1", "f1"}));
  release();
  io_.run();
  EXPECT_EQ(order_, (std::vector<std::string>{"hold", "a2"}));
}

TEST_F(Queue, WaitingStepsAreDroppedAtTheEnd) {
  hold();
  push("a", Step::first, "a1");
  push("a", Step::further, "f1");
  std::thread later([this] {
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    release();
  });
  queue_.stop();
  later.join();
  push("a", Step::first, "late");
  io_.run();
  EXPECT_EQ(order_, (std::vector<std::string>{"hold"}));
  EXPECT_EQ(dropped_, (std::vector<std::string>{"f1", "a1", "late"}));
}

TEST_F(Queue, TheWorkIsDestroyedOnTheLoopThatQueuedIt) {
  std::thread::id destroyed;
  struct Mark {
    explicit Mark(std::thread::id& into) : where(into) {}
    ~Mark() { where = std::this_thread::get_id(); }
    std::thread::id& where;
  };
  push("a", Step::first, "a1", [mark = std::make_shared<Mark>(destroyed)] {});
  io_.run();
  EXPECT_EQ(destroyed, std::this_thread::get_id());
}

}  // namespace
}  // namespace redan::net
