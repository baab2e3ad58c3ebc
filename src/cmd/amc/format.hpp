// How answers are printed: lists as tables, CSV, JSON or YAML, objects as YAML or JSON. Text that a server sent is made
// safe for a terminal, except in JSON, which escapes it itself.
#pragma once

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <functional>
#include <string>
#include <vector>

namespace redan::cmd {

using Cell = std::function<std::string(const boost::json::object&)>;

/// A column of a table, or what a filter looks at.
struct Column {
  Column(std::string its_title, Cell its_cell) : title(std::move(its_title)), cell(std::move(its_cell)) {}
  /// Shows the member of that name.
  Column(std::string its_title, const char* member);
  std::string title;
  Cell cell;
};

/// The member as text: arrays with commas between, "" if it is absent. Names that end in "_at" are times.
std::string text_of(const boost::json::object& object, std::string_view member);
/// The member; null if it is absent.
boost::json::value member_of(const boost::json::object& object, std::string_view member);
/// "2019-07-16 13:53:32".
std::string time_text(std::int64_t seconds_since_1970);

/// The terminal's width; if standard output is none, $COLUMNS; 0: no limit, so that each row is one line.
std::size_t table_width();
/// In a table wider than `width`, if not 0, the widest cells are divided into lines.
std::string format_table(const boost::json::array& elements, const std::vector<Column>& columns, std::size_t width);
/// RFC 4180 with line feeds, and a header.
std::string format_csv(const boost::json::array& elements, const std::vector<Column>& columns);
std::string format_yaml(const boost::json::value& value);

/// `filter` is "name=value" with the title of one of `fields`; throws AmcFailure if there is none. An element is kept
/// if each word of the value, between commas, is a word of the field.
boost::json::array filtered(boost::json::array elements, const std::string& filter, const std::vector<Column>& fields);

/// The words between commas; none for "".
std::vector<std::string> split(std::string_view text, char separator = ',');
boost::json::array to_array(const std::vector<std::string>& texts);

}  // namespace redan::cmd
