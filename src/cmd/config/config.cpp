// `redan config`: the configuration file of the units.
#include <cstdio>

#include "cmd/config/config_file.hpp"
#include "cmd/program.hpp"

namespace redan::cmd {
namespace {

constexpr const char* kFooter = R"(
Examples:
  redan config example > redan.toml
  redan config check redan.toml
  redan --config redan.toml gateway
  redan --config redan.toml gateway --listen 192.0.2.1:4000

A section for each unit: [ams], [gateway], [agent], [runtime], [router]; and
[common] for settings of several units. A setting is an option of the unit,
without "--"; options on the command line override it. Secrets stay in files of
their own, which settings name.
Exit codes: 0 the file is right, 1 it is not: file, line and reason, 2 usage)";

/// One unit with the settings of the file, without running it. Throws std::runtime_error.
void check_unit(CLI::App& program, const ConfigFile& file, const std::string& unit, const std::string& path) {
  std::vector<std::string> arguments = file.arguments(*program.get_subcommand(unit), {});
  arguments.insert(arguments.begin(), unit);
  std::ranges::reverse(arguments);  // as CLI11 expects them
  try {
    program.parse(std::move(arguments));
  } catch (const CLI::ParseError& error) {
    throw std::runtime_error(path + ": [" + unit + "]: " + error.what());
  }
}

int check(CLI::App& program, const std::string& path) {
  const ConfigFile file = ConfigFile::read(path);
  file.check_common(program);
  std::string checked;
  for (const std::string& unit : file.sections()) {
    check_unit(program, file, unit, path);
    checked += (checked.empty() ? "" : ", ") + unit;
  }
  std::printf("%s: right for %s\n", path.c_str(),
              checked.empty() ? "no unit: it has no section of one" : checked.c_str());
  return kOk;
}

std::string in_quotes(const std::string& text) { return "\"" + text + "\""; }

/// A setting's default as TOML, commented out.
std::string example_of(const CLI::Option& option) {
  if (option.get_items_expected_max() == 0) return "false";
  std::string value = option.get_default_str();
  if (value.starts_with('"')) value = value.substr(1, value.size() - 2);
  const bool is_number = option.get_type_name().starts_with("INT") || option.get_type_name().starts_with("UINT") ||
                         option.get_type_name().starts_with("FLOAT");
  if (is_number && !value.empty()) return value;
  if (option.get_items_expected_max() == 1) return in_quotes(value);
  return value.empty() ? "[]" : "[" + in_quotes(value) + "]";
}

void print_section(const CLI::App& unit) {
  std::printf("\n[%s]  # %s\n", unit.get_name().c_str(), unit.get_description().c_str());
  for (const CLI::Option* option : unit.get_options()) {
    const std::string name = option->get_single_name();
    if (!option->nonpositional() || name == "help" || option->get_group().empty()) continue;
    std::printf("\n# %s\n# %s = %s\n", option->get_description().c_str(), name.c_str(), example_of(*option).c_str());
  }
}

int print_example(const CLI::App& program) {
  std::printf("# Redan's configuration file: redan --config FILE UNIT. Each setting is shown with its default.\n");
  for (const std::string& unit : ConfigFile::units()) print_section(*program.get_subcommand(unit));
  return kOk;
}

}  // namespace

void add_config(CLI::App& app, Run& run) {
  auto used = std::make_shared<std::string>();  // with_config_file() has read it
  app.add_option("--config", *used, "The units' configuration file: redan --config FILE UNIT")
      ->type_name("FILE")
      ->each([used](const std::string&) {});
  CLI::App* command = app.add_subcommand("config", "Check the units' configuration file, or print an example");
  command->require_subcommand(1);
  command->footer(kFooter);
  auto path = std::make_shared<std::string>();
  CLI::App* checks = command->add_subcommand("check", "Say whether every setting of a file is right");
  checks->add_option("FILE", *path, "The file")->required();
  checks->callback([&app, &run, path] { run = [&app, path] { return check(app, *path); }; });
  command->add_subcommand("example", "Print a file with every setting, its meaning and its default")
      ->callback([&app, &run] { run = [&app] { return print_example(app); }; });
}

}  // namespace redan::cmd
