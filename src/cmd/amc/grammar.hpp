// Adds commands of amc to the command line, with the options that several of them take.
#pragma once

#include <boost/json/value.hpp>
#include <memory>
#include <type_traits>

#include "cmd/amc/client.hpp"
#include "cmd/program.hpp"

namespace redan::cmd {

/// A command that lists all objects of a path.
struct AmcList {
  std::string path;
  std::vector<Column> columns;
  std::vector<Column> filters{};
  bool yaml = false;  ///< is a format of it
};

class Grammar {
 public:
  Grammar(CLI::App& amc, Run& run);

  /// Commands are added to it, or to a group.
  [[nodiscard]] CLI::App* root() { return amc_; }
  CLI::App* group(CLI::App* parent, const char* name, const char* description);

  /// `what` takes an Amc and returns nothing, or the exit code.
  template <class Function>
  CLI::App* command(CLI::App* parent, const char* name, const char* description, Function what) {
    return add(parent, name, description, [what = std::move(what)](Amc& amc) -> int {
      if constexpr (std::is_void_v<std::invoke_result_t<Function, Amc&>>) {
        what(amc);
        return kOk;
      } else {
        return what(amc);
      }
    });
  }
  /// "list" and "ls".
  CLI::App* list(CLI::App* parent, const char* description, AmcList list);
  /// A documented command that is refused: `why` names what is missing. All its words and options are accepted.
  CLI::App* refused(CLI::App* parent, const char* name, const char* description, const char* why);

  // Words.
  CLI::App* which(CLI::App* to, const char* description);
  CLI::App* name(CLI::App* to, const char* description);
  CLI::App* key(CLI::App* to, const char* description);
  CLI::App* value(CLI::App* to, const char* description);
  CLI::App* file(CLI::App* to, const char* description);

  // Options.
  CLI::App* no_wait(CLI::App* to);
  CLI::App* timeout(CLI::App* to, const char* description = "Fail if it takes longer, such as 30s or 5m");
  CLI::App* yes(CLI::App* to);
  CLI::App* force(CLI::App* to, const char* description);
  CLI::App* format(CLI::App* to, std::vector<std::string> formats = {"yaml", "json"});
  CLI::App* version(CLI::App* to, const char* description);

  [[nodiscard]] AmcOptions& options() { return *options_; }

 private:
  CLI::App* add(CLI::App* parent, const char* name, const char* description, std::function<int(Amc&)> what);

  CLI::App* amc_;
  Run* run_;
  std::shared_ptr<AmcOptions> options_;
};

// Each adds the commands for one kind of object.
void add_addons(Grammar& grammar);
void add_applications(Grammar& grammar);
void add_benchmark(Grammar& grammar);
/// Of the whole program.
void add_completion(Grammar& grammar, CLI::App& program);
void add_config(Grammar& grammar);
void add_exec(Grammar& grammar);
void add_groups(Grammar& grammar, CLI::App* auth);
void add_identities(Grammar& grammar, CLI::App* auth);
void add_images(Grammar& grammar);
/// To amc itself, and to a group.
void add_instances(Grammar& grammar, CLI::App* parent);
void add_launch(Grammar& grammar, CLI::App* parent);
void add_logs(Grammar& grammar, CLI::App* parent);
void add_monitor(Grammar& grammar);
void add_nodes(Grammar& grammar);
void add_remotes(Grammar& grammar);
void add_service(Grammar& grammar);
void add_trust(Grammar& grammar);
void add_wait(Grammar& grammar);

}  // namespace redan::cmd
