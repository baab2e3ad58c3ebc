// Human-readable answers: a table of objects, or one object.
#pragma once

#include <boost/json/array.hpp>
#include <string>
#include <vector>

namespace redan::cmd {

struct Column {
  std::string title;
  std::string member;
};

/// Shows the named columns; characters that a terminal would interpret are shown as "?".
std::string format_table(const boost::json::array& elements, const std::vector<Column>& columns);
/// One member per line, "name: value"; nested values as JSON.
std::string format_object(const boost::json::value& object);

}  // namespace redan::cmd
