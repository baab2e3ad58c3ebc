// `redan gateway share`.
#include <boost/json/object.hpp>
#include <cstdio>

#include "cloud/api/gateway.hpp"
#include "cloud/token/rfc3339.hpp"
#include "cmd/gateway/administration.hpp"
#include "net/clock.hpp"

namespace redan::cmd {
namespace {

namespace api = cloud::api;
namespace json = boost::json;

constexpr std::string_view kShares = "/1.0/shares";

struct ShareArguments {
  std::string id, session, type = "view";
  std::optional<std::string> description;
  std::optional<std::int64_t> expires_in;  ///< seconds
};

json::object body_of(const ShareArguments& arguments) {
  json::object body;
  if (arguments.description) body["description"] = *arguments.description;
  if (arguments.expires_in) body["expiry_at"] = net::wall_time().seconds_since_1970 + *arguments.expires_in;
  return body;
}

void create_share(Administration& gateway, const ShareArguments& arguments) {
  json::object body = body_of(arguments);
  body["type"] = arguments.type;
  const json::value made = gateway.ask("POST", below(kGatewaySessions, arguments.session) + "/share", body);
  if (gateway.json()) return gateway.print(made);
  std::printf("%s\n", made.at("url").as_string().c_str());
  std::fprintf(stderr, "Share %s admits everyone who has the URL, until %s.\n", made.at("id").as_string().c_str(),
               cloud::token::to_rfc3339({made.at("expiry_at").to_number<std::int64_t>()}).c_str());
}

void list_shares(Administration& gateway) {
  gateway.print_list(
      gateway.list(kShares),
      {{"ID", "id"}, {"SESSION", "session_id"}, {"EXPIRES", "expiry_at"}, {"DESCRIPTION", "description"}});
}

}  // namespace

void add_shares(CLI::App& app, Run& run, const GatewaySocketPtr& socket) {
  CLI::App* group = add_administration_group(app, "share", "Links for viewers of a session", R"(
Examples:
  redan gateway share create d1k2v9f3pn6a8q46tb00 --description "for Bob"
  redan gateway share create d1k2v9f3pn6a8q46tb00 --type adb
  redan gateway share update d1k2v9f3pn6a8q46tb0g --expires-in 86400
  redan gateway share list
  redan gateway share delete d1k2v9f3pn6a8q46tb0g)");
  const auto arguments = std::make_shared<ShareArguments>();
  const auto with_id = [&](const char* name, const char* what, std::function<void(Administration&)> act) {
    CLI::App* command = add_administration_command(*group, run, socket, name, what, std::move(act));
    command->add_option("id", arguments->id, "Its id")->required();
    return command;
  };
  const auto with_values = [&](CLI::App* command) {
    command->add_option("--description", arguments->description, "At most 256 bytes");
    command->add_option("--expires-in", arguments->expires_in, "Seconds from now; at most 30 days (default: 12 hours)")
        ->check(CLI::Range(std::int64_t{1}, api::kMaxShareLife));
  };
  add_administration_command(*group, run, socket, "list", "All shares", list_shares);
  CLI::App* create =
      add_administration_command(*group, run, socket, "create", "Share a session and print the link",
                                 [arguments](Administration& gateway) { create_share(gateway, *arguments); });
  create->add_option("session", arguments->session, "The id of the session")->required();
  create
      ->add_option("--type", arguments->type,
                   "view: see and hear; adb: a tunnel to the instance's adbd, for `redan adb`")
      ->check(CLI::IsMember({"view", "adb"}))
      ->capture_default_str();
  with_values(create);
  with_id("show", "One share, with its link",
          [arguments](Administration& gateway) { gateway.print(gateway.ask("GET", below(kShares, arguments->id))); });
  with_values(with_id("update", "Change its description or when it expires", [arguments](Administration& gateway) {
    gateway.print(gateway.ask("PATCH", below(kShares, arguments->id), body_of(*arguments)));
  }));
  with_id("delete", "Delete a share: its viewers are disconnected", [arguments](Administration& gateway) {
    gateway.ask("DELETE", below(kShares, arguments->id) + "?sync=true");
  });
}

}  // namespace redan::cmd
