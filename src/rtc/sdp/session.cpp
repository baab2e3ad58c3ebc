#include "rtc/sdp/session.hpp"

#include <algorithm>
#include <charconv>

namespace redan::sdp {
namespace {

std::vector<std::string> split(std::string_view text) {
  std::vector<std::string> words;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(' '), text.size());
    if (end != 0) words.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return words;
}

std::optional<MediaSection> parse_media(std::string_view value) {
  std::vector<std::string> words = split(value);
  if (words.size() < 4) return std::nullopt;
  MediaSection section;
  section.media = words[0];
  section.protocol = words[2];
  const std::string_view port = std::string_view(words[1]).substr(0, words[1].find('/'));
  const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), section.port);
  if (error != std::errc{} || end != port.data() + port.size()) return std::nullopt;
  // "9/2" would not survive; nobody writes it in WebRTC.
  if (port.size() != words[1].size()) return std::nullopt;
  section.formats.assign(words.begin() + 3, words.end());
  return section;
}

void append(std::string& text, const Lines& lines) {
  for (const Line& line : lines.lines) {
    text += line.type;
    text += '=';
    text += line.value;
    text += "\r\n";
  }
}

/// Walks the lines of a description and notes the first thing that is wrong.
class Parser {
 public:
  Parser(std::string_view text, Problem* problem) : rest_(text), problem_(problem) {}

  Result<SessionDescription> run() {
    if (rest_.size() > SessionDescription::kMaxSize) return refuse_as(Errc::sdp_too_large, "more than 64 KiB");
    while (!rest_.empty()) {
      ++number_;
      if (const auto wrong = read_line()) return refuse(*wrong);
    }
    if (number_ == 0) return refuse_as(Errc::sdp_syntax, "the description is empty");
    return std::move(description_);
  }

 private:
  std::optional<Errc> read_line() {
    const std::size_t end = std::min(rest_.find('\n'), rest_.size());
    std::string_view line = rest_.substr(0, end);
    rest_.remove_prefix(std::min(end + 1, rest_.size()));
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.size() > SessionDescription::kMaxLine) return note(Errc::sdp_too_large, "a line of more than 1,024 bytes");
    if (line.size() < 2 || line[1] != '=' || line[0] < 'a' || line[0] > 'z')
      return note(Errc::sdp_syntax, "not <letter>=<value>");
    const std::string_view value = line.substr(2);
    if (std::any_of(value.begin(), value.end(),
                    [](char c) { return static_cast<unsigned char>(c) < 0x20 && c != '\t'; })) {
      return note(Errc::sdp_syntax, "a control character");
    }
    if (number_ == 1 && line != "v=0") return note(Errc::sdp_syntax, "the first line must be v=0");
    if (line[0] == 'm') return start_section(value);
    Lines& level = description_.media.empty() ? description_.session : description_.media.back();
    level.lines.push_back({line[0], std::string(value)});
    return std::nullopt;
  }
  std::optional<Errc> start_section(std::string_view value) {
    if (description_.media.size() == SessionDescription::kMaxSections)
      return note(Errc::sdp_too_large, "more than 64 media sections");
    auto section = parse_media(value);
    if (!section) return note(Errc::sdp_syntax, "not m=<media> <port> <proto> <fmt> ...");
    section->line = number_;
    description_.media.push_back(std::move(*section));
    return std::nullopt;
  }
  Errc note(Errc code, std::string_view what) {
    if (problem_ != nullptr) *problem_ = {number_, std::string(what)};
    return code;
  }
  tl::unexpected<Errc> refuse_as(Errc code, std::string_view what) { return refuse(note(code, what)); }

  std::string_view rest_;
  Problem* problem_;
  std::size_t number_ = 0;
  SessionDescription description_;
};

}  // namespace

std::string Problem::text() const { return line == 0 ? what : "line " + std::to_string(line) + ": " + what; }

std::optional<std::string_view> Lines::attribute(std::string_view name) const {
  for (const Line& line : lines) {
    const std::string_view value = line.value;
    if (line.type != 'a' || !value.starts_with(name)) continue;
    if (value.size() == name.size()) return "";
    if (value[name.size()] == ':') return value.substr(name.size() + 1);
  }
  return std::nullopt;
}

std::vector<std::string_view> Lines::attributes(std::string_view name) const {
  std::vector<std::string_view> values;
  for (const Line& line : lines) {
    const std::string_view value = line.value;
    if (line.type == 'a' && value.starts_with(name) && value.size() > name.size() && value[name.size()] == ':') {
      values.push_back(value.substr(name.size() + 1));
    }
  }
  return values;
}

MediaKind MediaSection::kind() const {
  if (media == "audio") return MediaKind::audio;
  if (media == "video") return MediaKind::video;
  return media == "application" ? MediaKind::application : MediaKind::other;
}

Result<SessionDescription> SessionDescription::parse(std::string_view text, Problem* problem) {
  return Parser(text, problem).run();
}

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
