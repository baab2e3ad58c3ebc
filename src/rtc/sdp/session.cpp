#include "rtc/sdp/session.hpp"

#include <algorithm>

#include "base/words.hpp"

namespace redan::sdp {
namespace {

std::optional<MediaSection> parse_media(std::string_view value) {
  MediaSection section;
  section.media = next_word(value);
  // "9/2" would not be preserved; it is not used in WebRTC.
  const auto port = to_number<std::uint16_t>(next_word(value));
  section.protocol = next_word(value);
  for (std::string_view word = next_word(value); !word.empty(); word = next_word(value)) {
    section.formats.emplace_back(word);
  }
  if (!port || section.formats.empty()) return std::nullopt;
  section.port = *port;
  return section;
}

/// The value if the line is a=name or a=name:value.
std::optional<std::string_view> value_of(const Line& line, std::string_view name) {
  std::string_view rest = line.value;
  if (line.type != 'a' || !rest.starts_with(name)) return std::nullopt;
  rest.remove_prefix(name.size());
  if (!rest.starts_with(':')) return trimmed(rest).empty() ? std::optional(trimmed(rest)) : std::nullopt;
  return trimmed(rest.substr(1));
}

void append(std::string& text, const Lines& lines) {
  for (const Line& line : lines.lines) {
    text += line.type;
    text += '=';
    text += line.value;
    text += "\r\n";
  }
}

/// Parses the lines of a description and stops at the first error.
class Parser {
 public:
  explicit Parser(std::string_view text) : rest_(text) {}

  Result<SessionDescription> run() {
    if (rest_.size() > SessionDescription::kMaxSize) return refuse(wrong(Errc::sdp_too_large, "more than 256 KiB"));
    drop_blank_end();
    while (!rest_.empty()) {
      ++number_;
      if (auto wrong = read_line()) return refuse(std::move(*wrong));
    }
    if (number_ == 0) return refuse(wrong(Errc::sdp_syntax, "the description is empty"));
    return std::move(description_);
  }

 private:
  void drop_blank_end() {
    const std::size_t last = rest_.find_last_not_of("\r\n \t");
    rest_ = last == std::string_view::npos ? "" : rest_.substr(0, rest_.find('\n', last));
  }
  std::optional<Error> read_line() {
    const std::size_t end = std::min(rest_.find('\n'), rest_.size());
    std::string_view line = rest_.substr(0, end);
    rest_.remove_prefix(std::min(end + 1, rest_.size()));
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.size() < 2 || line[1] != '=' || line[0] < 'a' || line[0] > 'z')
      return wrong(Errc::sdp_syntax, "not <letter>=<value>");
    const std::string_view value = line.substr(2);
    if (std::any_of(value.begin(), value.end(),
                    [](char c) { return static_cast<unsigned char>(c) < 0x20 && c != '\t'; })) {
      return wrong(Errc::sdp_syntax, "a control character");
    }
    if (number_ == 1 && trimmed(line) != "v=0") return wrong(Errc::sdp_syntax, "the first line must be v=0");
    if (line[0] == 'm') return start_section(value);
    Lines& level = description_.media.empty() ? description_.session : description_.media.back();
    level.lines.push_back({line[0], std::string(value)});
    return std::nullopt;
  }
  std::optional<Error> start_section(std::string_view value) {
    if (description_.media.size() == SessionDescription::kMaxSections)
      return wrong(Errc::sdp_too_large, "more than 256 media sections");
    auto section = parse_media(value);
    if (!section) return wrong(Errc::sdp_syntax, "not m=<media> <port> <proto> <fmt> ...");
    section->line = number_;
    description_.media.push_back(std::move(*section));
    return std::nullopt;
  }
  [[nodiscard]] Error wrong(Errc code, std::string_view what) const { return {code, at_line(number_, what)}; }

  std::string_view rest_;
  std::size_t number_ = 0;
  SessionDescription description_;
};

}  // namespace

std::string at_line(std::size_t line, std::string_view what) {
  return line == 0 ? std::string(what) : "line " + std::to_string(line) + ": " + std::string(what);
}

std::optional<std::string_view> Lines::attribute(std::string_view name) const {
  for (const Line& line : lines) {
    if (const auto value = value_of(line, name)) return value;
  }
  return std::nullopt;
}

std::vector<std::string_view> Lines::attributes(std::string_view name) const {
  std::vector<std::string_view> values;
  for (const Line& line : lines) {
    const auto value = value_of(line, name);
    if (value && !value->empty()) values.push_back(*value);
  }
  return values;
}

MediaKind MediaSection::kind() const {
  if (media == "audio") return MediaKind::audio;
  if (media == "video") return MediaKind::video;
  return media == "application" ? MediaKind::application : MediaKind::other;
}

Result<SessionDescription> SessionDescription::parse(std::string_view text) { return Parser(text).run(); }

std::string SessionDescription::text() const {
  std::string text;
  append(text, session);
  for (const MediaSection& section : media) {
    text += "m=" + section.media + " " + std::to_string(section.port) + " " + section.protocol;
    for (const std::string& format : section.formats) text += " " + format;
    text += "\r\n";
    append(text, section);
  }
  return text;
}

std::optional<std::string_view> SessionDescription::attribute(const MediaSection& section,
                                                              std::string_view name) const {
  const auto own = section.attribute(name);
  return own ? own : session.attribute(name);
}

}  // namespace redan::sdp
