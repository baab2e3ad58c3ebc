#include "cloud/store/etcd_feed.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <deque>

#include "cloud/errors.hpp"
#include "cloud/store/ticker.hpp"
#include "cloud/store/watchers.hpp"
#include "net/clock.hpp"

namespace redan::cloud::store {

namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;

// The feed begins this many revisions before the first watch's start, for the watches that follow: they have listed
// their keys shortly before.
constexpr std::uint64_t kLookBack = 100;
constexpr std::size_t kMaxHistory = 10'000;
constexpr std::size_t kMaxHistoryBytes = 16 * 1024 * 1024;
// etcd sends at most a thousand revisions in one message.
constexpr std::size_t kMaxLine = 64 * 1024 * 1024;

constexpr auto kTick = 50ms;
constexpr auto kBeaconAfter = 450ms;
// Each store waits for a slightly different time, so that usually only one writes the beacon.
constexpr std::int64_t kBeaconSpreadMs = 300;
constexpr auto kPause = 200ms;

std::size_t size_of(const WatchEvent& event) {
  if (const auto* put = std::get_if<PutSeen>(&event)) return put->entry.key.size() + put->entry.value.size();
  if (const auto* erased = std::get_if<EraseSeen>(&event)) return erased->key.size();
  return 0;
}

/// The key of a PutSeen or an EraseSeen.
std::string& key_in(WatchEvent& event) {
  auto* put = std::get_if<PutSeen>(&event);
  return put != nullptr ? put->entry.key : std::get<EraseSeen>(event).key;
}

}  // namespace

class EtcdFeed::Impl : public std::enable_shared_from_this<Impl> {
 public:
  Impl(asio::io_context& io, std::shared_ptr<EtcdCluster> cluster, EtcdKeys keys)
      : io_(io),
        cluster_(std::move(cluster)),
        keys_(std::move(keys)),
        watchers_(io),
        beacon_after_(kBeaconAfter +
                      std::chrono::milliseconds(net::now().time_since_epoch().count() % kBeaconSpreadMs)),
        ticker_(io, kTick, [this] { tick(); }) {}

  std::unique_ptr<Watch> watch(std::string_view prefix, Revision since, Watchers::Handler handler);
  void end();

 private:
  net::Task<void> run();
  net::Task<void> run_stream();
  net::Task<void> light_beacon();
  void on_line(std::string_view line);
  void on_events(std::vector<WatchEvent> events);
  void on_compacted(Revision first);
  void remember(WatchEvent event);
  void start(Revision since);
  void tick();

  asio::io_context& io_;
  std::shared_ptr<EtcdCluster> cluster_;
  EtcdKeys keys_;
  Watchers watchers_;
  std::deque<WatchEvent> history_;  ///< after forgotten_, up to position_
  std::size_t history_bytes_ = 0;
  Revision forgotten_{};
  Revision position_{};  ///< everything up to it was delivered
  std::shared_ptr<net::HttpClient> client_;
  TimePoint heard_{};  ///< of any message
  Duration beacon_after_;
  bool lighting_ = false;
  bool running_ = false;
  bool ended_ = false;
  bool stream_is_bad_ = false;
  Ticker ticker_;
};

EtcdFeed::EtcdFeed(asio::io_context& io, std::shared_ptr<EtcdCluster> cluster, EtcdKeys keys)
    : impl_(std::make_shared<Impl>(io, std::move(cluster), std::move(keys))) {}

EtcdFeed::~EtcdFeed() { impl_->end(); }

std::unique_ptr<Watch> EtcdFeed::watch(std::string_view prefix, Revision since, Watchers::Handler handler) {
  return impl_->watch(prefix, since, std::move(handler));
}

std::unique_ptr<Watch> EtcdFeed::Impl::watch(std::string_view prefix, Revision since, Watchers::Handler handler) {
  if (!running_) start(since);
  std::vector<WatchEvent> missed;
  if (since < forgotten_) {
    missed.emplace_back(WatchLost{});
  } else {
    // The watch skips changes that are not later than `since` or have another prefix.
    missed.assign(history_.begin(), history_.end());
    missed.emplace_back(UpToDate{position_});
  }
  return watchers_.add(prefix, since, std::move(handler), std::move(missed));
}

void EtcdFeed::Impl::start(Revision since) {
  running_ = true;
  forgotten_ = position_ = Revision{since.value - std::min(since.value, kLookBack)};
  history_.clear();
  history_bytes_ = 0;
  heard_ = net::now();
  ticker_.start();
  // Posted: within the loop, co_spawn would start immediately, and no watch is registered yet.
  asio::post(io_, [self = shared_from_this()] {
    asio::co_spawn(self->io_, self->run(), [self](const std::exception_ptr&) {});
  });
}

void EtcdFeed::Impl::end() {
  ended_ = true;
  ticker_.stop();
  watchers_.end();
  if (client_) client_->cancel();
}

net::Task<void> EtcdFeed::Impl::run() {
  while (!ended_ && !watchers_.empty()) {
    client_ = cluster_->stream_client();
    co_await run_stream();
    if (ended_) break;
    cluster_->leave_stream_endpoint();
    asio::steady_timer timer(io_, kPause);
    co_await timer.async_wait(asio::as_tuple(asio::use_awaitable));
  }
  running_ = false;
  client_.reset();
  ticker_.stop();
}

net::Task<void> EtcdFeed::Impl::run_stream() {
  const KeyRange keys{keys_.beacon, keys_below(keys_.entries).end};
  const Revision next{position_.value + 1};
  auto request = co_await cluster_->stream_request("/v3/watch", write_watch(keys, next));
  if (!request || ended_) co_return;
  stream_is_bad_ = false;
  std::function<bool(std::string_view)> on_piece = [this,
                                                    lines = LineCutter(kMaxLine)](std::string_view piece) mutable {
    const bool good = lines.add(piece, [this](std::string_view line) { on_line(line); });
    return good && !stream_is_bad_ && !ended_ && !watchers_.empty();
  };
  const std::shared_ptr<net::HttpClient> client = client_;
  const net::HttpResult result = co_await client->stream(std::move(*request), std::move(on_piece));
  if (ended_ || watchers_.empty()) co_return;
  if (!result) cluster_->report({errc::store_failed, "watch: " + std::string(text(result.error().code))});
}

void EtcdFeed::Impl::on_line(std::string_view line) {
  if (stream_is_bad_ || ended_) return;
  auto answer = parse_watch(line);
  if (!answer || answer->canceled) {
    stream_is_bad_ = true;
    if (answer && answer->compacted != Revision{}) {
      on_compacted(answer->compacted);
    } else {
      cluster_->doubt_login();
    }
    if (!answer) {
      const auto error = parse_error(line);
      cluster_->report({errc::store_failed, "watch: " + (error ? error->message : "etcd's answer does not parse")});
    }
    return;
  }
  if (!answer->events.empty()) on_events(std::move(answer->events));
}

void EtcdFeed::Impl::on_events(std::vector<WatchEvent> events) {
  heard_ = net::now();
  const Revision told = position_;
  for (WatchEvent& event : events) {
    const Revision revision = revision_of(event);
    if (revision <= told) continue;
    position_ = std::max(position_, revision);
    std::string& key = key_in(event);
    if (!key.starts_with(keys_.entries)) continue;
    key = keys_.without(key);
    watchers_.notify(event);
    remember(std::move(event));
  }
  watchers_.notify(UpToDate{position_});
}

void EtcdFeed::Impl::on_compacted(Revision first) {
  const Revision gone{first.value - 1};
  if (gone <= position_) return;
  watchers_.lose_older_than(gone);
  history_.clear();
  history_bytes_ = 0;
  forgotten_ = position_ = gone;
}

void EtcdFeed::Impl::remember(WatchEvent event) {
  history_bytes_ += size_of(event);
  history_.push_back(std::move(event));
  while (history_.size() > kMaxHistory || history_bytes_ > kMaxHistoryBytes) {
    forgotten_ = revision_of(history_.front());
    history_bytes_ -= size_of(history_.front());
    history_.pop_front();
  }
}

void EtcdFeed::Impl::tick() {
  if (watchers_.empty()) {
    if (client_) client_->cancel();
    return;
  }
  if (lighting_ || net::now() - heard_ < beacon_after_) return;
  lighting_ = true;
  asio::co_spawn(
      io_, [](std::shared_ptr<Impl> self) { return self->light_beacon(); }(shared_from_this()),
      [self = shared_from_this()](const std::exception_ptr&) { self->lighting_ = false; });
}

net::Task<void> EtcdFeed::Impl::light_beacon() {
  EtcdTransaction transaction;
  // Unless another store has written it, which we will be notified of.
  transaction.compares.push_back(
      {keys_.beacon, EtcdCompare::Target::modified, EtcdCompare::Relation::less, Revision{position_.value + 1}});
  transaction.success.emplace_back(EtcdPut{keys_.beacon, ""});
  EtcdCluster::Body body = [request = write(transaction)](bool) { return request; };
  const EtcdAnswer answer = co_await cluster_->call("/v3/kv/txn", std::move(body), cluster_->deadline());
  // If a cluster reports nothing for long, the stream times out, and the next endpoint is used.
  if (answer) heard_ = net::now();
}

bool LineCutter::add(std::string_view piece, const std::function<void(std::string_view)>& on_line) {
  for (std::size_t end = piece.find('\n'); end != std::string_view::npos; end = piece.find('\n')) {
    part_ += piece.substr(0, end);
    if (part_.size() > limit_) return false;
    if (!part_.empty()) on_line(part_);
    part_.clear();
    piece.remove_prefix(end + 1);
  }
  part_ += piece;
  return part_.size() <= limit_;
}

}  // namespace redan::cloud::store
