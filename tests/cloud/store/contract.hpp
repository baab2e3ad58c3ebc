// The interface between the contract test and a place where stores keep their data.
#pragma once

#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>

#include "cloud/store/store.hpp"

namespace redan::cloud::test {

/// A file or a cluster, initially empty.
class Place {
 public:
  virtual ~Place() = default;
  virtual std::unique_ptr<store::Store> open(boost::asio::io_context& io) = 0;
};

struct Implementation {
  std::string name;
  bool reopens = true;  ///< two stores on one place have the same content
  std::function<std::unique_ptr<Place>()> make;
};

/// Runs the loop until `task` has its result.
template <class T>
T wait_for(boost::asio::io_context& io, net::Task<T> task) {
  std::optional<T> result;
  boost::asio::co_spawn(
      io,
      [](net::Task<T> awaited, std::optional<T>& out) -> net::Task<void> { out = co_await std::move(awaited); }(
                                                          std::move(task), result),
      [](const std::exception_ptr& error) {
        if (error) std::rethrow_exception(error);
      });
  io.restart();
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(60);
  while (!result && std::chrono::steady_clock::now() < end) io.run_one_for(std::chrono::seconds(1));
  if (!result) throw std::runtime_error("no result in a minute");
  return std::move(*result);
}

/// Runs the loop until `done`; false after `timeout`.
inline bool run_until(boost::asio::io_context& io, const std::function<bool()>& done,
                      std::chrono::milliseconds timeout = std::chrono::seconds(10)) {
  io.restart();
  const auto end = std::chrono::steady_clock::now() + timeout;
  while (!done()) {
    if (std::chrono::steady_clock::now() >= end) return false;
    io.run_one_for(std::chrono::milliseconds(20));
    if (io.stopped()) io.restart();
  }
  return true;
}

inline void run_for(boost::asio::io_context& io, std::chrono::milliseconds time) {
  run_until(
      io, [] { return false; }, time);
}

/// The events of a watch as text: "put k=v@3", "erase k@4", "lost"; its freshness is stored separately.
struct Told {
  std::vector<std::string> events;
  store::Revision up_to_date{};
  int ticks = 0;

  std::function<void(const store::WatchEvent&)> teller() {
    return [this](const store::WatchEvent& event) { tell(event); };
  }

 private:
  void tell(const store::WatchEvent& event) {
    if (const auto* put = std::get_if<store::PutSeen>(&event)) {
      events.push_back("put " + put->entry.key + "=" + put->entry.value + at(put->entry.modified));
    } else if (const auto* erased = std::get_if<store::EraseSeen>(&event)) {
      events.push_back("erase " + erased->key + at(erased->revision));
    } else if (const auto* fresh = std::get_if<store::UpToDate>(&event)) {
      EXPECT_GE(fresh->revision, up_to_date);
      up_to_date = fresh->revision;
      ++ticks;
    } else {
      events.emplace_back("lost");
    }
  }
  static std::string at(store::Revision revision) { return "@" + std::to_string(revision.value); }
};

/// One store on its own place.
class StoreContract : public testing::TestWithParam<Implementation> {
 protected:
  void SetUp() override {
    place_ = GetParam().make();
    if (!place_) GTEST_SKIP() << GetParam().name << " cannot be had here";
    store_ = place_->open(io_);
    ASSERT_NE(store_, nullptr);
  }

  template <class T>
  T wait(net::Task<T> task) {
    return wait_for(io_, std::move(task));
  }
  store::Revision put(std::string key, std::string value, store::Expect expect = store::Anything{}) {
    return wait(store_->put(std::move(key), std::move(value), expect)).value();
  }
  std::optional<store::Entry> get(std::string key) { return wait(store_->get(std::move(key))).value(); }
  std::vector<std::string> keys(std::string prefix, std::string after = {}, std::size_t limit = 1000) {
    const store::Listing listing = wait(store_->list(std::move(prefix), std::move(after), limit)).value();
    std::vector<std::string> out;
    for (const store::Entry& entry : listing.entries) out.push_back(entry.key);
    return out;
  }
  store::Revision revision() { return wait(store_->list("", "", 1)).value().revision; }
  bool told(const Told& told, std::size_t count) {
    return run_until(io_, [&] { return told.events.size() >= count; });
  }

  boost::asio::io_context io_{1};
  std::unique_ptr<Place> place_;
  std::unique_ptr<store::Store> store_;
};

inline std::string name_of(const testing::TestParamInfo<Implementation>& tested) { return tested.param.name; }

}  // namespace redan::cloud::test
