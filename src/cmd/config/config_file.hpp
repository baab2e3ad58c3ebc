// The configuration file of the units, in TOML: a section for each, and [common] for what several share.
//
//   [common]
//   nats = ["192.0.2.21:4222", "192.0.2.22:4222"]   # a list: what may be given several times
//
//   [gateway]
//   listen = "192.0.2.1:4000"                        # as --listen
//   strict = true                                    # a flag
//
// A setting is an option of the unit, without "--". An option on the command line overrides it.
#pragma once

#include <CLI/CLI.hpp>
#include <memory>
#include <string>
#include <vector>

namespace redan::cmd {

class ConfigFile {
 public:
  /// Both throw std::runtime_error that names file and line. parse() checks the names of sections only.
  static ConfigFile read(const std::string& path);
  static ConfigFile parse(const std::string& text, const std::string& path);

  ~ConfigFile();
  ConfigFile(ConfigFile&&) noexcept;
  ConfigFile& operator=(ConfigFile&&) noexcept;

  /// The units that have a section, in the order of units().
  [[nodiscard]] std::vector<std::string> sections() const;

  /// The settings for `unit` as arguments, such as "--listen=192.0.2.1:4000", without the options that `given` has.
  /// Throws std::runtime_error that names file and line if the unit has no such option, or the value is of another
  /// type.
  [[nodiscard]] std::vector<std::string> arguments(const CLI::App& unit, const std::vector<std::string>& given) const;
  /// Throws like arguments() if a setting of [common] is an option of no unit.
  void check_common(const CLI::App& program) const;

  /// What may have a section.
  static const std::vector<std::string>& units();

 private:
  struct Content;
  explicit ConfigFile(std::unique_ptr<Content> content);
  std::unique_ptr<Content> content_;
};

/// Puts the settings of `--config FILE`, if it stands before the command, behind the command's name. `arguments`: of
/// main(), without the program's name. Throws like ConfigFile.
std::vector<std::string> with_config_file(const CLI::App& program, std::vector<std::string> arguments);

}  // namespace redan::cmd
