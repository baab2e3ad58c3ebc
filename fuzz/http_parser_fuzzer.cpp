// The bytes of an HTTP/1.1 connection, of a client or a server. The first byte selects which, the second the size of
// the pieces in which they arrive: neither the content of a message nor its end may depend on it.
#include "base/assert.hpp"
#include "net/http/parser.hpp"
#include "net/http/writer.hpp"

namespace {

using namespace redan;
using namespace redan::net;

constexpr HttpLimits kLimits{.max_head = 2048, .max_headers = 20, .max_body = 256};

// The content of a connection as text.
using Story = std::vector<std::string>;

class Connection {
 public:
  explicit Connection(std::string_view bytes, std::size_t piece_size) : unread_(bytes), piece_size_(piece_size) {}

  [[nodiscard]] std::string_view bytes() const { return bytes_; }
  void consume(std::size_t size) {
    REDAN_ASSERT(size <= bytes_.size());
    bytes_.erase(0, size);
  }
  bool fill() {
    if (unread_.empty()) return false;
    const std::string_view piece = unread_.substr(0, piece_size_);
    bytes_ += piece;
    unread_.remove_prefix(piece.size());
    return true;
  }
  /// A head; nothing if it never ends.
  std::optional<std::string_view> head() {
    for (std::size_t searched = 0;;) {
      consume(empty_lines_before_message(bytes_));
      const HeadEnd end = find_head_end(bytes_, searched, kLimits.max_head);
      if (end.state == HeadEnd::State::too_large) return std::nullopt;
      if (end.state == HeadEnd::State::whole) return bytes().substr(0, end.size);
      searched = bytes_.size();
      if (!fill()) return std::nullopt;
    }
  }

 private:
  std::string_view unread_;
  std::size_t piece_size_;
  std::string bytes_;
};

std::string words(const std::vector<HttpHeader>& headers) {
  std::string out;
  for (const HttpHeader& header : headers) out += header.name + ": " + header.value + "\n";
  return out;
}

// A message that was parsed can be written, and parses to the same value.
void check(const HttpRequest& request) {
  REDAN_ASSERT(is_token(request.method));
  REDAN_ASSERT(request.path.starts_with('/') || request.path == "*");
  REDAN_ASSERT(request.headers.size() <= kLimits.max_headers);
  HttpRequest again = request;
  std::erase_if(again.headers, [](const HttpHeader& header) {
    return equal_in_any_case(header.name, "Host") || equal_in_any_case(header.name, "Content-Length") ||
           equal_in_any_case(header.name, "Transfer-Encoding");
  });
  const auto head = write_request_head(again, "host");
  if (!head) return;
  RequestParser parser(kLimits);
  const auto parsed = parser.parse_head(*head);
  if (!parsed) return;
  REDAN_ASSERT(parsed->method == request.method && parsed->path == request.path && parsed->query == request.query);
}

Story requests(std::string_view bytes, std::size_t piece_size) {
  Connection connection(bytes, piece_size);
  Story story;
  while (const auto head = connection.head()) {
    RequestParser parser(kLimits);
    const auto request = parser.parse_head(*head);
    if (!request) return story.push_back(std::to_string(request.error().status)), story;
    check(*request);
    connection.consume(head->size());
    while (!parser.done()) {
      const auto used = parser.parse_body(connection.bytes());
      if (!used) return story.push_back(std::to_string(used.error().status)), story;
      connection.consume(*used);
      if (!parser.done() && !connection.fill()) return story.push_back("body cut off"), story;
    }
    const std::string body = parser.take_body();
    REDAN_ASSERT(body.size() <= kLimits.max_body);
    story.push_back(request->method + " " + request->path + "?" + request->query + "\n" + words(request->headers) +
                    body);
    if (!parser.keeps_alive()) break;
  }
  return story;
}

Story responses(std::string_view bytes, std::size_t piece_size, ResponseParser::To to) {
  Connection connection(bytes, piece_size);
  Story story;
  while (const auto head = connection.head()) {
    ResponseParser parser(kLimits, to);
    const auto response = parser.parse_head(*head);
    if (!response) return story.emplace_back(response.error().text), story;
    connection.consume(head->size());
    if (parser.interim_head()) continue;
    std::string body;
    while (!parser.done()) {
      const auto used = parser.parse_body(connection.bytes());
      if (!used) return story.emplace_back(used.error().text), story;
      connection.consume(*used);
      body += parser.take_body();
      if (parser.done() || connection.fill()) continue;
      const auto over = parser.end_of_input();
      if (!over) return story.emplace_back(over.error().text), story;
    }
    REDAN_ASSERT(body.size() <= kLimits.max_body);
    REDAN_ASSERT(to == ResponseParser::To::other_request || body.empty());
    story.push_back(std::to_string(response->status) + "\n" + words(response->headers) + body);
    if (!parser.keeps_alive()) break;
  }
  return story;
}

// The short texts within a message.
void texts(std::string_view text) {
  // NUL cannot be written, because its escape is refused.
  if (text.find('\0') == std::string_view::npos) {
    const auto decoded = percent_decode(text);
    REDAN_ASSERT(!decoded || percent_decode(percent_encode(*decoded)) == decoded);
    REDAN_ASSERT(percent_decode(percent_encode(text)) == text);
  }
  (void)query_value(text, "a");
  if (const auto authorization = Authorization::parse(text)) REDAN_ASSERT(!authorization->credentials.empty());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const std::string_view bytes = as_text(Bytes(data + 2, size - 2));
  const std::size_t piece_size = data[1] + std::size_t{1};
  // A chunk header that is too long is only detected if it arrives in pieces.
  const bool comparable = bytes.size() <= kLimits.max_head;
  texts(bytes);
  if ((data[0] & 1U) == 0) {
    const Story whole = requests(bytes, size);
    REDAN_ASSERT(!comparable || whole == requests(bytes, piece_size));
    return 0;
  }
  const auto to = (data[0] & 2U) == 0 ? ResponseParser::To::other_request : ResponseParser::To::head_request;
  const Story whole = responses(bytes, size, to);
  REDAN_ASSERT(!comparable || whole == responses(bytes, piece_size, to));
  return 0;
}
