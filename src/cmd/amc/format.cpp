#include "cmd/amc/format.hpp"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <boost/json/serialize.hpp>
#include <ctime>
#include <numeric>

#include "base/utf8.hpp"
#include "base/words.hpp"
#include "cloud/package/yaml.hpp"
#include "cmd/amc/session.hpp"
#include "cmd/commands.hpp"

namespace redan::cmd {
namespace {

namespace json = boost::json;

constexpr std::size_t kGap = 2;

using Row = std::vector<std::string>;

std::string plain_text(const json::value& value) {
  if (value.is_null()) return {};
  if (value.is_string()) return std::string(value.get_string());
  if (!value.is_array()) return json::serialize(value);
  std::string text;
  for (const json::value& element : value.get_array()) text += (text.empty() ? "" : ",") + plain_text(element);
  return text;
}

bool begins_character(char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }
std::size_t width_of(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), begins_character));
}
std::string_view first_characters(std::string_view text, std::size_t count) {
  std::size_t at = 0;
  for (; at < text.size(); ++at) {
    if (begins_character(text[at]) && count-- == 0) break;
  }
  return text.substr(0, at);
}

/// Divides after a space or a comma if there is one.
Row lines_of(std::string_view text, std::size_t width) {
  Row lines;
  while (width_of(text) > width) {
    std::string_view line = first_characters(text, width);
    const std::size_t end = line.find_last_of(" ,");
    if (end != std::string_view::npos && text[line.size()] != ' ') line = line.substr(0, end + 1);
    text.remove_prefix(line.size());
    text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
    lines.emplace_back(trimmed(line));
  }
  lines.emplace_back(text);
  return lines;
}

std::vector<Row> rows_of(const json::array& elements, const std::vector<Column>& columns) {
  std::vector<Row> rows(1);
  for (const Column& column : columns) rows[0].push_back(column.title);
  for (const json::value& element : elements) {
    if (!element.is_object()) continue;
    Row& row = rows.emplace_back();
    for (const Column& column : columns) row.push_back(escape_controls(column.cell(element.get_object())));
  }
  return rows;
}

std::vector<std::size_t> widths_of(const std::vector<Row>& rows, std::size_t limit) {
  std::vector<std::size_t> widths(rows[0].size());
  for (const Row& row : rows) {
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], width_of(row[i]));
  }
  const auto total = [&] { return std::accumulate(widths.begin(), widths.end(), kGap * (widths.size() - 1)); };
  while (limit != 0 && total() > limit) {
    const auto widest = std::max_element(widths.begin(), widths.end());
    if (*widest <= 1) break;
    --*widest;
  }
  return widths;
}

void append_row(std::string& out, const Row& row, const std::vector<std::size_t>& widths) {
  std::vector<Row> cells;
  std::size_t height = 1;
  for (std::size_t i = 0; i < row.size(); ++i) {
    height = std::max(height, cells.emplace_back(lines_of(row[i], widths[i])).size());
  }
  for (std::size_t line = 0; line < height; ++line) {
    std::string text;
    std::size_t at = 0;
    for (std::size_t i = 0; i < cells.size(); ++i) {
      const std::string part = line < cells[i].size() ? cells[i][line] : "";
      if (!part.empty()) text.append(at - width_of(text), ' ').append(part);
      at += widths[i] + kGap;
    }
    out += text + "\n";
  }
}

std::string csv_field(const std::string& text) {
  if (text.find_first_of(",\"") == std::string::npos) return text;
  std::string quoted = "\"";
  for (const char c : text) quoted.append(c == '"' ? 2 : 1, c);
  return quoted + "\"";
}

std::string indented(const std::string& text, std::string_view first) {
  std::string out(first);
  for (std::size_t at = 0; at < text.size(); ++at) {
    out += text[at];
    if (text[at] == '\n' && at + 1 < text.size()) out.append(first.size(), ' ');
  }
  return out;
}

}  // namespace

Column::Column(std::string its_title, const char* member)
    : title(std::move(its_title)), cell([member](const json::object& object) { return text_of(object, member); }) {}

json::value member_of(const json::object& object, std::string_view member) {
  const json::value* value = object.if_contains(member);
  return value == nullptr ? json::value(nullptr) : *value;
}

std::string text_of(const json::object& object, std::string_view member) {
  const json::value value = member_of(object, member);
  return member.ends_with("_at") && value.is_int64() ? time_text(value.get_int64()) : plain_text(value);
}

std::string time_text(std::int64_t seconds_since_1970) {
  const std::time_t seconds = seconds_since_1970;
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  std::string text(20, '\0');
  text.resize(std::strftime(text.data(), text.size(), "%Y-%m-%d %H:%M:%S", &parts));
  return text;
}

std::size_t table_width() {
  winsize size{};
  if (::isatty(STDOUT_FILENO) != 0 && ::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) {
    return size.ws_col;
  }
  const char* columns = std::getenv("COLUMNS");
  return to_number<std::size_t>(columns == nullptr ? "" : columns).value_or(0);
}

std::string format_table(const json::array& elements, const std::vector<Column>& columns, std::size_t width) {
  const std::vector<Row> rows = rows_of(elements, columns);
  const std::vector<std::size_t> widths = widths_of(rows, width);
  std::string out;
  for (const Row& row : rows) append_row(out, row, widths);
  return out;
}

std::string format_csv(const json::array& elements, const std::vector<Column>& columns) {
  std::string out;
  for (const Row& row : rows_of(elements, columns)) {
    std::string line;
    for (const std::string& cell : row) line += (&cell == row.data() ? "" : ",") + csv_field(cell);
    out += line + "\n";
  }
  return out;
}

std::string format_yaml(const json::value& value) {
  if (value.is_object()) return cloud::package::to_yaml(value.get_object());
  if (!value.is_array()) return escape_controls(plain_text(value)) + "\n";
  std::string out;
  for (const json::value& element : value.get_array()) out += indented(format_yaml(element), "- ");
  return out.empty() ? "[]\n" : out;
}

json::array filtered(json::array elements, const std::string& filter, const std::vector<Column>& fields) {
  const std::size_t equals = std::min(filter.find('='), filter.size());
  const std::string name = filter.substr(0, equals);
  const auto field = std::find_if(fields.begin(), fields.end(), [&](const Column& one) { return one.title == name; });
  if (field == fields.end() || equals == filter.size()) {
    std::string known;
    for (const Column& one : fields) known += " " + one.title + "=...";
    throw AmcFailure(kUsage, "there is no filter " + filter + "; there are:" + known);
  }
  const std::vector<std::string> wanted = split(filter.substr(equals + 1));
  json::array kept;
  for (json::value& element : elements) {
    const std::vector<std::string> found = split(field->cell(element.as_object()));
    const bool all = std::all_of(wanted.begin(), wanted.end(), [&](const std::string& word) {
      return std::find(found.begin(), found.end(), word) != found.end();
    });
    if (all && wanted.empty() == found.empty()) kept.push_back(std::move(element));
  }
  return kept;
}

std::vector<std::string> split(std::string_view text, char separator) {
  std::vector<std::string> words;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(separator), text.size());
    const std::string_view word = trimmed(text.substr(0, end));
    if (!word.empty()) words.emplace_back(word);
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return words;
}

json::array to_array(const std::vector<std::string>& texts) {
  json::array array;
  for (const std::string& text : texts) array.emplace_back(text);
  return array;
}

}  // namespace redan::cmd
