#include "cmd/amc/table.hpp"

#include <algorithm>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <ctime>

#include "base/utf8.hpp"

namespace redan::cmd {
namespace {

namespace json = boost::json;

constexpr std::size_t kMaxWidth = 64;

std::string cell(const json::value& value) {
  std::string text = value.is_string() ? std::string(value.get_string()) : json::serialize(value);
  if (value.is_null() || (value.is_array() && value.get_array().empty())) text.clear();
  return escape_controls(text);
}

std::string at(const json::value& element, const std::string& member) {
  const json::object* object = element.if_object();
  const json::value* value = object == nullptr ? nullptr : object->if_contains(member);
  if (value == nullptr) return {};
  if (!member.ends_with("_at") || !value->is_int64()) return std::string(first_bytes(cell(*value), kMaxWidth));
  const std::time_t seconds = value->get_int64();
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  std::string text(20, '\0');
  text.resize(std::strftime(text.data(), text.size(), "%Y-%m-%d %H:%MZ", &parts));
  return text;
}

void append_row(std::string& out, const std::vector<std::string>& cells, const std::vector<std::size_t>& widths) {
  for (std::size_t i = 0; i < cells.size(); ++i) {
    out += cells[i];
    if (i + 1 < cells.size()) out.append(widths[i] - cells[i].size() + 2, ' ');
  }
  out += '\n';
}

}  // namespace

std::string format_table(const json::array& elements, const std::vector<Column>& columns) {
  std::vector<std::vector<std::string>> rows(1);
  for (const Column& column : columns) rows[0].push_back(column.title);
  for (const json::value& element : elements) {
    std::vector<std::string>& row = rows.emplace_back();
    for (const Column& column : columns) row.push_back(at(element, column.member));
  }
  std::vector<std::size_t> widths(columns.size());
  for (const auto& row : rows) {
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  }
  std::string out;
  for (const auto& row : rows) append_row(out, row, widths);
  return out;
}

std::string format_object(const json::value& value) {
  if (!value.is_object()) return cell(value) + "\n";
  std::size_t width = 0;
  for (const auto& member : value.get_object()) width = std::max(width, member.key().size());
  std::string out;
  for (const auto& member : value.get_object()) {
    const std::string name(member.key());
    out += name + ":";
    out.append(width - name.size() + 1, ' ');
    out += (name.ends_with("_at") ? at(value, name) : cell(member.value())) + "\n";
  }
  return out;
}

}  // namespace redan::cmd
