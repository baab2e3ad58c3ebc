// `redan gateway session`.
#include <boost/json/object.hpp>

#include "base/utf8.hpp"
#include "cmd/gateway/administration.hpp"

namespace redan::cmd {
namespace {

namespace json = boost::json;

struct SessionArguments {
  std::string id, status;
  std::vector<std::string> ids;
  bool force = false, no_wait = false;
};

void list_sessions(Administration& gateway, const SessionArguments& arguments) {
  json::array sessions = gateway.list(kGatewaySessions);
  json::array wanted;
  for (json::value& session : sessions) {
    if (arguments.status.empty() || session.at("status").as_string() == arguments.status)
      wanted.push_back(std::move(session));
  }
  gateway.print_list(
      wanted,
      {{"ID", "id"}, {"APPLICATION", "app"}, {"REGION", "region"}, {"STATUS", "status"}, {"JOINABLE", "joinable"}});
}

// Deletes each session, even if another one cannot be deleted.
void delete_sessions(Administration& gateway, const SessionArguments& arguments) {
  const json::array ids(arguments.ids.begin(), arguments.ids.end());
  const json::value done =
      gateway.ask("DELETE", std::string(kGatewaySessions),
                  json::object{{"ids", ids}, {"force", arguments.force}, {"sync", !arguments.no_wait}});
  if (gateway.json()) gateway.print(done);
  std::string problems;
  for (const json::value& error : done.at("errors").as_array()) {
    problems += (problems.empty() ? "" : "\n  ") + escape_controls(std::string(error.at("session_id").as_string())) +
                ": " + escape_controls(std::string(error.at("error_message").as_string()));
  }
  if (!problems.empty()) throw AmcFailure(kFailure, problems);
}

}  // namespace

void add_sessions(CLI::App& app, Run& run, const GatewaySocketPtr& socket) {
  CLI::App* group = add_administration_group(app, "session", "The sessions of all accounts", R"(
Examples:
  redan gateway session list --status active
  redan gateway session show d1k2v9f3pn6a8q46tb00
  redan gateway session delete d1k2v9f3pn6a8q46tb00 d1k2v9f3pn6a8q46tb0g
  redan gateway --json session list)");
  const auto arguments = std::make_shared<SessionArguments>();
  CLI::App* list =
      add_administration_command(*group, run, socket, "list", "All sessions; ended ones are listed for an hour",
                                 [arguments](Administration& gateway) { list_sessions(gateway, *arguments); });
  list->add_option("--status", arguments->status, "Only those with this status")
      ->check(CLI::IsMember({"created", "active", "error", "terminating", "terminated"}));
  CLI::App* show =
      add_administration_command(*group, run, socket, "show", "One session", [arguments](Administration& gateway) {
        gateway.print(gateway.ask("GET", below(kGatewaySessions, arguments->id)));
      });
  show->add_option("id", arguments->id, "Its id")->required();
  CLI::App* remove =
      add_administration_command(*group, run, socket, "delete", "End sessions",
                                 [arguments](Administration& gateway) { delete_sessions(gateway, *arguments); });
  remove->add_option("ids", arguments->ids, "Their ids")->required();
  remove->add_flag("--force", arguments->force, "Do not wait for the runtime, and succeed without the agent");
  remove->add_flag("--no-wait", arguments->no_wait, "Return before they have ended");
}

}  // namespace redan::cmd
