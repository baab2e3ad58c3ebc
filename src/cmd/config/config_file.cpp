#include "cmd/config/config_file.hpp"

#include <toml++/toml.h>

#include <algorithm>
#include <charconv>
#include <stdexcept>

#include "cmd/arguments.hpp"
#include "cmd/usage.hpp"

namespace redan::cmd {
namespace {

constexpr const char* kCommon = "common";

/// Of a unit, but for those that would lead to another file or end the program.
const CLI::Option* find_option(const CLI::App& unit, const std::string& setting) {
  return setting == "help" ? nullptr : unit.get_option_no_throw("--" + setting);
}

bool is_flag(const CLI::Option& option) { return option.get_items_expected_max() == 0; }
bool is_list(const CLI::Option& option) { return option.get_items_expected_max() > 1; }

bool is_given(const std::vector<std::string>& arguments, const std::string& option) {
  return std::ranges::any_of(
      arguments, [&](const std::string& argument) { return argument == option || argument.starts_with(option + "="); });
}

std::vector<std::string> settings_of(const CLI::App& unit) {
  std::vector<std::string> names;
  for (const CLI::Option* option : unit.get_options()) {
    const std::string name = option->get_single_name();
    if (option->nonpositional() && name != "help") names.push_back(name);
  }
  return names;
}

}  // namespace

struct ConfigFile::Content {
  std::string path;
  toml::table table;

  [[noreturn]] void fail(const toml::source_region& where, const std::string& what) const {
    throw std::runtime_error(path + ":" + std::to_string(where.begin.line) + ": " + what);
  }

  [[nodiscard]] const toml::table* section(const std::string& name) const { return table[name].as_table(); }

  void check_sections() const {
    for (const auto& [key, value] : table) {
      const std::string name(key.str());
      if (!value.is_table()) fail(value.source(), "'" + name + "' is in no section; begin with [" + units()[0] + "]");
      if (name == kCommon || std::ranges::count(units(), name) != 0) continue;
      const std::string_view meant = nearest(name, units());
      fail(value.source(),
           "no unit '" + name + "'" + (meant.empty() ? "" : "; did you mean [" + std::string(meant) + "]?"));
    }
  }

  static std::string text(double number) {
    std::array<char, 32> digits{};
    return {digits.data(), std::to_chars(digits.begin(), digits.end(), number).ptr};
  }

  /// A single value as the command line has it.
  [[nodiscard]] std::string text(const toml::node& value, const std::string& setting) const {
    if (const auto* string = value.as_string()) return string->get();
    if (const auto* integer = value.as_integer()) return std::to_string(integer->get());
    if (const auto* number = value.as_floating_point()) return text(number->get());
    fail(value.source(), "'" + setting + "' takes a string or a number");
  }

  void append(std::vector<std::string>& arguments, const CLI::Option& option, const std::string& setting,
              const toml::node& value) const {
    const std::string name = "--" + setting;
    if (is_flag(option)) {
      if (!value.is_boolean()) fail(value.source(), "'" + setting + "' is true or false");
      if (value.as_boolean()->get()) arguments.push_back(name);
    } else if (const toml::array* list = value.as_array()) {
      if (!is_list(option)) fail(value.source(), "'" + setting + "' takes one value, not a list");
      for (const toml::node& item : *list) arguments.push_back(name + "=" + text(item, setting));
    } else {
      arguments.push_back(name + "=" + text(value, setting));
    }
  }

  [[noreturn]] void fail_unknown(const toml::node& value, const std::string& setting, const CLI::App& unit) const {
    const std::string_view meant = nearest(setting, settings_of(unit));
    fail(value.source(), "[" + unit.get_name() + "] has no setting '" + setting + "'" +
                             (meant.empty() ? "; see: redan " + unit.get_name() + " --help"
                                            : "; did you mean '" + std::string(meant) + "'?"));
  }
};

ConfigFile::ConfigFile(std::unique_ptr<Content> content) : content_(std::move(content)) {}
ConfigFile::~ConfigFile() = default;
ConfigFile::ConfigFile(ConfigFile&&) noexcept = default;
ConfigFile& ConfigFile::operator=(ConfigFile&&) noexcept = default;

const std::vector<std::string>& ConfigFile::units() {
  static const std::vector<std::string> names{"ams", "gateway", "agent", "runtime", "router"};
  return names;
}

ConfigFile ConfigFile::read(const std::string& path) { return parse(read_file(path), path); }

ConfigFile ConfigFile::parse(const std::string& text, const std::string& path) {
  auto content = std::make_unique<Content>();
  content->path = path;
  try {
    content->table = toml::parse(text);
  } catch (const toml::parse_error& error) {
    content->fail(error.source(), std::string(error.description()));
  }
  content->check_sections();
  return ConfigFile(std::move(content));
}

std::vector<std::string> ConfigFile::sections() const {
  std::vector<std::string> names;
  for (const std::string& unit : units()) {
    if (content_->section(unit) != nullptr) names.push_back(unit);
  }
  return names;
}

std::vector<std::string> ConfigFile::arguments(const CLI::App& unit, const std::vector<std::string>& given) const {
  std::vector<std::string> arguments;
  const toml::table* own = content_->section(unit.get_name());
  if (own != nullptr) {
    for (const auto& [key, value] : *own) {
      const std::string setting(key.str());
      const CLI::Option* option = find_option(unit, setting);
      if (option == nullptr) content_->fail_unknown(value, setting, unit);
      if (!is_given(given, "--" + setting)) content_->append(arguments, *option, setting, value);
    }
  }
  const toml::table* common = content_->section(kCommon);
  if (common == nullptr) return arguments;
  for (const auto& [key, value] : *common) {
    const std::string setting(key.str());
    const CLI::Option* option = find_option(unit, setting);
    const bool overridden = is_given(given, "--" + setting) || (own != nullptr && own->contains(key));
    if (option != nullptr && !overridden) content_->append(arguments, *option, setting, value);
  }
  return arguments;
}

void ConfigFile::check_common(const CLI::App& program) const {
  const toml::table* common = content_->section(kCommon);
  if (common == nullptr) return;
  for (const auto& [key, value] : *common) {
    const std::string setting(key.str());
    const bool known = std::ranges::any_of(units(), [&](const std::string& unit) {
      return find_option(*program.get_subcommand(unit), setting) != nullptr;
    });
    if (!known) content_->fail(value.source(), "no unit has a setting '" + setting + "'");
  }
}

std::vector<std::string> with_config_file(const CLI::App& program, std::vector<std::string> arguments) {
  static const std::string kOption = "--config";
  auto next = arguments.begin();
  std::string path;
  for (; next != arguments.end() && next->starts_with("-"); ++next) {
    if (next->starts_with(kOption + "=")) path = next->substr(kOption.size() + 1);
    if (*next == kOption && next + 1 != arguments.end()) path = *++next;
  }
  if (path.empty() || next == arguments.end() || std::ranges::count(ConfigFile::units(), *next) == 0) return arguments;
  const ConfigFile file = ConfigFile::read(path);
  file.check_common(program);
  const std::vector<std::string> given(next + 1, arguments.end());
  const std::vector<std::string> settings = file.arguments(*program.get_subcommand(*next), given);
  arguments.insert(next + 1, settings.begin(), settings.end());
  return arguments;
}

}  // namespace redan::cmd
