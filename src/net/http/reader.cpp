#include "net/http/reader.hpp"

#include <boost/asio/error.hpp>

#include "net/errors.hpp"

namespace redan::net {
namespace {

namespace asio = boost::asio;

using Error = Stream::Error;

constexpr std::size_t kReadSize = 16 * 1024;

struct HeadRead {
  HeadEnd end{};  // incomplete if the stream ended with an error
  Error error{};
};

// Reads until the empty line that ends a head.
Task<HeadRead> read_to_head_end(HttpInput& input, std::size_t max_head) {
  for (std::size_t searched = 0;;) {
    input.consume(empty_lines_before_message(input.bytes()));
    const HeadEnd end = find_head_end(input.bytes(), searched, max_head);
    if (end.state != HeadEnd::State::incomplete) co_return HeadRead{end};
    searched = input.bytes().size();
    if (const Error error = co_await input.fill()) co_return HeadRead{end, error};
  }
}

}  // namespace

Task<Error> HttpInput::fill() {
  const std::size_t used = bytes_.size();
  bytes_.resize(used + kReadSize);
  const auto [error, size] = co_await stream_.read(asio::buffer(bytes_.data() + used, kReadSize));
  bytes_.resize(used + size);
  co_return size == 0 ? error : Error();
}

// Requests.

Task<tl::expected<HttpRequest, Refusal>> RequestReader::read_head() {
  const HeadRead read = co_await read_to_head_end(input_, limits_.max_head);
  if (read.end.state == HeadEnd::State::incomplete) co_return tl::unexpected(Refusal{});
  if (read.end.state == HeadEnd::State::too_large) {
    co_return tl::unexpected(Refusal{431, "the request's head is too large"});
  }
  auto request = parser_.parse_head(input_.bytes().substr(0, read.end.size));
  if (request) input_.consume(read.end.size);
  co_return request;
}

Task<tl::expected<std::string, Refusal>> RequestReader::read_body() {
  while (!parser_.done()) {
    REDAN_CO_TRY(const auto used, parser_.parse_body(input_.bytes()));
    input_.consume(used);
    if (parser_.done()) break;
    if (const Error ended = co_await input_.fill()) co_return tl::unexpected(Refusal{});
  }
  co_return parser_.take_body();
}

Task<tl::expected<std::string, Refusal>> RequestReader::read_piece() {
  std::string piece;
  while (piece.empty() && !parser_.done()) {
    if (input_.empty()) {
      if (const Error ended = co_await input_.fill()) co_return tl::unexpected(Refusal{});
    }
    REDAN_CO_TRY(const auto used, parser_.parse_body(input_.bytes()));
    input_.consume(used);
    piece = parser_.take_body();
    if (piece.empty() && used == 0 && !parser_.done()) {
      if (const Error ended = co_await input_.fill()) co_return tl::unexpected(Refusal{});
    }
  }
  co_return piece;
}

// Responses.

Task<tl::expected<HttpResponse, ResponseReader::Failure>> ResponseReader::read_head() {
  for (;;) {
    const HeadRead read = co_await read_to_head_end(input_, limits_.max_head);
    if (read.end.state == HeadEnd::State::incomplete) {
      co_return tl::unexpected(Failure{errc::http_protocol, read.error, {}});
    }
    if (read.end.state == HeadEnd::State::too_large) {
      co_return tl::unexpected(Failure{errc::http_protocol, {}, "the response's head is too large"});
    }
    auto response = parser_.parse_head(input_.bytes().substr(0, read.end.size));
    if (!response) co_return tl::unexpected(Failure{response.error().code, {}, response.error().text});
    input_.consume(read.end.size);
    if (!parser_.interim_head()) co_return std::move(*response);
  }
}

Task<tl::expected<std::string, ResponseReader::Failure>> ResponseReader::read_piece() {
  const auto failed = [](const ResponseParser::Failure& why) {
    return tl::unexpected(Failure{why.code, {}, why.text});
  };
  std::string piece;
  while (!parser_.done()) {
    const auto used = parser_.parse_body(input_.bytes());
    if (!used) co_return failed(used.error());
    input_.consume(*used);
    piece = parser_.take_body();
    if (!piece.empty() || parser_.done()) break;
    if (const Error ended = co_await input_.fill()) {
      // Without a length, only an orderly close completes the response.
      if (ended != asio::error::eof) co_return tl::unexpected(Failure{errc::http_protocol, ended, {}});
      const auto over = parser_.end_of_input();
      if (!over) co_return failed(over.error());
    }
  }
  co_return piece;
}

}  // namespace redan::net
