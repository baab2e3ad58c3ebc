// A session description as text, RFC 8866: all lines, known or not, are preserved by parse and write.
#pragma once

#include <optional>
#include <redan/error.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace redan::sdp {

/// Describes an error in a description, for the detail of an Error: "line 7: ...". Lines count from 1; 0 is the
/// description as a whole.
std::string at_line(std::size_t line, std::string_view what);

/// One "type=value" line.
struct Line {
  char type = 'a';
  std::string value;
  friend bool operator==(const Line&, const Line&) = default;
};

/// The lines of one level: the session's, or one media section's.
class Lines {
 public:
  std::vector<Line> lines;

  /// The value of a=name:value, without surrounding blanks; "" for a=name; nullopt if absent. The first occurrence
  /// counts.
  [[nodiscard]] std::optional<std::string_view> attribute(std::string_view name) const;
  [[nodiscard]] std::vector<std::string_view> attributes(std::string_view name) const;
  [[nodiscard]] bool has(std::string_view name) const { return attribute(name).has_value(); }
  friend bool operator==(const Lines&, const Lines&) = default;
};

enum class MediaKind { audio, video, application, other };

/// One m= line and the lines that follow it: "m=<media> <port> <proto> <fmt> ...". A count of ports ("9/2") is not used
/// in WebRTC and does not parse.
struct MediaSection : Lines {
  std::string media;
  std::uint16_t port = 0;
  std::string protocol;
  std::vector<std::string> formats;
  std::size_t line = 0;  ///< its line number, for errors

  [[nodiscard]] MediaKind kind() const;
  [[nodiscard]] std::string_view mid() const { return attribute("mid").value_or(""); }
  friend bool operator==(const MediaSection&, const MediaSection&) = default;
};

struct SessionDescription {
  // Limits on untrusted input. Work and memory are linear in the size: see fuzz/sdp_fuzzer.cpp.
  static constexpr std::size_t kMaxSize = 256 * 1024;
  static constexpr std::size_t kMaxSections = 256;

  Lines session;
  std::vector<MediaSection> media;

  /// Errors: sdp_syntax, sdp_too_large, with the line. Blank lines at the end are ignored.
  static Result<SessionDescription> parse(std::string_view text);
  /// With CRLF line ends.
  [[nodiscard]] std::string text() const;
  /// The attribute of the section, otherwise of the session (RFC 8866 section 6). It scans the session's lines, so do
  /// not call it for each section of a description.
  [[nodiscard]] std::optional<std::string_view> attribute(const MediaSection& section, std::string_view name) const;
};

}  // namespace redan::sdp
