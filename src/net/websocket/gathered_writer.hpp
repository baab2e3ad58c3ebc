// A layer between Beast and a stream: writes made while the loop has more to do are combined into one. A server with
// many small messages for many sockets then needs few system calls, and TLS few records. Included by .cpp files only.
#pragma once

#include <boost/asio/associated_executor.hpp>
#include <boost/asio/buffers_iterator.hpp>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/write.hpp>

#include "net/stream.hpp"

namespace redan::net {

class GatheredWriter : public std::enable_shared_from_this<GatheredWriter> {
 public:
  using executor_type = Stream::executor_type;
  using Error = Stream::Error;

  explicit GatheredWriter(std::shared_ptr<Stream> stream) : stream_(std::move(stream)) {}
  ~GatheredWriter() = default;
  GatheredWriter(const GatheredWriter&) = delete;
  GatheredWriter& operator=(const GatheredWriter&) = delete;

  [[nodiscard]] executor_type get_executor() { return stream_->get_executor(); }
  /// Bytes that the stream has not accepted yet.
  [[nodiscard]] std::size_t waiting() const { return pending_.size() + leaving_.size(); }
  std::function<void()> on_empty;  ///< called when nothing is waiting any more

  /// Written as a whole, never interleaved with other writes; sent within a few turns of the loop.
  void append(std::string_view head, std::string_view body) {
    if (failed_) return;
    pending_.append(head).append(body);
    quiet_turns_ = 0;
    if (writing_ || scheduled_) return;
    scheduled_ = true;
    turns_ = 0;
    look_again();
  }

  /// Sends what was appended.
  void leave() {
    if (!writing_ && !pending_.empty()) flush();
  }

  template <class Buffers, class Token>
  auto async_read_some(const Buffers& buffers, Token&& token) {
    return stream_->async_read_some(buffers, std::forward<Token>(token));
  }
  /// Also written as a whole; completes when the stream has accepted it.
  template <class Buffers, class Token>
  auto async_write_some(const Buffers& buffers, Token&& token) {
    return boost::asio::async_initiate<Token, void(Error, std::size_t)>(
        [this](auto handler, const Buffers& from) {
          const std::size_t size = boost::asio::buffer_size(from);
          const auto begin = boost::asio::buffers_begin(from);
          if (!failed_) pending_.append(begin, begin + static_cast<std::ptrdiff_t>(size));
          using Handler = decltype(handler);
          waiters_.push_back(std::make_unique<WaiterOf<Handler>>(std::move(handler), get_executor(), size));
          if (failed_) return fail_later();
          if (!writing_) flush();
        },
        token, buffers);
  }

  friend void teardown(boost::beast::role_type role, GatheredWriter& writer, Error& error) {
    teardown(role, *writer.stream_, error);
  }
  template <class Handler>
  friend void async_teardown(boost::beast::role_type role, GatheredWriter& writer, Handler handler) {
    async_teardown(role, *writer.stream_, std::move(handler));
  }
  friend void beast_close_socket(GatheredWriter& writer) { writer.stream_->close(); }

 private:
  static constexpr int kQuietTurns = 3;
  static constexpr int kMaxTurns = 64;
  static constexpr std::size_t kEnough = 32 * 1024;
  static constexpr std::size_t kKept = 4 * 1024;  ///< of a buffer that is idle

  struct Waiter {
    virtual ~Waiter() = default;
    virtual void done(Error error) = 0;
  };
  using Waiters = std::vector<std::unique_ptr<Waiter>>;
  template <class Handler>
  struct WaiterOf : Waiter {
    WaiterOf(Handler its, const executor_type& executor, std::size_t bytes)
        : handler(std::move(its)), loop(executor), size(bytes) {}
    void done(Error error) override {
      const std::size_t taken = error ? 0 : size;
      const auto executor = boost::asio::get_associated_executor(handler, loop);
      boost::asio::dispatch(executor, [h = std::move(handler), error, taken]() mutable { h(error, taken); });
    }
    Handler handler;
    executor_type loop;
    std::size_t size;
  };

  // A producer with more input runs again within a turn or two, so wait for its messages before flushing.
  void look_again() {
    boost::asio::post(get_executor(), [self = shared_from_this()] {
      if (self->writing_ || self->pending_.empty()) {
        self->scheduled_ = false;
        return;
      }
      const bool busy = ++self->quiet_turns_ <= kQuietTurns && ++self->turns_ < kMaxTurns;
      if (busy && self->pending_.size() < kEnough) return self->look_again();
      self->flush();
    });
  }

  void flush() {
    scheduled_ = false;
    writing_ = true;
    leaving_.swap(pending_);
    served_.swap(waiters_);
    boost::asio::async_write(*stream_, boost::asio::buffer(leaving_),
                             [self = shared_from_this()](Error error, std::size_t) { self->on_written(error); });
  }

  // Resumes a writer as soon as its write completes, before the other end can have answered; it may write or append
  // again.
  void on_written(Error error) {
    writing_ = false;
    leaving_.clear();
    Waiters done;
    done.swap(served_);
    if (error) {
      failed_ = error;
      pending_.clear();
      std::move(waiters_.begin(), waiters_.end(), std::back_inserter(done));
      waiters_.clear();
    }
    if (!pending_.empty()) flush();
    answer(done, error);
    if (waiting() > 0) return;
    if (leaving_.capacity() > kKept) leaving_ = {};
    if (pending_.capacity() > kKept) pending_ = {};
    if (on_empty) on_empty();
  }

  // Never within the call that started the wait.
  void fail_later() {
    boost::asio::post(get_executor(), [self = shared_from_this()] {
      Waiters done;
      done.swap(self->waiters_);
      answer(done, *self->failed_);
    });
  }

  static void answer(const Waiters& all, Error error) {
    for (const auto& waiter : all) waiter->done(error);
  }

  std::shared_ptr<Stream> stream_;
  std::string pending_, leaving_;
  Waiters waiters_, served_;
  std::optional<Error> failed_;
  int turns_ = 0, quiet_turns_ = 0;
  bool scheduled_ = false, writing_ = false;
};

}  // namespace redan::net
