#include "cloud/store/replica.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace redan::cloud::store {
namespace {

namespace asio = boost::asio;

constexpr std::chrono::milliseconds kPause{300};

}  // namespace

// The watch starts at the revision of the first listing. What is loaded can only be newer, and the watch delivers its
// changes again.
net::Task<Result<void>> Replica::start() {
  REDAN_CO_TRY(const auto begin, co_await store_.list(parts_.prefix, {}, 1));
  REDAN_CO_CHECK(co_await parts_.load());
  if (stopped_) co_return Result<void>{};
  if (parts_.on_fresh) parts_.on_fresh();
  seen_ = begin.revision;
  watch_ = store_.watch(parts_.prefix, begin.revision, [this](const WatchEvent& event) { on_watch(event); });
  co_return Result<void>{};
}

net::Task<void> Replica::start_again() {
  asio::steady_timer timer(io_);
  while (!stopped_) {
    const auto started = co_await start();
    if (started) co_return;
    timer.expires_after(kPause);
    co_await timer.async_wait(asio::as_tuple(asio::use_awaitable));
  }
}

void Replica::stop() {
  stopped_ = true;
  watch_.reset();
}

void Replica::on_watch(const WatchEvent& event) {
  take(event);
  if (parts_.on_event) parts_.on_event();
}

void Replica::take(const WatchEvent& event) {
  if (const auto* put = std::get_if<PutSeen>(&event)) {
    parts_.on_put(put->entry);
    seen_ = std::max(seen_, put->entry.modified);
  } else if (const auto* erase = std::get_if<EraseSeen>(&event)) {
    parts_.on_erase(erase->key);
    seen_ = std::max(seen_, erase->revision);
  } else if (const auto* fresh = std::get_if<UpToDate>(&event)) {
    if (parts_.on_fresh) parts_.on_fresh();
    seen_ = std::max(seen_, fresh->revision);
  } else {
    if (parts_.log) parts_.log("the store lost the watch; reading everything again");
    // Posted, because the watch must not be replaced from within its own callback.
    asio::post(io_, [this] { asio::co_spawn(io_, start_again(), asio::detached); });
  }
}

}  // namespace redan::cloud::store
