// HTTP/1.1 messages out of bytes (RFC 9112), without I/O. Beast parses; what lets two parsers disagree about where a
// message ends is refused before: folded lines, bare CR or LF, Content-Length beside Transfer-Encoding or twice, any
// Transfer-Encoding but chunked.
#pragma once

#include <memory>
#include <tl/expected.hpp>

#include "net/errors.hpp"
#include "net/http/http.hpp"

namespace redan::net {

struct HttpLimits {
  std::size_t max_head = 16 * 1024;
  std::size_t max_headers = 100;
  std::size_t max_body = 1024 * 1024;
};

/// How many bytes to ignore in front of a message: its empty lines (RFC 9112 section 2.2).
std::size_t empty_lines_before_message(std::string_view bytes);

/// Where the empty line that ends a head is.
struct HeadEnd {
  enum class State : std::uint8_t { whole, incomplete, too_large };
  State state = State::incomplete;
  std::size_t size = 0;  ///< if whole: of the head, with that line
};
/// `searched` bytes were looked at before.
HeadEnd find_head_end(std::string_view bytes, std::size_t searched, std::size_t max_head);

/// What is wrong with a request; status 0: the connection ended, or its time was up.
struct Refusal {
  unsigned status = 0;
  std::string_view text{};
};

/// One request. The limits outlive it.
class RequestParser {
 public:
  explicit RequestParser(const HttpLimits& limits);
  ~RequestParser();

  /// All of a head, as find_head_end found it; once.
  tl::expected<HttpRequest, Refusal> parse_head(std::string_view head);

  // After the head.
  [[nodiscard]] bool keeps_alive() const;
  [[nodiscard]] bool done() const;
  /// The number of bytes used; what is left is needed again, with more behind it, or belongs to the next message.
  tl::expected<std::size_t, Refusal> parse_body(std::string_view bytes);
  std::string take_body();

 private:
  struct Parser;
  const HttpLimits& limits_;
  std::unique_ptr<Parser> parser_;
  bool begun_ = false;  ///< some of the body was used
};

/// One response. The limits outlive it.
class ResponseParser {
 public:
  enum class To : std::uint8_t { head_request, other_request };
  struct Failure {
    Errc code = errc::http_protocol;  ///< or http_too_large
    std::string_view text{};
  };

  ResponseParser(const HttpLimits& limits, To to);
  ~ResponseParser();

  /// All of a head, as find_head_end found it. After an interim_head() the next one may come.
  tl::expected<HttpResponse, Failure> parse_head(std::string_view head);
  /// It was a 1xx response but 101: the response is yet to come (RFC 9110 section 15.2).
  [[nodiscard]] bool interim_head() const;

  // After the head.
  [[nodiscard]] bool keeps_alive() const;
  [[nodiscard]] bool done() const;
  void lift_body_limit();
  /// As RequestParser's.
  tl::expected<std::size_t, Failure> parse_body(std::string_view bytes);
  /// The connection has ended in order, which ends a response without a length and cuts off any other.
  tl::expected<void, Failure> end_of_input();
  /// What there is since the last time.
  std::string take_body();

 private:
  struct Parser;
  const HttpLimits& limits_;
  const To to_;
  std::unique_ptr<Parser> parser_;
  bool begun_ = false;  ///< some of the body was used
};

}  // namespace redan::net
