// `redan gateway account`.
#include <boost/json/object.hpp>
#include <cstdio>

#include "cloud/api/gateway.hpp"
#include "cloud/token/rfc3339.hpp"
#include "cmd/gateway/administration.hpp"

namespace redan::cmd {
namespace {

namespace api = cloud::api;
namespace json = boost::json;

constexpr std::string_view kAccounts = "/internal/1.0/accounts";

struct AccountArguments {
  std::string name;
  std::int64_t expires_in = 365LL * 24 * 3600;
  std::vector<std::string> allow;
  api::Quota quota{};
};

void create_account(Administration& gateway, const AccountArguments& arguments) {
  const json::array allow(arguments.allow.begin(), arguments.allow.end());
  const json::value made = gateway.ask("POST", std::string(kAccounts),
                                       json::object{{"name", arguments.name},
                                                    {"expires_in", arguments.expires_in},
                                                    {"allow", allow},
                                                    {"max_sessions", arguments.quota.max_sessions},
                                                    {"max_shares", arguments.quota.max_shares}});
  if (gateway.json()) return gateway.print(made);
  std::printf("%s\n", made.at("token").as_string().c_str());
  std::fprintf(stderr, "The token is shown once. It expires at %s; deleting the account revokes it.\n",
               cloud::token::to_rfc3339({made.at("expires_at").to_number<std::int64_t>()}).c_str());
}

std::string allowed(const json::object& account) {
  const std::string allow = text_of(account, "allow");
  return allow.empty() ? "all of its own" : allow;
}

void list_accounts(Administration& gateway) {
  gateway.print_list(gateway.ask("GET", std::string(kAccounts)).as_array(), {{"NAME", "name"},
                                                                             {"EXPIRES", "expires_at"},
                                                                             {"SESSIONS", "max_sessions"},
                                                                             {"SHARES", "max_shares"},
                                                                             {"ALLOW", allowed}});
}

}  // namespace

void add_accounts(CLI::App& app, Run& run, const GatewaySocketPtr& socket) {
  CLI::App* group =
      add_administration_group(app, "account", "Who may use the API: accounts, their limits and their tokens", R"(
Examples:
  (umask 077; redan gateway account create web > token.txt)
  redan gateway account create web --allow read --allow create --max-sessions 20
  redan gateway account list
  redan gateway account delete web)");
  const auto arguments = std::make_shared<AccountArguments>();
  CLI::App* create =
      add_administration_command(*group, run, socket, "create", "Make an account and print its token",
                                 [arguments](Administration& gateway) { create_account(gateway, *arguments); });
  create->add_option("name", arguments->name, "Letters, digits, . _ -")->required();
  create->add_option("--expires-in", arguments->expires_in, "Seconds for which the token is good")
      ->check(CLI::Range(std::int64_t{1}, std::int64_t{366LL * 24 * 3600 * 10}))
      ->capture_default_str();
  create
      ->add_option("--allow", arguments->allow,
                   "What it may do with its own sessions; repeatable (default: everything). admin: everything, with "
                   "all sessions and the settings")
      ->check(CLI::IsMember({"read", "create", "join", "share", "delete", "admin"}))
      ->allow_extra_args(false);
  create->add_option("--max-sessions", arguments->quota.max_sessions, "Sessions that it may have at once")
      ->check(CLI::Range(std::size_t{0}, api::kMaxQuota))
      ->capture_default_str();
  create->add_option("--max-shares", arguments->quota.max_shares, "Shares that it may have at once; 5 of a session")
      ->check(CLI::Range(std::size_t{0}, api::kMaxQuota))
      ->capture_default_str();
  CLI::App* remove = add_administration_command(
      *group, run, socket, "delete", "Delete an account: its token, sockets and shares end with it",
      [arguments](Administration& gateway) { gateway.ask("DELETE", below(kAccounts, arguments->name)); });
  remove->add_option("name", arguments->name, "Its name")->required();
  add_administration_command(*group, run, socket, "list", "All accounts", list_accounts);
}

}  // namespace redan::cmd
