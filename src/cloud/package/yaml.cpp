#include "cloud/package/yaml.hpp"

#include <yaml.h>

#include <algorithm>

#include "cloud/package/core_schema.hpp"

namespace redan::cloud::package {
namespace {

using api::Refusal;

constexpr int kMaxLevels = 8;

std::string place(std::size_t line, std::size_t column) {
  return "line " + std::to_string(line + 1) + ", column " + std::to_string(column + 1);
}

/// An event of libyaml, deleted with the object.
class Event {
 public:
  Event() = default;
  Event(Event&& other) noexcept : event_(std::exchange(other.event_, {})) {}
  Event& operator=(Event&&) = delete;
  ~Event() { yaml_event_delete(&event_); }

  yaml_event_t* out() { return &event_; }
  const yaml_event_t* operator->() const { return &event_; }

  [[nodiscard]] std::string_view text() const {
    return {reinterpret_cast<const char*>(event_.data.scalar.value), event_.data.scalar.length};
  }
  [[nodiscard]] bool is_plain() const { return event_.data.scalar.style == YAML_PLAIN_SCALAR_STYLE; }
  [[nodiscard]] bool has_anchor_or_tag() const {
    switch (event_.type) {
      case YAML_SCALAR_EVENT:
        return event_.data.scalar.anchor != nullptr || event_.data.scalar.tag != nullptr;
      case YAML_SEQUENCE_START_EVENT:
        return event_.data.sequence_start.anchor != nullptr || event_.data.sequence_start.tag != nullptr;
      case YAML_MAPPING_START_EVENT:
        return event_.data.mapping_start.anchor != nullptr || event_.data.mapping_start.tag != nullptr;
      default:
        return false;
    }
  }
  [[nodiscard]] tl::unexpected<Refusal> refused(std::string_view reason) const {
    const yaml_mark_t& at = event_.start_mark;
    return api::refuse(api::bad_request(place(at.line, at.column) + ": " + std::string(reason)));
  }

 private:
  yaml_event_t event_{};
};

/// The events of a text.
class Events {
 public:
  explicit Events(std::string_view text) : text_(text) {
    usable_ = yaml_parser_initialize(&parser_) == 1;
    if (!usable_) return;
    yaml_parser_set_encoding(&parser_, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&parser_, reinterpret_cast<const unsigned char*>(text.data()), text.size());
  }
  Events(const Events&) = delete;
  Events& operator=(const Events&) = delete;
  ~Events() { yaml_parser_delete(&parser_); }

  /// The next one. Anchors, aliases and tags are refused.
  Outcome<Event> next() {
    Event event;
    if (!usable_ || yaml_parser_parse(&parser_, event.out()) == 0) return api::refuse(problem());
    if (event->type == YAML_ALIAS_EVENT || event.has_anchor_or_tag()) {
      return event.refused("anchors, aliases and tags are not permitted");
    }
    return event;
  }

 private:
  [[nodiscard]] Refusal problem() const {
    if (parser_.problem == nullptr) return {500, "internal", "no memory to parse YAML"};
    // The reader has the offset of the byte that is not UTF-8; the other parts have a line and a column.
    const std::string where = parser_.error == YAML_READER_ERROR
                                  ? place_of_byte(parser_.problem_offset)
                                  : place(parser_.problem_mark.line, parser_.problem_mark.column);
    return api::bad_request(where + ": " + parser_.problem);
  }

  [[nodiscard]] std::string place_of_byte(std::size_t offset) const {
    const std::string_view before = text_.substr(0, offset);
    const std::size_t line_break = before.rfind('\n');
    const auto lines = static_cast<std::size_t>(std::ranges::count(before, '\n'));
    return place(lines, line_break == std::string_view::npos ? before.size() : before.size() - line_break - 1);
  }

  std::string_view text_;
  yaml_parser_t parser_{};
  bool usable_ = false;
};

/// Builds the value of one document.
class Builder {
 public:
  Builder(std::string_view text, std::span<const std::string_view> texts) : events_(text), texts_(texts) {}

  Outcome<json::object> document() {
    REDAN_CHECK(events_.next());  // the start of the stream
    REDAN_TRY(const Event start, events_.next());
    if (start->type == YAML_STREAM_END_EVENT) return json::object();
    REDAN_TRY(const Event root, events_.next());
    REDAN_TRY(json::value whole, value(root, 1, false));
    REDAN_CHECK(events_.next());  // the end of the document
    REDAN_TRY(const Event end, events_.next());
    if (end->type != YAML_STREAM_END_EVENT) return end.refused("there is a second document");
    if (whole.is_null()) return json::object();
    if (!whole.is_object()) return root.refused("the document is not a mapping");
    return std::move(whole.get_object());
  }

 private:
  /// The value that begins with `event`, at a level from 1. `as_text`: it is below a member of `texts_`.
  Outcome<json::value> value(const Event& event, int level, bool as_text) {
    if (event->type == YAML_SCALAR_EVENT) return scalar(event, as_text);
    if (level > kMaxLevels) return event.refused("there are more than 8 levels");
    if (event->type == YAML_SEQUENCE_START_EVENT) return sequence(level, as_text);
    return mapping(level, as_text);
  }

  static Outcome<json::value> scalar(const Event& event, bool as_text) {
    if (!event.is_plain() || (as_text && !is_null(event.text()))) return json::value(event.text());
    auto resolved = resolve(event.text());
    if (!resolved) return event.refused("this number cannot be represented");
    return *std::move(resolved);
  }

  Outcome<json::value> sequence(int level, bool as_text) {
    json::array array;
    while (true) {
      REDAN_TRY(const Event event, events_.next());
      if (event->type == YAML_SEQUENCE_END_EVENT) return json::value(std::move(array));
      REDAN_TRY(json::value element, value(event, level + 1, as_text));
      array.push_back(std::move(element));
    }
  }

  Outcome<json::value> mapping(int level, bool as_text) {
    json::object object;
    while (true) {
      REDAN_TRY(const Event key, events_.next());
      if (key->type == YAML_MAPPING_END_EVENT) return json::value(std::move(object));
      if (key->type != YAML_SCALAR_EVENT) return key.refused("a key is not a text");
      if (object.contains(key.text())) return key.refused("this key is there twice");
      REDAN_TRY(const Event event, events_.next());
      REDAN_TRY(json::value member, value(event, level + 1, as_text || is_text(key.text())));
      object.emplace(key.text(), std::move(member));
    }
  }

  [[nodiscard]] bool is_text(std::string_view key) const { return std::ranges::find(texts_, key) != texts_.end(); }

  Events events_;
  std::span<const std::string_view> texts_;
};

}  // namespace

Outcome<json::object> parse_yaml(std::string_view text, std::span<const std::string_view> texts) {
  if (text.size() > kMaxYamlSize) return api::refuse(api::bad_request("there are more than 64 KiB of YAML"));
  return Builder(text, texts).document();
}

}  // namespace redan::cloud::package
