// JSON (RFC 8259). Boost's parser handles what is easy to get wrong: UTF-8, escapes, surrogates, the grammar of
// numbers. The values are ours, so that nothing is lost or duplicated.
#include <boost/json/basic_parser_impl.hpp>
#include <charconv>
#include <cmath>

#include "base/base64.hpp"
#include "wamp/codec.hpp"

namespace redan::wamp {
namespace {

namespace json = boost::json;
using json::error_code;

/// Finished values and keys are kept on two stacks until their container ends.
class Building {
 public:
  static constexpr std::size_t max_object_size = static_cast<std::size_t>(-1);
  static constexpr std::size_t max_array_size = static_cast<std::size_t>(-1);
  static constexpr std::size_t max_key_size = static_cast<std::size_t>(-1);
  static constexpr std::size_t max_string_size = static_cast<std::size_t>(-1);

  explicit Building(Budget budget) : budget_(budget) {}

  Value& result() { return values_.front(); }

  bool on_document_begin(error_code&) { return true; }
  bool on_document_end(error_code&) { return true; }
  bool on_object_begin(error_code&) { return budget_.enter(0); }
  bool on_object_end(std::size_t n, error_code&) {
    Dict dict;
    for (std::size_t i = 0; i < n; ++i) {
      dict.append(std::move(keys_[keys_.size() - n + i]), std::move(values_[values_.size() - n + i]));
    }
    keys_.resize(keys_.size() - n);
    values_.resize(values_.size() - n);
    budget_.leave();
    return keys_are_unique(dict) && push(std::move(dict));
  }
  bool on_array_begin(error_code&) { return budget_.enter(0); }
  bool on_array_end(std::size_t n, error_code&) {
    const auto first = values_.end() - static_cast<std::ptrdiff_t>(n);
    List list(std::make_move_iterator(first), std::make_move_iterator(values_.end()));
    values_.resize(values_.size() - n);
    budget_.leave();
    return push(std::move(list));
  }
  bool on_key_part(json::string_view text, std::size_t, error_code&) { return on_part(text); }
  bool on_key(json::string_view text, std::size_t, error_code&) {
    keys_.push_back(whole(text));
    return true;
  }
  bool on_string_part(json::string_view text, std::size_t, error_code&) { return on_part(text); }
  bool on_string(json::string_view text, std::size_t, error_code&) {
    std::string string = whole(text);
    if (!string.starts_with('\0')) return push(std::move(string));
    auto binary = from_base64(std::string_view(string).substr(1));
    return binary && push(std::move(*binary));
  }
  bool on_number_part(json::string_view, error_code&) { return false; }
  bool on_int64(std::int64_t number, json::string_view, error_code&) { return push(number); }
  bool on_uint64(std::uint64_t number, json::string_view, error_code&) { return push(number); }
  bool on_double(double roughly, json::string_view text, error_code&) {
    // Boost's result is wrong by some units in the last place.
    double number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error == std::errc::result_out_of_range && std::abs(roughly) < 1) return push(0.0);
    return error == std::errc() && end == text.data() + text.size() && push(number);
  }
  bool on_bool(bool truth, error_code&) { return push(truth); }
  bool on_null(error_code&) { return push(nullptr); }
  bool on_comment_part(json::string_view, error_code&) { return false; }
  bool on_comment(json::string_view, error_code&) { return false; }

 private:
  template <class T>
  bool push(T&& value) {
    if (!budget_.take()) return false;
    values_.emplace_back(std::forward<T>(value));
    return true;
  }
  bool on_part(json::string_view text) {
    part_.append(text.data(), text.size());
    return true;
  }
  std::string whole(json::string_view text) {
    if (part_.empty()) return {text.data(), text.size()};
    on_part(text);
    return std::exchange(part_, {});
  }

  Budget budget_;
  std::vector<Value> values_;
  std::vector<std::string> keys_;
  std::string part_;  ///< of a text that arrives in several parts
};

constexpr std::string_view kHex = "0123456789abcdef";

// RFC 8259 section 7. The short forms are those that other writers use too.
void escape(char c, std::vector<std::uint8_t>& out) {
  constexpr std::string_view kShort = "\"\\\b\f\n\r\t";
  constexpr std::string_view kLetter = "\"\\bfnrt";
  out.push_back('\\');
  if (const std::size_t at = kShort.find(c); at != std::string_view::npos) {
    out.push_back(static_cast<std::uint8_t>(kLetter[at]));
    return;
  }
  append(out, as_bytes("u00"));
  out.push_back(static_cast<std::uint8_t>(kHex[static_cast<unsigned char>(c) >> 4U]));
  out.push_back(static_cast<std::uint8_t>(kHex[static_cast<unsigned char>(c) & 15U]));
}

void write(std::string_view text, std::vector<std::uint8_t>& out) {
  out.push_back('"');
  std::size_t plain = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (static_cast<unsigned char>(c) >= 0x20 && c != '"' && c != '\\') continue;
    append(out, as_bytes(text.substr(plain, i - plain)));
    escape(c, out);
    plain = i + 1;
  }
  append(out, as_bytes(text.substr(plain)));
  out.push_back('"');
}

template <class Integer>
void write_integer(Integer number, std::vector<std::uint8_t>& out) {
  std::array<char, 24> text{};
  const char* const end = std::to_chars(text.begin(), text.end(), number).ptr;
  append(out, as_bytes({text.data(), end}));
}

// The shortest digits that read back to the same value; an exponent below 1e-4 and from 1e16 on, as in Python.
void write(double number, std::vector<std::uint8_t>& out) {
  if (!std::isfinite(number)) return append(out, as_bytes("null"));
  const double size = std::abs(number);
  const bool fixed = size == 0 || (size >= 1e-4 && size < 1e16);
  std::array<char, 40> text{};
  const char* const end =
      std::to_chars(text.begin(), text.end(), number, fixed ? std::chars_format::fixed : std::chars_format::scientific)
          .ptr;
  const std::string_view digits(text.data(), end);
  append(out, as_bytes(digits));
  if (fixed && digits.find('.') == std::string_view::npos) append(out, as_bytes(".0"));
}

void write(const Binary& binary, std::vector<std::uint8_t>& out) {
  append(out, as_bytes("\"\\u0000"));
  append(out, as_bytes(to_base64(binary)));
  out.push_back('"');
}

void write(const List& list, std::vector<std::uint8_t>& out) {
  out.push_back('[');
  for (const Value& value : list) {
    if (&value != list.data()) out.push_back(',');
    encode_json(value, out);
  }
  out.push_back(']');
}

void write(const Dict& dict, std::vector<std::uint8_t>& out) {
  out.push_back('{');
  for (auto at = dict.begin(); at != dict.end(); ++at) {
    if (at != dict.begin()) out.push_back(',');
    write(std::string_view(at->first), out);
    out.push_back(':');
    encode_json(at->second, out);
  }
  out.push_back('}');
}

struct Writing {
  std::vector<std::uint8_t>& out;

  void operator()(std::nullptr_t) const { append(out, as_bytes("null")); }
  void operator()(bool truth) const { append(out, as_bytes(truth ? "true" : "false")); }
  void operator()(std::int64_t number) const { write_integer(number, out); }
  void operator()(std::uint64_t number) const { write_integer(number, out); }
  void operator()(const std::string& text) const { write(std::string_view(text), out); }
  template <class T>
  void operator()(const T& value) const {
    write(value, out);
  }
};

}  // namespace

std::optional<Value> decode_json(Bytes bytes, const DecodeLimits& limits) {
  json::parse_options options;
  options.max_depth = limits.max_depth;
  json::basic_parser<Building> parser(options, Budget(limits));
  error_code error;
  const std::string_view text = as_text(bytes);
  const std::size_t used = parser.write_some(false, text.data(), text.size(), error);
  if (error || used != text.size()) return std::nullopt;
  return std::move(parser.handler().result());
}

void encode_json(const Value& value, std::vector<std::uint8_t>& out) { std::visit(Writing{out}, value.storage()); }

}  // namespace redan::wamp
