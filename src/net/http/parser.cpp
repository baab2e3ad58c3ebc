#include "net/http/parser.hpp"

#include <algorithm>
#include <boost/beast/http/parser.hpp>

#include "net/errors.hpp"

namespace redan::net {
namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;

using Error = boost::system::error_code;

constexpr std::string_view kHeadEnd = "\r\n\r\n";

std::string_view view(boost::beast::string_view text) { return {text.data(), text.size()}; }

// No folded lines, and every line ends with CR LF, so that every parser sees the same lines. No control characters
// except tabs.
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

// The length of a message must be unambiguous (RFC 9112 section 6.3).
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

// RFC 9112 section 3.2.2: removes scheme and authority from a target in absolute-form. Returns the authority, which
// replaces Host; nullopt for another form.
std::optional<std::string> take_authority(std::string_view& target) {
  const std::size_t colon = target.find("://");
  if (colon == std::string_view::npos) return std::nullopt;
  const std::string_view scheme = target.substr(0, colon);
  if (!boost::beast::iequals(scheme, "https") && !boost::beast::iequals(scheme, "http")) return std::nullopt;
  const std::string_view rest = target.substr(colon + 3);
  const std::size_t end = std::min(rest.find_first_of("/?"), rest.size());
  const std::string_view authority = rest.substr(0, end);
  if (authority.empty() || !is_host(authority)) return std::nullopt;
  target = rest.substr(end);
  return std::string(authority);
}

// Path and query of a request's target (RFC 9112 section 3.2): origin-form, or asterisk-form for OPTIONS.
bool set_target(HttpRequest& request, std::string_view target) {
  const bool plain = std::all_of(target.begin(), target.end(), [](char c) { return c > ' ' && c < 0x7F && c != '#'; });
  if (!plain || !(target.starts_with('/') || (target == "*" && request.method == "OPTIONS"))) return false;
  const std::size_t question = std::min(target.find('?'), target.size());
  request.path = target.substr(0, question);
  request.query = target.substr(std::min(question + 1, target.size()));
  return true;
}

// "0" and two line ends: Beast asserts that a body without any chunk has at least this much.
constexpr std::size_t kMinLastChunk = 5;

// Feeds as many bytes as the parser accepts. need_more is not an error. `begun`: some of the body was used.
template <class Parser>
Error put_body(Parser& parser, std::string_view bytes, bool& begun, std::size_t& used) {
  if (!begun && parser.chunked() && bytes.starts_with('0') && bytes.size() < kMinLastChunk) return {};
  parser.eager(true);
  while (used < bytes.size() && !parser.is_done()) {
    Error error;
    const std::size_t step = parser.put(asio::buffer(bytes.substr(used)), error);
    used += step;
    begun = begun || step > 0;
    if (error && error != http::error::need_more) return error;
    if (step == 0) break;
  }
  return {};
}

// A chunk header without an end.
bool is_endless(std::size_t unused, const HttpLimits& limits) { return unused > limits.max_head; }

// Appends to a string what has arrived. Beast's own string_body reserves what the peer announces.
struct ArrivedBody {
  using value_type = std::string;
  class reader {
   public:
    template <bool is_request, class Fields>
    reader(http::header<is_request, Fields>&, value_type& body) : body_(body) {}
    void init(const boost::optional<std::uint64_t>&, Error& error) { error = {}; }
    template <class Buffers>
    std::size_t put(const Buffers& buffers, Error& error) {
      error = {};
      std::size_t size = 0;
      for (auto at = asio::buffer_sequence_begin(buffers); at != asio::buffer_sequence_end(buffers); ++at) {
        const asio::const_buffer part(*at);
        body_.append(static_cast<const char*>(part.data()), part.size());
        size += part.size();
      }
      return size;
    }
    void finish(Error& error) { error = {}; }

   private:
    value_type& body_;
  };
};

constexpr Refusal kBodyTooLarge{413, "the request's body is too large"};

}  // namespace

std::size_t empty_lines_before_message(std::string_view bytes) {
  std::size_t size = 0;
  while (bytes.substr(size).starts_with("\r\n")) size += 2;
  return size;
}

HeadEnd find_head_end(std::string_view bytes, std::size_t searched, std::size_t max_head) {
  const std::size_t from = searched < kHeadEnd.size() ? 0 : searched - kHeadEnd.size();
  const std::size_t at = bytes.find(kHeadEnd, from);
  if (at != std::string_view::npos && at + kHeadEnd.size() <= max_head) {
    return {HeadEnd::State::whole, at + kHeadEnd.size()};
  }
  const bool too_large = at != std::string_view::npos || bytes.size() > max_head;
  return {too_large ? HeadEnd::State::too_large : HeadEnd::State::incomplete};
}

// Requests.

struct RequestParser::Parser : http::request_parser<ArrivedBody> {};

RequestParser::RequestParser(const HttpLimits& limits) : limits_(limits), parser_(std::make_unique<Parser>()) {
  parser_->header_limit(static_cast<std::uint32_t>(limits.max_head));
  parser_->body_limit(limits.max_body);
}
RequestParser::~RequestParser() = default;

tl::expected<HttpRequest, Refusal> RequestParser::parse_head(std::string_view head) {
  const auto refused = [](unsigned status, std::string_view text) { return tl::unexpected(Refusal{status, text}); };
  if (!has_plain_lines(head)) return refused(400, "the request's head has folded or malformed lines");
  Error error;
  parser_->put(asio::buffer(head), error);
  if (error == http::error::body_limit) return tl::unexpected(kBodyTooLarge);
  if (error == http::error::bad_version) return refused(505, "only HTTP/1.0 and HTTP/1.1");
  if (error || !parser_->is_header_done()) return refused(400, "the request does not parse");
  const auto& parsed = parser_->get();
  const bool old = parsed.version() == 10;
  if (parsed.version() != 11 && !old) return refused(505, "only HTTP/1.0 and HTTP/1.1");
  if (count(parsed) > limits_.max_headers) return refused(431, "the request has too many headers");
  if (!has_plain_length(parsed)) return refused(400, "the request's length is not clear");
  // RFC 9112 section 6.1.
  if (old && parsed.count(http::field::transfer_encoding) != 0) {
    return refused(400, "HTTP/1.0 has no Transfer-Encoding");
  }
  // RFC 9112 section 3.2.
  const bool no_host = old && parsed.count(http::field::host) == 0;
  if ((parsed.count(http::field::host) != 1 && !no_host) || !is_host(view(parsed[http::field::host]))) {
    return refused(400, "the request needs one Host");
  }
  HttpRequest request;
  request.method = view(parsed.method_string());
  std::string_view target = view(parsed.target());
  const auto authority = target.starts_with('/') ? std::nullopt : take_authority(target);
  const std::string rooted = authority && !target.starts_with('/') ? "/" + std::string(target) : std::string(target);
  if (!set_target(request, rooted)) return refused(400, "the request's target is malformed");
  request.headers = headers_of(parsed);
  for (HttpHeader& header : request.headers) {
    if (authority && boost::beast::iequals(header.name, "Host")) header.value = *authority;
  }
  return request;
}

bool RequestParser::keeps_alive() const { return parser_->get().version() == 11 && parser_->keep_alive(); }
bool RequestParser::done() const { return parser_->is_done(); }

tl::expected<void, Refusal> RequestParser::limit_body(std::size_t bytes) {
  const auto announced = parser_->content_length();
  if (announced && *announced > bytes) return tl::unexpected(kBodyTooLarge);
  parser_->body_limit(bytes);
  return {};
}

tl::expected<std::size_t, Refusal> RequestParser::parse_body(std::string_view bytes) {
  std::size_t used = 0;
  const Error error = put_body(*parser_, bytes, begun_, used);
  if (error == http::error::body_limit) return tl::unexpected(kBodyTooLarge);
  if (error) return tl::unexpected(Refusal{400, "the request's body does not parse"});
  if (!done() && is_endless(bytes.size() - used, limits_)) {
    return tl::unexpected(Refusal{400, "a chunk does not parse"});
  }
  return used;
}

std::string RequestParser::take_body() { return std::exchange(parser_->get().body(), {}); }

// Responses.

struct ResponseParser::Parser : http::response_parser<ArrivedBody> {};

ResponseParser::ResponseParser(const HttpLimits& limits, To to) : limits_(limits), to_(to) {}
ResponseParser::~ResponseParser() = default;

tl::expected<HttpResponse, ResponseParser::Failure> ResponseParser::parse_head(std::string_view head) {
  const auto failed = [](std::string_view text) { return tl::unexpected(Failure{errc::http_protocol, text}); };
  if (!has_plain_lines(head)) return failed("the response's head has malformed lines");
  parser_ = std::make_unique<Parser>();
  parser_->header_limit(static_cast<std::uint32_t>(limits_.max_head));
  parser_->body_limit(limits_.max_body);
  parser_->skip(to_ == To::head_request);
  Error error;
  parser_->put(asio::buffer(head), error);
  if (error == http::error::body_limit) return tl::unexpected(Failure{errc::http_too_large, "announced"});
  if (error || !parser_->is_header_done()) return failed("the response does not parse");
  const auto& parsed = parser_->get();
  if (parsed.version() != 11 || count(parsed) > limits_.max_headers || !has_plain_length(parsed)) {
    return failed("the response is no plain HTTP/1.1");
  }
  HttpResponse response;
  response.status = parsed.result_int();
  response.content_type = view(parsed[http::field::content_type]);
  response.headers = headers_of(parsed);
  std::erase_if(response.headers, [](const HttpHeader& header) {
    return boost::beast::iequals(header.name, "Content-Type") || boost::beast::iequals(header.name, "Content-Length") ||
           boost::beast::iequals(header.name, "Transfer-Encoding");
  });
  return response;
}

bool ResponseParser::interim_head() const {
  const unsigned status = parser_->get().result_int();
  return status / 100 == 1 && status != 101;
}
bool ResponseParser::keeps_alive() const { return parser_->keep_alive(); }
bool ResponseParser::done() const { return parser_->is_done(); }
void ResponseParser::lift_body_limit() { parser_->body_limit(boost::none); }

tl::expected<std::size_t, ResponseParser::Failure> ResponseParser::parse_body(std::string_view bytes) {
  std::size_t used = 0;
  const Error error = put_body(*parser_, bytes, begun_, used);
  if (error == http::error::body_limit) return tl::unexpected(Failure{errc::http_too_large, "too large"});
  if (error || (!done() && is_endless(bytes.size() - used, limits_))) {
    return tl::unexpected(Failure{errc::http_protocol, "the response's body does not parse"});
  }
  return used;
}

tl::expected<void, ResponseParser::Failure> ResponseParser::end_of_input() {
  Error error;
  parser_->put_eof(error);
  if (error) return tl::unexpected(Failure{errc::http_protocol, "the response was cut off"});
  return {};
}

std::string ResponseParser::take_body() { return std::exchange(parser_->get().body(), {}); }

}  // namespace redan::net
