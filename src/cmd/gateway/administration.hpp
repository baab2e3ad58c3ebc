// `redan gateway account`, `session` and `share`: administration over the Unix socket of a running gateway.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <string>

#include "cmd/amc/format.hpp"
#include "cmd/amc/session.hpp"
#include "cmd/arguments.hpp"
#include "cmd/program.hpp"

namespace redan::cmd {

/// Options of `redan gateway` that these commands share with the unit.
struct GatewaySocket {
  std::string data_directory;
  std::string socket;  ///< "": gateway.socket in the data directory
  bool json = false;

  [[nodiscard]] std::filesystem::path path() const;
};
using GatewaySocketPtr = std::shared_ptr<const GatewaySocket>;

/// A gateway, and how to print its answers.
class Administration {
 public:
  explicit Administration(const GatewaySocket& socket);

  [[nodiscard]] bool json() const { return json_; }
  /// Returns the metadata of a successful answer; throws AmcFailure otherwise.
  boost::json::value ask(std::string method, const std::string& path, const boost::json::value& body = nullptr);
  /// All elements of a list, page by page.
  boost::json::array list(std::string_view path);
  /// A table; an array with --json.
  void print_list(const boost::json::array& elements, const std::vector<Column>& columns) const;
  /// YAML; an object with --json.
  void print(const boost::json::value& object) const;

 private:
  AmcSession session_;
  bool json_;
};

constexpr std::string_view kGatewaySessions = "/1.0/sessions";

/// The path of the element `name` of a collection.
std::string below(std::string_view collection, std::string_view name);

/// `examples` are for the help.
CLI::App* add_administration_group(CLI::App& gateway, const char* name, const char* what, const char* examples);
/// Adds a command that does `act` when it is chosen.
CLI::App* add_administration_command(CLI::App& group, Run& run, const GatewaySocketPtr& socket, const char* name,
                                     const char* what, std::function<void(Administration&)> act);

void add_accounts(CLI::App& gateway, Run& run, const GatewaySocketPtr& socket);
void add_sessions(CLI::App& gateway, Run& run, const GatewaySocketPtr& socket);
void add_shares(CLI::App& gateway, Run& run, const GatewaySocketPtr& socket);

}  // namespace redan::cmd
