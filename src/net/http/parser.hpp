// Parses HTTP/1.1 messages (RFC 9112), without I/O. Beast parses; input that lets two parsers disagree about where a
// message ends is refused before: folded lines, bare CR or LF, Content-Length beside Transfer-Encoding or twice, any
// Transfer-Encoding except chunked.
#pragma once

#include <memory>
#include <tl/expected.hpp>

#include "net/errors.hpp"
#include "net/http/http.hpp"

namespace redan::net {

struct HttpLimits {
  std::size_t max_head = 16 * 1024;
  std::size_t max_headers = 100;
  std::size_t max_body = 1024 * 1024;  ///< that a request's head may announce; see limit_body
};

/// Number of bytes to ignore before a message: its empty lines (RFC 9112 section 2.2).
std::size_t empty_lines_before_message(std::string_view bytes);

/// The position of the empty line that ends a head.
struct HeadEnd {
  enum class State : std::uint8_t { whole, incomplete, too_large };
  State state = State::incomplete;
  std::size_t size = 0;  ///< if whole: size of the head including that line
};
/// The first `searched` bytes were searched before.
HeadEnd find_head_end(std::string_view bytes, std::size_t searched, std::size_t max_head);

/// Why a request is refused; status 0: the connection ended, or its time expired.
struct Refusal {
  unsigned status = 0;
  std::string_view text{};
};

/// One request. The limits must outlive it.
class RequestParser {
 public:
  explicit RequestParser(const HttpLimits& limits);
  ~RequestParser();

  /// A whole head, as found by find_head_end; called once.
  tl::expected<HttpRequest, Refusal> parse_head(std::string_view head);

  // Valid after the head.
  [[nodiscard]] bool keeps_alive() const;
  [[nodiscard]] bool done() const;
  /// Lowers the limit on the body. Call it before parse_body.
  tl::expected<void, Refusal> limit_body(std::size_t bytes);
  /// Returns the number of bytes used. Keep the rest: it is the beginning of more input, or of the next message.
  tl::expected<std::size_t, Refusal> parse_body(std::string_view bytes);
  std::string take_body();

 private:
  struct Parser;
  const HttpLimits& limits_;
  std::unique_ptr<Parser> parser_;
  bool begun_ = false;  ///< some of the body was used
};

/// One response. The limits must outlive it.
class ResponseParser {
 public:
  enum class To : std::uint8_t { head_request, other_request };
  struct Failure {
    Errc code = errc::http_protocol;  ///< or http_too_large
    std::string_view text{};
  };

  ResponseParser(const HttpLimits& limits, To to);
  ~ResponseParser();

  /// A whole head, as found by find_head_end. After an interim_head() another head follows.
  tl::expected<HttpResponse, Failure> parse_head(std::string_view head);
  /// It was a 1xx response other than 101: the final response is still to come (RFC 9110 section 15.2).
  [[nodiscard]] bool interim_head() const;

  // Valid after the head.
  [[nodiscard]] bool keeps_alive() const;
  [[nodiscard]] bool done() const;
  void lift_body_limit();
  /// As in RequestParser.
  tl::expected<std::size_t, Failure> parse_body(std::string_view bytes);
  /// The connection was closed normally. This completes a response without a length and truncates any other.
  tl::expected<void, Failure> end_of_input();
  /// The body received since the last call.
  std::string take_body();

 private:
  struct Parser;
  const HttpLimits& limits_;
  const To to_;
  std::unique_ptr<Parser> parser_;
  bool begun_ = false;  ///< some of the body was used
};

}  // namespace redan::net
