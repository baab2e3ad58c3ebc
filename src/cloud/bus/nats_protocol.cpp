#include "cloud/bus/nats_protocol.hpp"

#include <algorithm>
#include <charconv>

#include "cloud/api/record.hpp"
#include "cloud/errors.hpp"

namespace redan::cloud::bus {
namespace {

constexpr std::string_view kEnd = "\r\n";
constexpr std::size_t kMinSpace = 4 * 1024;
constexpr std::size_t kUsualBuffer = 64 * 1024;
// The largest payload that a server can be configured to carry.
constexpr std::size_t kMaxAnnounced = 64U << 20U;

bool is_blank(char c) { return c == ' ' || c == '\t'; }

/// Removes the first word and the blanks around it from `line`.
std::string_view take_word(std::string_view& line) {
  const auto begin = std::find_if_not(line.begin(), line.end(), is_blank);
  const auto end = std::find_if(begin, line.end(), is_blank);
  const std::string_view word(begin, end);
  line.remove_prefix(static_cast<std::size_t>(std::find_if_not(end, line.end(), is_blank) - line.begin()));
  return word;
}

template <class Integer>
bool parse_number(std::string_view text, Integer& number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size();
}

/// "NATS/1.0 503" and further words; 0 without a status. nullopt: not a header.
std::optional<unsigned> status_of(std::string_view header) {
  constexpr std::string_view kVersion = "NATS/1.0";
  if (!header.starts_with(kVersion) || !header.ends_with("\r\n\r\n")) return std::nullopt;
  std::string_view line = header.substr(kVersion.size(), header.find(kEnd) - kVersion.size());
  if (line.empty()) return 0;
  if (!is_blank(line.front())) return std::nullopt;
  const std::string_view word = take_word(line);
  unsigned status = 0;
  if (word.size() == 3 && parse_number(word, status)) return status;
  return 0;
}

std::string_view unquoted(std::string_view text) {
  if (text.size() >= 2 && text.front() == '\'' && text.back() == '\'') return text.substr(1, text.size() - 2);
  return text;
}

void append_number(std::string& out, std::uint64_t number) {
  std::array<char, 20> digits;
  const auto [end, error] = std::to_chars(digits.data(), digits.data() + digits.size(), number);
  out.append(digits.data(), end);
}

/// Printable ASCII only.
void append_json(std::string& out, std::string_view text) {
  out += '"';
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  out += '"';
}

}  // namespace

// Messages from the server.

std::optional<NatsInfo> NatsInfo::parse_line(std::string_view line) {
  if (take_word(line) != "INFO") return std::nullopt;
  return parse_json(line);
}

std::optional<NatsInfo> NatsInfo::parse_json(std::string_view json) {
  if (json.size() > kMaxNatsInfo) return std::nullopt;
  api::RecordReader record(json);
  NatsInfo info;
  info.tls_required = record.boolean_or("tls_required", false);
  info.lame_duck = record.boolean_or("ldm", false);
  const std::int64_t max_payload = record.integer_or("max_payload", kMaxBusPayload);
  if (!record.ok() || max_payload <= 0) return std::nullopt;
  info.max_payload = static_cast<std::size_t>(max_payload);
  return info;
}

std::span<char> NatsParser::space() {
  if (begin_ == end_) begin_ = end_ = 0;
  const std::size_t held = end_ - begin_;
  const std::size_t wanted = std::max({needed_, held + kMinSpace, kUsualBuffer});
  if (buffer_.size() - end_ < std::max(kMinSpace, needed_ - std::min(needed_, held))) {
    std::copy(buffer_.begin() + static_cast<std::ptrdiff_t>(begin_),
              buffer_.begin() + static_cast<std::ptrdiff_t>(end_), buffer_.begin());
    begin_ = 0;
    end_ = held;
  }
  if (buffer_.size() < wanted || (held == 0 && buffer_.size() > wanted)) {
    buffer_.resize(wanted);
    buffer_.shrink_to_fit();
  }
  return {buffer_.data() + end_, buffer_.size() - end_};
}

/// Whether all of a skipped message has been consumed.
bool NatsParser::skip() {
  const std::size_t size = std::min(skip_, end_ - begin_);
  begin_ += size;
  skip_ -= size;
  return skip_ == 0;
}

Result<std::optional<NatsOperation>> NatsParser::next() {
  for (bool again = true; again && !failed_;) {
    if (!skip()) return std::nullopt;
    const std::string_view held(buffer_.data() + begin_, end_ - begin_);
    if (held.size() < needed_) return std::nullopt;
    const std::size_t end = held.find(kEnd, searched_);
    const std::size_t limit = held.starts_with("INFO") ? kMaxNatsInfo : kMaxNatsLine;
    if (std::min(end, held.size()) > limit) break;
    if (end == std::string_view::npos) {
      searched_ = held.empty() ? 0 : held.size() - 1;
      return std::nullopt;
    }
    searched_ = end;
    again = false;
    Parsed parsed = on_line(held.substr(0, end), again);
    if (!parsed) break;
    if (!again) return parsed;
  }
  failed_ = true;
  return refuse(errc::bus_protocol);
}

NatsParser::Parsed NatsParser::on_line(std::string_view line, bool& again) {
  const std::size_t line_size = line.size() + kEnd.size();
  const std::string_view verb = take_word(line);
  if (verb == "MSG" || verb == "HMSG") {
    NatsMessage message;
    Sizes sizes;
    message.subject = take_word(line);
    const std::string_view sid = take_word(line);
    std::array<std::string_view, 4> rest;
    std::size_t count = 0;
    while (!line.empty() && count < rest.size()) rest[count++] = take_word(line);
    const std::size_t numbers = verb == "MSG" ? 1 : 2;
    if (!line.empty() || (count != numbers && count != numbers + 1)) return refuse(errc::bus_protocol);
    if (count > numbers) message.reply_to = rest[0];
    const bool good = parse_number(sid, message.sid) && parse_number(rest[count - 1], sizes.all) &&
                      (numbers == 1 || parse_number(rest[count - 2], sizes.header)) && sizes.header <= sizes.all &&
                      sizes.all <= kMaxAnnounced;
    if (!good) return refuse(errc::bus_protocol);
    return on_message(message, sizes, line_size, again);
  }
  begin_ += line_size;
  searched_ = 0;
  if (verb == "PING") return NatsPing{};
  if (verb == "PONG") return NatsPong{};
  if (verb == "+OK") return NatsOk{};
  if (verb == "-ERR") return NatsError{unquoted(line)};
  if (verb != "INFO") return refuse(errc::bus_protocol);
  const auto info = NatsInfo::parse_json(line);
  if (!info) return refuse(errc::bus_protocol);
  return *info;
}

NatsParser::Parsed NatsParser::on_message(NatsMessage message, Sizes sizes, std::size_t line_size, bool& again) {
  if (sizes.header > kMaxNatsHeader || sizes.all - sizes.header > kMaxBusPayload) {
    ++passed_over_;
    begin_ += line_size;
    searched_ = 0;
    skip_ = sizes.all + kEnd.size();
    again = true;
    return std::nullopt;
  }
  const std::size_t size = line_size + sizes.all + kEnd.size();
  if (end_ - begin_ < size) {
    needed_ = size;
    return std::nullopt;
  }
  const std::string_view body(buffer_.data() + begin_ + line_size, sizes.all + kEnd.size());
  if (!body.ends_with(kEnd)) return refuse(errc::bus_protocol);
  begin_ += size;
  searched_ = needed_ = 0;
  if (sizes.header != 0) {
    const auto status = status_of(body.substr(0, sizes.header));
    // A publisher wrote it, and the server forwarded it: the connection is sound.
    if (!status) {
      ++passed_over_;
      again = true;
      return std::nullopt;
    }
    message.status = *status;
  }
  message.payload = body.substr(sizes.header, sizes.all - sizes.header);
  return message;
}

// Messages from the client.

bool is_nats_token(std::string_view text) {
  return text.size() <= kMaxNatsToken &&
         std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < '\x7F'; });
}

std::string write_connect(const NatsConnect& connect) {
  std::string out;
  // Reserved, so that growing leaves no copy of the token behind.
  out.reserve(512 + 6 * kMaxNatsToken);
  out += R"(CONNECT {"verbose":false,"pedantic":false,"tls_required":true,"protocol":1,"headers":true,)"
         R"("no_responders":true,"lang":"redan","version":"0.1.0","name":)";
  append_json(out, connect.name);
  if (!connect.token.empty()) {
    out += R"(,"auth_token":)";
    append_json(out, connect.token);
    out += R"(,"pass":)";
    append_json(out, connect.token);
  }
  out += "}\r\n";
  return out;
}

std::size_t pub_size(std::string_view subject, std::string_view reply_to, std::string_view payload) {
  return subject.size() + reply_to.size() + payload.size() + 32;
}

void write_pub(std::string& out, std::string_view subject, std::string_view reply_to, std::string_view payload) {
  out.append("PUB ").append(subject).append(" ");
  if (!reply_to.empty()) out.append(reply_to).append(" ");
  append_number(out, payload.size());
  out.append(kEnd).append(payload).append(kEnd);
}

void write_sub(std::string& out, std::string_view subject, std::string_view queue, std::uint64_t sid) {
  out.append("SUB ").append(subject).append(" ");
  if (!queue.empty()) out.append(queue).append(" ");
  append_number(out, sid);
  out.append(kEnd);
}

void write_unsub(std::string& out, std::uint64_t sid) {
  out.append("UNSUB ");
  append_number(out, sid);
  out.append(kEnd);
}

}  // namespace redan::cloud::bus
