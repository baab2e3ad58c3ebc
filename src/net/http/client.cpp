#include "net/http/client.hpp"

#include <sys/socket.h>

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>
#include <deque>
#include <set>

#include "net/dial.hpp"
#include "net/errors.hpp"
#include "net/http/file_body.hpp"
#include "net/http/reader.hpp"
#include "net/http/writer.hpp"

namespace redan::net {
namespace {

namespace asio = boost::asio;
using SteadyClock = std::chrono::steady_clock;
using OnPiece = std::function<bool(std::string_view)>;

constexpr auto kNoThrow = asio::as_tuple(asio::use_awaitable);
// Shorter than the idle timeout of most servers.
constexpr std::chrono::milliseconds kMaxIdle{30'000};
// For the response to a body that could not be sent.
constexpr std::chrono::milliseconds kAfterFailure{1'000};

bool may_be_repeated(std::string_view method) {
  return method == "GET" || method == "HEAD" || method == "OPTIONS" || method == "PUT";
}

// An idle connection that becomes readable has ended.
bool is_quiet(Stream& stream) {
  char byte = 0;
  const auto size = ::recv(stream.socket().native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
  return size < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
}

struct FileBody {
  std::shared_ptr<const Descriptor> descriptor{};
  std::optional<std::uint64_t> size{};
};

HttpFailure failure_of(const Stream& stream, const ResponseReader::Failure& failure) {
  if (failure.error) return failure_of(stream, failure.error);
  return {failure.code, true, std::string(failure.text)};
}

}  // namespace

class HttpClient::Impl : public std::enable_shared_from_this<HttpClient::Impl> {
 public:
  Impl(asio::io_context& io, HttpClientConfig config)
      : io_(io), config_(std::move(config)), dialer_(config_.server), limits_{.max_body = config_.max_body} {}

  static Task<HttpResult> request(std::shared_ptr<Impl> self, HttpRequest request, FileBody file = {}) {
    Exchange exchange{*self, request};
    exchange.file = std::move(file);
    try {
      co_return co_await self->run(exchange);
    } catch (const boost::system::system_error& error) {
      co_return tl::unexpected(HttpFailure{Errc::closed_locally, exchange.sent, error.what()});
    }
  }

  static Task<HttpResult> stream(std::shared_ptr<Impl> self, HttpRequest request, OnPiece on_piece) {
    Exchange exchange{*self, request};
    try {
      co_return co_await self->run_stream(exchange, on_piece);
    } catch (const boost::system::system_error& error) {
      co_return tl::unexpected(HttpFailure{Errc::closed_locally, exchange.sent, error.what()});
    }
  }

  void cancel() {
    ++generation_;
    for (const auto& stream : std::set<std::shared_ptr<Stream>>(busy_)) stream->close();
    for (asio::steady_timer* waiting : waiting_) waiting->cancel();
  }
  void close() {
    cancel();
    for (const auto& stream : std::exchange(idle_, {})) stream->close();
  }

 private:
  // One call of request(), upload() or stream().
  struct Exchange {
    Exchange(Impl& client, HttpRequest& to_send)
        : request(to_send), generation(client.generation_), deadline(SteadyClock::now() + client.config_.timeout) {}
    [[nodiscard]] std::chrono::milliseconds left() const {
      return std::max(std::chrono::ceil<std::chrono::milliseconds>(deadline - SteadyClock::now()),
                      std::chrono::milliseconds(0));
    }
    HttpRequest& request;
    std::uint64_t generation;
    SteadyClock::time_point deadline;
    FileBody file{};
    std::string head{};
    bool sent = false;      // possibly
    bool answered = false;  // at least in part
  };

  // While this object lives, cancel() can close the stream.
  class Busy {
   public:
    Busy(Impl& client, std::shared_ptr<Stream> stream) : client_(client), stream_(std::move(stream)) {
      client_.busy_.insert(stream_);
    }
    ~Busy() { client_.busy_.erase(stream_); }
    Busy(const Busy&) = delete;
    Busy& operator=(const Busy&) = delete;

   private:
    Impl& client_;
    std::shared_ptr<Stream> stream_;
  };

  // One of max_connections slots.
  class Turn {
   public:
    explicit Turn(Impl& client) : client_(client) {
      ++client_.turns_;
      client_.wake_next();
    }
    ~Turn() {
      --client_.turns_;
      client_.wake_next();
    }
    Turn(const Turn&) = delete;
    Turn& operator=(const Turn&) = delete;

   private:
    Impl& client_;
  };

  void wake_next() {
    if (turns_ < config_.max_connections && !waiting_.empty()) waiting_.front()->cancel();
  }

  // First come, first served. Fails if the timeout expired or cancel() was called before.
  Task<std::optional<HttpFailure>> wait_for_turn(Exchange& exchange) {
    if (turns_ < config_.max_connections && waiting_.empty()) co_return std::nullopt;
    asio::steady_timer timer(io_, exchange.deadline);
    waiting_.push_back(&timer);
    struct Leave {
      Impl& client;
      asio::steady_timer* timer;
      ~Leave() {
        std::erase(client.waiting_, timer);
        client.wake_next();
      }
    } leave{*this, &timer};
    while (turns_ >= config_.max_connections || waiting_.front() != &timer) {
      auto [error] = co_await timer.async_wait(kNoThrow);
      if (generation_ != exchange.generation) co_return HttpFailure{Errc::closed_locally, false, "cancelled"};
      if (!error) co_return HttpFailure{errc::http_timeout, false, "no connection became free"};
    }
    co_return std::nullopt;
  }

  Task<HttpResult> run(Exchange& exchange) {
    if (const auto failure = write_head(exchange)) co_return tl::unexpected(*failure);
    if (const auto failure = co_await wait_for_turn(exchange)) co_return tl::unexpected(*failure);
    const Turn turn(*this);
    const std::shared_ptr<Stream> kept = exchange.file.descriptor ? nullptr : take_idle();
    if (kept) {
      HttpResult result = co_await round_trip(exchange, kept);
      const bool found_closed = !result && !exchange.answered && result.error().code == errc::connect_failed;
      if (!found_closed || !may_be_repeated(exchange.request.method)) co_return result;
    }
    REDAN_CO_TRY(auto fresh, dialer_.make_stream(io_.get_executor()));
    if (const auto failure = co_await dial(exchange, fresh)) co_return tl::unexpected(*failure);
    co_return co_await round_trip(exchange, fresh);
  }

  Task<std::optional<HttpFailure>> dial(Exchange& exchange, const std::shared_ptr<Stream>& stream) {
    if (generation_ != exchange.generation) co_return HttpFailure{Errc::closed_locally, exchange.sent, "cancelled"};
    const Busy busy(*this, stream);
    stream->set_deadline(exchange.left());
    auto failure = co_await dialer_.connect(stream);
    if (failure) failure->maybe_sent = exchange.sent;
    co_return failure;
  }

  std::optional<HttpFailure> write_head(Exchange& exchange) const {
    auto head = write_request_head(exchange.request, dialer_.host(), exchange.file.size);
    if (!head) return HttpFailure{Errc::invalid_argument, false, "the request cannot be written as HTTP"};
    exchange.head = std::move(*head);
    return std::nullopt;
  }

  // Sends the request and reads the head of the response.
  Task<HttpResult> begin(Exchange& exchange, Stream& stream, HttpInput& input, ResponseReader& reader) {
    stream.set_deadline(exchange.left());
    exchange.sent = true;
    // If writing failed, what the server sent before it closed gives the reason.
    const Stream::Error not_written = co_await stream.write(exchange.head, exchange.request.body);
    if (exchange.file.descriptor && !not_written) co_await send_body(exchange.file, stream);
    auto head = co_await reader.read_head();
    exchange.answered = exchange.answered || head || !input.empty();
    if (head) co_return std::move(*head);
    HttpFailure failure = failure_of(stream, head.error());
    exchange.sent = failure.maybe_sent;
    if (not_written && failure.detail.empty()) failure.detail = not_written.message();
    co_return tl::unexpected(std::move(failure));
  }

  Task<void> send_body(const FileBody& file, Stream& stream) {
    const bool sent = co_await send_file(stream, *file.descriptor, *file.size, config_.timeout);
    // What the server says if it was not. A file that has become shorter leaves it waiting.
    stream.set_deadline(sent ? config_.timeout : std::min(config_.timeout, kAfterFailure));
  }

  Task<HttpResult> finish(const Stream& stream, ResponseReader& reader, HttpResponse response) {
    while (!reader.done()) {
      auto piece = co_await reader.read_piece();
      if (!piece) co_return tl::unexpected(failure_of(stream, piece.error()));
      response.body += *piece;
    }
    co_return response;
  }

  static ResponseReader::To kind_of(const HttpRequest& request) {
    return request.method == "HEAD" ? ResponseReader::To::head_request : ResponseReader::To::other_request;
  }

  Task<HttpResult> round_trip(Exchange& exchange, std::shared_ptr<Stream> stream) {
    const Busy busy(*this, stream);
    HttpInput input(*stream);
    ResponseReader reader(input, limits_, kind_of(exchange.request));
    HttpResult head = co_await begin(exchange, *stream, input, reader);
    if (!head) co_return head;
    HttpResult response = co_await finish(*stream, reader, std::move(*head));
    if (response && reader.keeps_alive() && input.empty()) {
      keep(std::move(stream));
    } else {
      stream->close();
    }
    co_return response;
  }

  Task<HttpResult> run_stream(Exchange& exchange, const OnPiece& on_piece) {
    if (const auto failure = write_head(exchange)) co_return tl::unexpected(*failure);
    REDAN_CO_TRY(auto fresh, dialer_.make_stream(io_.get_executor()));
    const std::shared_ptr<Stream> stream = fresh;
    if (const auto failure = co_await dial(exchange, stream)) co_return tl::unexpected(*failure);
    const Busy busy(*this, stream);
    HttpInput input(*stream);
    ResponseReader reader(input, limits_, kind_of(exchange.request));
    HttpResult head = co_await begin(exchange, *stream, input, reader);
    if (head && head->status / 100 == 2) {
      co_return co_await pass_on(*stream, reader, std::move(*head), on_piece);
    }
    if (head) head = co_await finish(*stream, reader, std::move(*head));
    stream->close();
    co_return head;
  }

  Task<HttpResult> pass_on(Stream& stream, ResponseReader& reader, HttpResponse head, const OnPiece& on_piece) {
    reader.lift_body_limit();
    while (!reader.done()) {
      stream.clear_deadline();
      if (config_.stream_silence.count() > 0) stream.set_deadline(config_.stream_silence);
      const auto piece = co_await reader.read_piece();
      if (!piece) co_return tl::unexpected(failure_of(stream, piece.error()));
      if (!piece->empty() && !on_piece(*piece)) break;
    }
    stream.close();
    co_return head;
  }

  std::shared_ptr<Stream> take_idle() {
    while (!idle_.empty()) {
      std::shared_ptr<Stream> stream = std::move(idle_.back());
      idle_.pop_back();
      if (!stream->closed() && is_quiet(*stream)) return stream;
      stream->close();
    }
    return nullptr;
  }
  void keep(std::shared_ptr<Stream> stream) {
    std::erase_if(idle_, [](const auto& old) { return old->closed(); });
    stream->set_deadline(kMaxIdle);
    idle_.push_back(std::move(stream));
  }

  asio::io_context& io_;
  HttpClientConfig config_;
  Dialer dialer_;
  HttpLimits limits_;
  std::vector<std::shared_ptr<Stream>> idle_;  // the most recently used last
  std::set<std::shared_ptr<Stream>> busy_;
  std::size_t turns_ = 0;
  std::deque<asio::steady_timer*> waiting_;
  std::uint64_t generation_ = 0;
};

HttpClient::HttpClient(asio::io_context& io, HttpClientConfig config)
    : impl_(std::make_shared<Impl>(io, std::move(config))) {}
HttpClient::~HttpClient() { impl_->close(); }
Task<HttpResult> HttpClient::request(HttpRequest request) { return Impl::request(impl_, std::move(request)); }
Task<HttpResult> HttpClient::upload(HttpRequest request, std::shared_ptr<const Descriptor> file, std::uint64_t size) {
  return Impl::request(impl_, std::move(request), {std::move(file), size});
}
Task<HttpResult> HttpClient::stream(HttpRequest request, OnPiece on_piece) {
  return Impl::stream(impl_, std::move(request), std::move(on_piece));
}
void HttpClient::cancel() { impl_->cancel(); }

}  // namespace redan::net
