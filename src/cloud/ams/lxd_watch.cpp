#include "cloud/ams/lxd_watch.hpp"

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <map>

namespace redan::cloud::ams {
namespace {

namespace asio = boost::asio;

constexpr std::chrono::milliseconds kFirstPause{200};
constexpr std::chrono::milliseconds kLongestPause{10'000};
// LXD reports the end of an instance before the operation is complete, and shows "Running" until then.
constexpr std::chrono::milliseconds kLookPause{200};
constexpr int kLooks = 50;
// An instance may end before it is watched.
constexpr int kFirstLooks = 10;
// In case an event is lost.
constexpr std::chrono::milliseconds kLookAtAll{30'000};

}  // namespace

class LxdWatch::Impl : public std::enable_shared_from_this<Impl> {
 public:
  Impl(asio::io_context& io, std::shared_ptr<LxdClient> client, std::string unit, Ended ended, Say log)
      : client_(std::move(client)),
        unit_(std::move(unit)),
        ended_(std::move(ended)),
        say_(std::move(log)),
        timer_(io) {}

  void add(const std::string& id) {
    watched_[id] = {++generation_, kFirstLooks};
    timer_.cancel();
  }
  void remove(const std::string& id) { watched_.erase(id); }

  void stop() {
    stopped_ = true;
    watched_.clear();
    client_->cancel();
    if (socket_) socket_->connection().close();
    timer_.cancel();
  }

  static net::Task<void> run(std::shared_ptr<Impl> self) {
    auto pause = kFirstPause;
    bool lost = false;
    while (!self->stopped_) {
      auto opened = co_await self->client_->events();
      if (self->stopped_) break;
      LxdResult<void> listened;
      if (opened) listened = co_await self->listen(*opened, lost);
      if (self->stopped_) break;
      const LxdFailure failure = !opened ? opened.error() : !listened ? listened.error() : LxdFailure{};
      if (opened && listened) pause = kFirstPause;
      if (!lost && !(opened && listened)) self->say_("LXD is out of reach: " + failure.message());
      lost = lost || !opened || !listened;
      co_await self->sleep(pause);
      pause = std::min(pause * 2, kLongestPause);
    }
  }

 private:
  struct Watched {
    std::uint64_t generation = 0;  ///< of add(): a response may arrive after its instance was removed and added again
    int looks = 0;                 ///< remaining checks
  };

  // Runs until the connection ends. Fails if the connection was of no use.
  net::Task<LxdResult<void>> listen(std::shared_ptr<net::WebSocket> socket, bool& lost) {
    socket_ = socket;
    bool open = true;
    socket->on_message = [this](std::string_view text) { note(text); };
    socket->on_close = [this, &open] {
      open = false;
      timer_.cancel();
    };
    // After subscribing: finds instances that ended before the first event.
    auto listed = co_await look_at_all();
    if (listed && lost) say_("LXD is back");
    if (listed) lost = false;
    while (listed && open && !stopped_) {
      const auto timeout = uncertain() ? kLookPause : kLookAtAll;
      co_await sleep(timeout);
      if (!open || stopped_) break;
      if (uncertain()) {
        co_await look_again();
      } else {
        listed = co_await look_at_all();
      }
    }
    socket->on_message = nullptr;
    socket->on_close = nullptr;
    socket->connection().close();
    socket_.reset();
    co_return listed;
  }

  [[nodiscard]] bool uncertain() const {
    return std::any_of(watched_.begin(), watched_.end(), [](const auto& entry) { return entry.second.looks > 0; });
  }

  void note(std::string_view text) {
    const auto event = LxdEnded::parse(text);
    if (!event) return;
    for (auto& [id, watched] : watched_) {
      if (lxd_name(id) == event->name) watched.looks = kLooks;
    }
    timer_.cancel();
  }

  net::Task<LxdResult<void>> look_at_all() {
    const std::map<std::string, Watched> before = watched_;
    REDAN_CO_TRY(const auto list, co_await client_->instances_of(unit_));
    std::map<std::string, Existence> existing;
    for (const LxdInstance& instance : list) existing[instance.id] = instance.existence;
    for (const auto& [id, watched] : before) {
      const auto found = existing.find(id);
      settle(id, watched.generation, found == existing.end() ? Existence::absent : found->second);
    }
    co_return LxdResult<void>{};
  }

  net::Task<void> look_again() {
    const std::map<std::string, Watched> before = watched_;
    for (const auto& [id, watched] : before) {
      if (watched.looks == 0) continue;
      std::string name = lxd_name(id);
      const auto found = co_await client_->instance(std::move(name));
      if (const auto still = watched_.find(id); still != watched_.end() && still->second.looks > 0) {
        --still->second.looks;
      }
      if (found) settle(id, watched.generation, *found ? (*found)->existence : Existence::absent);
    }
  }

  void settle(const std::string& id, std::uint64_t generation, Existence existence) {
    const auto found = watched_.find(id);
    if (found == watched_.end() || found->second.generation != generation || existence == Existence::running) return;
    watched_.erase(found);
    ended_(id, existence == Existence::absent ? "its container was deleted" : "its container stopped");
  }

  net::Task<void> sleep(std::chrono::milliseconds time) {
    timer_.expires_after(time);
    co_await timer_.async_wait(asio::as_tuple(asio::use_awaitable));
  }

  std::shared_ptr<LxdClient> client_;
  std::string unit_;
  Ended ended_;
  Say say_;
  asio::steady_timer timer_;
  std::shared_ptr<net::WebSocket> socket_;
  std::map<std::string, Watched> watched_;
  std::uint64_t generation_ = 0;
  bool stopped_ = false;
};

LxdWatch::LxdWatch(asio::io_context& io, std::shared_ptr<LxdClient> client, std::string unit, Ended ended, Say log)
    : impl_(std::make_shared<Impl>(io, std::move(client), std::move(unit), std::move(ended), std::move(log))) {
  asio::co_spawn(io, Impl::run(impl_), asio::detached);
}
LxdWatch::~LxdWatch() { impl_->stop(); }

void LxdWatch::add(const std::string& id) { impl_->add(id); }
void LxdWatch::remove(const std::string& id) { impl_->remove(id); }

}  // namespace redan::cloud::ams
