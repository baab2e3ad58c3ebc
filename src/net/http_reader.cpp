#include "net/http_reader.hpp"

#include <algorithm>
#include <boost/asio/error.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>

namespace redan::net {
namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;

using Error = Stream::Error;

constexpr std::size_t kReadSize = 16 * 1024;
constexpr std::string_view kHeadEnd = "\r\n\r\n";

std::string_view view(boost::beast::string_view text) { return {text.data(), text.size()}; }

std::string_view trim_empty_lines(std::string_view bytes) {
  while (bytes.starts_with("\r\n")) bytes.remove_prefix(2);
  return bytes;
}

enum class HeadState : std::uint8_t { whole, too_large, cut_off };
struct HeadEnd {
  HeadState state = HeadState::cut_off;
  std::size_t size = 0;
  Error error{};
};

// Fills until the empty line that ends a head is there.
Task<HeadEnd> read_to_head_end(HttpInput& input, std::size_t max_head) {
  for (std::size_t searched = 0;;) {
    // RFC 9112 section 2.2: empty lines before a message are ignored.
    input.consume(input.bytes().size() - trim_empty_lines(input.bytes()).size());
    const std::size_t from = searched < kHeadEnd.size() ? 0 : searched - kHeadEnd.size();
    const std::size_t at = input.bytes().find(kHeadEnd, from);
    if (at != std::string_view::npos && at + kHeadEnd.size() <= max_head) {
      co_return HeadEnd{HeadState::whole, at + kHeadEnd.size(), {}};
    }
    if (at != std::string_view::npos || input.bytes().size() > max_head) co_return HeadEnd{HeadState::too_large, 0, {}};
    searched = input.bytes().size();
    if (const Error error = co_await input.fill()) co_return HeadEnd{HeadState::cut_off, 0, error};
  }
}

// No line is folded, and every line ends in CR LF: nobody can read other lines than we do. No other control characters
// but tabs.
bool has_plain_lines(std::string_view head) {
  for (std::size_t i = 0; i < head.size(); ++i) {
    const auto c = static_cast<unsigned char>(head[i]);
    if (c >= ' ' && c != 0x7F) continue;
    if (c == '\t') continue;
    if (c != '\r' || i + 1 == head.size() || head[i + 1] != '\n') return false;
    ++i;
    if (i + 1 < head.size() && (head[i + 1] == ' ' || head[i + 1] == '\t')) return false;
  }
  return true;
}

// The length of a message must be beyond doubt (RFC 9112 section 6.3).
template <class Fields>
bool has_plain_length(const Fields& fields) {
  const std::size_t lengths = fields.count(http::field::content_length);
  const std::size_t codings = fields.count(http::field::transfer_encoding);
  if (lengths + codings > 1) return false;
  const std::string_view length = view(fields[http::field::content_length]);
  return (codings == 0 || boost::beast::iequals(fields[http::field::transfer_encoding], "chunked")) &&
         (lengths == 0 || (!length.empty() && length.find_first_not_of("0123456789") == std::string_view::npos));
}

bool is_host(std::string_view host) {
  return std::all_of(host.begin(), host.end(), [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           std::string_view("-._~%!$&'()*+;=:[]").find(c) != std::string_view::npos;
  });
}

template <class Fields>
std::vector<HttpHeader> headers_of(const Fields& fields) {
  std::vector<HttpHeader> headers;
  for (const auto& field : fields) {
    headers.push_back({std::string(view(field.name_string())), std::string(view(field.value()))});
  }
  return headers;
}

template <class Fields>
std::size_t count(const Fields& fields) {
  return static_cast<std::size_t>(std::distance(fields.begin(), fields.end()));
}

// Path and query of a request's target (RFC 9112 section 3.2): origin-form, or asterisk-form for OPTIONS. Proxies alone
// are sent the other forms.
bool set_target(HttpRequest& request, std::string_view target) {
  const bool plain = std::all_of(target.begin(), target.end(), [](char c) { return c > ' ' && c < 0x7F && c != '#'; });
  if (!plain || !(target.starts_with('/') || (target == "*" && request.method == "OPTIONS"))) return false;
  const std::size_t question = std::min(target.find('?'), target.size());
  request.path = target.substr(0, question);
  request.query = target.substr(std::min(question + 1, target.size()));
  return true;
}

// Feeds what there is. need_more is no error.
template <class Parser>
Error put_body(Parser& parser, HttpInput& input) {
  parser.eager(true);
  while (!input.empty() && !parser.is_done()) {
    Error error;
    const std::size_t used = parser.put(asio::buffer(input.bytes()), error);
    input.consume(used);
    if (error && error != http::error::need_more) return error;
    if (used == 0) break;
  }
  return {};
}

}  // namespace

Task<Error> HttpInput::fill() {
  const std::size_t used = bytes_.size();
  bytes_.resize(used + kReadSize);
  const auto [error, size] = co_await stream_.read(asio::buffer(bytes_.data() + used, kReadSize));
  bytes_.resize(used + size);
  co_return size == 0 ? error : Error();
}

// ---- requests -------------------------------------------------------------------------------------------------------

struct RequestReader::Parser : http::request_parser<http::string_body> {};

RequestReader::RequestReader(HttpInput& input, const HttpLimits& limits)
    : input_(input), limits_(limits), parser_(std::make_unique<Parser>()) {
  parser_->header_limit(static_cast<std::uint32_t>(limits.max_head));
  parser_->body_limit(limits.max_body);
}
RequestReader::~RequestReader() = default;

Task<tl::expected<HttpRequest, Refusal>> RequestReader::read_head() {
  const auto refused = [](unsigned status, std::string_view text) { return tl::unexpected(Refusal{status, text}); };
  const HeadEnd end = co_await read_to_head_end(input_, limits_.max_head);
  if (end.state == HeadState::cut_off) co_return refused(0, "");
  if (end.state == HeadState::too_large) co_return refused(431, "the request's head is too large");
  const std::string_view head = input_.bytes().substr(0, end.size);
  if (!has_plain_lines(head)) co_return refused(400, "the request's head has folded or malformed lines");
  Error error;
  parser_->put(asio::buffer(head), error);
  if (error == http::error::body_limit) co_return refused(413, "the request's body is too large");
  if (error == http::error::bad_version) co_return refused(505, "only HTTP/1.1");
  if (error || !parser_->is_header_done()) co_return refused(400, "the request does not parse");
  input_.consume(end.size);
  const auto& parsed = parser_->get();
  if (parsed.version() != 11) co_return refused(505, "only HTTP/1.1");
  if (count(parsed) > limits_.max_headers) co_return refused(431, "the request has too many headers");
  if (!has_plain_length(parsed)) co_return refused(400, "the request's length is not clear");
  // RFC 9112 section 3.2.
  if (parsed.count(http::field::host) != 1 || !is_host(view(parsed[http::field::host]))) {
    co_return refused(400, "the request needs one Host");
  }
  HttpRequest request;
  request.method = view(parsed.method_string());
  if (!set_target(request, view(parsed.target()))) co_return refused(400, "the request's target is malformed");
  request.headers = headers_of(parsed);
  co_return request;
}

bool RequestReader::keeps_alive() const { return parser_->keep_alive(); }
bool RequestReader::has_body() const { return !parser_->is_done(); }

Task<tl::expected<std::string, Refusal>> RequestReader::read_body() {
  while (!parser_->is_done()) {
    Error error = put_body(*parser_, input_);
    if (error == http::error::body_limit) co_return tl::unexpected(Refusal{413, "the request's body is too large"});
    if (error) co_return tl::unexpected(Refusal{400, "the request's body does not parse"});
    if (parser_->is_done()) break;
    // A chunk's head that never ends.
    if (input_.bytes().size() > limits_.max_head) co_return tl::unexpected(Refusal{400, "a chunk does not parse"});
    if (const Error ended = co_await input_.fill()) co_return tl::unexpected(Refusal{});
  }
  co_return std::move(parser_->get().body());
}

// ---- responses ------------------------------------------------------------------------------------------------------

struct ResponseReader::Parser : http::response_parser<http::string_body> {};

ResponseReader::ResponseReader(HttpInput& input, const HttpLimits& limits, To to)
    : input_(input), limits_(limits), to_(to) {}
ResponseReader::~ResponseReader() = default;

Task<tl::expected<HttpResponse, ResponseReader::Failure>> ResponseReader::read_head() {
  const auto failed = [](std::string_view text) { return tl::unexpected(Failure{Errc::http_protocol, {}, text}); };
  do {
    const HeadEnd end = co_await read_to_head_end(input_, limits_.max_head);
    if (end.state == HeadState::cut_off) co_return tl::unexpected(Failure{Errc::http_protocol, end.error, {}});
    if (end.state == HeadState::too_large) co_return failed("the response's head is too large");
    const std::string_view head = input_.bytes().substr(0, end.size);
    if (!has_plain_lines(head)) co_return failed("the response's head has malformed lines");
    parser_ = std::make_unique<Parser>();
    parser_->header_limit(static_cast<std::uint32_t>(limits_.max_head));
    parser_->body_limit(limits_.max_body);
    parser_->skip(to_ == To::head_request);
    Error error;
    parser_->put(asio::buffer(head), error);
    if (error == http::error::body_limit) co_return tl::unexpected(Failure{Errc::http_too_large, {}, "announced"});
    if (error || !parser_->is_header_done()) co_return failed("the response does not parse");
    input_.consume(end.size);
  } while (parser_->get().result_int() / 100 == 1 && parser_->get().result_int() != 101);
  const auto& parsed = parser_->get();
  if (parsed.version() != 11 || count(parsed) > limits_.max_headers || !has_plain_length(parsed)) {
    co_return failed("the response is no plain HTTP/1.1");
  }
  HttpResponse response;
  response.status = parsed.result_int();
  response.content_type = view(parsed[http::field::content_type]);
  response.headers = headers_of(parsed);
  std::erase_if(response.headers, [](const HttpHeader& header) {
    return boost::beast::iequals(header.name, "Content-Type") || boost::beast::iequals(header.name, "Content-Length") ||
           boost::beast::iequals(header.name, "Transfer-Encoding");
  });
  co_return response;
}

bool ResponseReader::keeps_alive() const { return parser_->keep_alive(); }
bool ResponseReader::done() const { return parser_->is_done(); }
void ResponseReader::lift_body_limit() { parser_->body_limit(boost::none); }

Task<tl::expected<std::string, ResponseReader::Failure>> ResponseReader::read_piece() {
  std::string& body = parser_->get().body();
  while (!parser_->is_done()) {
    Error error = put_body(*parser_, input_);
    if (error == http::error::body_limit) co_return tl::unexpected(Failure{Errc::http_too_large, {}, "too large"});
    if (error || input_.bytes().size() > limits_.max_head) {
      co_return tl::unexpected(Failure{Errc::http_protocol, {}, "the response's body does not parse"});
    }
    if (!body.empty() || parser_->is_done()) break;
    if (const Error ended = co_await input_.fill()) {
      // Without a length the peer's announced end is the end; put_eof refuses it where there is one.
      if (ended != asio::error::eof) co_return tl::unexpected(Failure{Errc::http_protocol, ended, {}});
      parser_->put_eof(error);
      if (error) co_return tl::unexpected(Failure{Errc::http_protocol, {}, "the response was cut off"});
    }
  }
  co_return std::exchange(body, {});
}

}  // namespace redan::net
