// Reads HTTP/1.1 messages off a Stream (RFC 9112). Beast parses; what lets two parsers disagree about where a message
// ends is refused before: folded lines, bare CR or LF, Content-Length beside Transfer-Encoding or twice, any
// Transfer-Encoding but chunked.
#pragma once

#include <memory>
#include <tl/expected.hpp>

#include "net/http.hpp"
#include "net/stream.hpp"

namespace redan::net {

struct HttpLimits {
  std::size_t max_head = 16 * 1024;
  std::size_t max_headers = 100;
  std::size_t max_body = 1024 * 1024;
};

/// Bytes that came in and are not used yet, kept from one message to the next.
class HttpInput {
 public:
  explicit HttpInput(Stream& stream) : stream_(stream) {}
  [[nodiscard]] bool empty() const { return bytes_.empty(); }
  [[nodiscard]] std::string_view bytes() const { return bytes_; }
  void consume(std::size_t size) { bytes_.erase(0, size); }
  /// Reads some more. Which may leave it as it is, with an error.
  Task<Stream::Error> fill();

 private:
  Stream& stream_;
  std::string bytes_;
};

/// What is wrong with a request; status 0: the connection ended, or its time was up.
struct Refusal {
  unsigned status = 0;
  std::string_view text{};
};

class RequestReader {
 public:
  RequestReader(HttpInput& input, const HttpLimits& limits);
  ~RequestReader();

  /// Everything but the body.
  Task<tl::expected<HttpRequest, Refusal>> read_head();
  /// After the head.
  [[nodiscard]] bool keeps_alive() const;
  [[nodiscard]] bool has_body() const;
  Task<tl::expected<std::string, Refusal>> read_body();

 private:
  struct Parser;
  HttpInput& input_;
  const HttpLimits& limits_;
  std::unique_ptr<Parser> parser_;
};

class ResponseReader {
 public:
  enum class To : std::uint8_t { head_request, other_request };
  /// An error of the stream, or of the message; then `code` is set.
  struct Failure {
    Errc code = Errc::http_protocol;
    Stream::Error error{};
    std::string_view text{};
  };

  ResponseReader(HttpInput& input, const HttpLimits& limits, To to);
  ~ResponseReader();

  /// Everything but the body; leaves out 1xx responses.
  Task<tl::expected<HttpResponse, Failure>> read_head();
  /// After the head.
  [[nodiscard]] bool keeps_alive() const;
  [[nodiscard]] bool done() const;
  /// Without a limit from now on.
  void lift_body_limit();
  /// What there is of the body, at least one byte unless done().
  Task<tl::expected<std::string, Failure>> read_piece();

 private:
  struct Parser;
  HttpInput& input_;
  const HttpLimits& limits_;
  const To to_;
  std::unique_ptr<Parser> parser_;
};

}  // namespace redan::net
