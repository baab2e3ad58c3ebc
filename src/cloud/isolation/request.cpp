#include "cloud/isolation/request.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include "base/words.hpp"

namespace redan::cloud::isolation {
namespace {

namespace json = boost::json;

std::optional<std::string> text_of(const json::value& value) {
  const auto* text = value.if_string();
  return text == nullptr ? std::nullopt : std::optional<std::string>(std::in_place, text->data(), text->size());
}

bool read_command(const json::object& object, Request& request) {
  const auto* words = object.if_contains("command");
  if (words == nullptr || !words->is_array() || words->get_array().empty()) return false;
  for (const json::value& word : words->get_array()) {
    const auto text = text_of(word);
    if (!text) return false;
    request.command.push_back(*text);
  }
  return true;
}

bool read_environment(const json::object& object, Request& request) {
  const auto* variables = object.if_contains("environment");
  if (variables == nullptr || !variables->is_object()) return false;
  for (const auto& variable : variables->get_object()) {
    const auto text = text_of(variable.value());
    if (!text) return false;
    request.environment[std::string(variable.key())] = *text;
  }
  return true;
}

}  // namespace

std::string Request::write() const {
  json::object variables;
  for (const auto& [name, value] : environment) variables[name] = value;
  const json::object whole{{"command", json::array(command.begin(), command.end())},
                           {"environment", std::move(variables)},
                           {"terminal", terminal}};
  return json::serialize(whole);
}

std::optional<Request> Request::parse(std::string_view text) {
  boost::system::error_code error;
  const json::value value = json::parse(text, error);
  if (error || !value.is_object()) return std::nullopt;
  const json::object& object = value.get_object();
  Request request;
  if (!read_command(object, request) || !read_environment(object, request)) return std::nullopt;
  const auto* terminal = object.if_contains("terminal");
  request.terminal = terminal != nullptr && terminal->is_bool() && terminal->get_bool();
  return request;
}

std::optional<Word> Word::parse(std::string_view text) {
  const std::size_t space = text.find(' ');
  const auto number = space == std::string_view::npos ? std::nullopt : to_number<int>(text.substr(space + 1));
  if (!number) return std::nullopt;
  return Word{text.substr(0, space), *number};
}

}  // namespace redan::cloud::isolation
