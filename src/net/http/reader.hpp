// Reads HTTP/1.1 messages off a Stream.
#pragma once

#include "net/errors.hpp"
#include "net/http/parser.hpp"
#include "net/stream.hpp"

namespace redan::net {

/// Bytes that came in and are not used yet, kept from one message to the next.
class HttpInput {
 public:
  explicit HttpInput(Stream& stream) : stream_(stream) {}
  [[nodiscard]] bool empty() const { return bytes_.empty(); }
  [[nodiscard]] std::string_view bytes() const { return bytes_; }
  void consume(std::size_t size) { bytes_.erase(0, size); }
  /// Gives back its memory, if it is empty.
  void release() { bytes_.shrink_to_fit(); }
  /// Reads some more. Which may leave it as it is, with an error.
  Task<Stream::Error> fill();

 private:
  Stream& stream_;
  std::string bytes_;
};

class RequestReader {
 public:
  RequestReader(HttpInput& input, const HttpLimits& limits) : input_(input), limits_(limits), parser_(limits) {}

  /// Everything but the body.
  Task<tl::expected<HttpRequest, Refusal>> read_head();
  /// After the head.
  [[nodiscard]] bool keeps_alive() const { return parser_.keeps_alive(); }
  [[nodiscard]] bool has_body() const { return !parser_.done(); }
  Task<tl::expected<std::string, Refusal>> read_body();

 private:
  HttpInput& input_;
  const HttpLimits& limits_;
  RequestParser parser_;
};

class ResponseReader {
 public:
  using To = ResponseParser::To;
  /// An error of the stream, or of the message; then `code` is set.
  struct Failure {
    Errc code = errc::http_protocol;
    Stream::Error error{};
    std::string_view text{};
  };

  ResponseReader(HttpInput& input, const HttpLimits& limits, To to)
      : input_(input), limits_(limits), parser_(limits, to) {}

  /// Everything but the body; leaves out 1xx responses.
  Task<tl::expected<HttpResponse, Failure>> read_head();
  /// After the head.
  [[nodiscard]] bool keeps_alive() const { return parser_.keeps_alive(); }
  [[nodiscard]] bool done() const { return parser_.done(); }
  /// Without a limit from now on.
  void lift_body_limit() { parser_.lift_body_limit(); }
  /// What there is of the body, at least one byte unless done().
  Task<tl::expected<std::string, Failure>> read_piece();

 private:
  HttpInput& input_;
  const HttpLimits& limits_;
  ResponseParser parser_;
};

}  // namespace redan::net
