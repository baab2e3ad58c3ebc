// Reads HTTP/1.1 messages from a Stream.
#pragma once

#include "net/errors.hpp"
#include "net/http/parser.hpp"
#include "net/stream.hpp"

namespace redan::net {

/// Received and unused bytes, kept from one message to the next.
class HttpInput {
 public:
  explicit HttpInput(Stream& stream) : stream_(stream) {}
  [[nodiscard]] bool empty() const { return bytes_.empty(); }
  [[nodiscard]] std::string_view bytes() const { return bytes_; }
  void consume(std::size_t size) { bytes_.erase(0, size); }
  /// Frees its memory, if it is empty.
  void release() { bytes_.shrink_to_fit(); }
  /// Reads more. On error nothing may be added.
  Task<Stream::Error> fill();

 private:
  Stream& stream_;
  std::string bytes_;
};

class RequestReader {
 public:
  RequestReader(HttpInput& input, const HttpLimits& limits) : input_(input), limits_(limits), parser_(limits) {}

  /// Returns everything except the body.
  Task<tl::expected<HttpRequest, Refusal>> read_head();
  /// Valid after the head.
  [[nodiscard]] bool keeps_alive() const { return parser_.keeps_alive(); }
  [[nodiscard]] bool has_body() const { return !parser_.done(); }
  tl::expected<void, Refusal> limit_body(std::size_t bytes) { return parser_.limit_body(bytes); }
  Task<tl::expected<std::string, Refusal>> read_body();
  /// The next part of the body; empty: there is no more.
  Task<tl::expected<std::string, Refusal>> read_piece();

 private:
  HttpInput& input_;
  const HttpLimits& limits_;
  RequestParser parser_;
};

class ResponseReader {
 public:
  using To = ResponseParser::To;
  /// An error of the stream or, if `code` is set, of the message.
  struct Failure {
    Errc code = errc::http_protocol;
    Stream::Error error{};
    std::string_view text{};
  };

  ResponseReader(HttpInput& input, const HttpLimits& limits, To to)
      : input_(input), limits_(limits), parser_(limits, to) {}

  /// Returns everything except the body; skips 1xx responses.
  Task<tl::expected<HttpResponse, Failure>> read_head();
  /// Valid after the head.
  [[nodiscard]] bool keeps_alive() const { return parser_.keeps_alive(); }
  [[nodiscard]] bool done() const { return parser_.done(); }
  /// Removes the limit on the body.
  void lift_body_limit() { parser_.lift_body_limit(); }
  /// The next part of the body, at least one byte unless done().
  Task<tl::expected<std::string, Failure>> read_piece();

 private:
  HttpInput& input_;
  const HttpLimits& limits_;
  ResponseParser parser_;
};

}  // namespace redan::net
