#include "cmd/gateway/administration.hpp"

#include <boost/json/serialize.hpp>
#include <cstdio>

namespace redan::cmd {
namespace {

constexpr const char* kExitCodes = R"(
Exit codes: 0 done, 1 refused, for example because there is no such object,
2 wrong usage, 3 this user may not use the socket, 4 no gateway answers)";

}  // namespace

std::filesystem::path GatewaySocket::path() const {
  if (!socket.empty()) return socket;
  return cmd::data_directory(data_directory, "redan-gateway") / "gateway.socket";
}

Administration::Administration(const GatewaySocket& socket)
    : session_(net::UnixRemote{socket.path()}, socket.path().string()), json_(socket.json) {}

boost::json::value Administration::ask(std::string method, const std::string& path, const boost::json::value& body) {
  return session_.ask(std::move(method), path, body);
}

boost::json::array Administration::list(std::string_view path) { return session_.list(std::string(path)); }

void Administration::print_list(const boost::json::array& elements, const std::vector<Column>& columns) const {
  if (json_) return print(elements);
  std::fputs(format_table(elements, columns, table_width()).c_str(), stdout);
}

void Administration::print(const boost::json::value& object) const {
  std::fputs((json_ ? boost::json::serialize(object) + "\n" : format_yaml(object)).c_str(), stdout);
}

std::string below(std::string_view collection, std::string_view name) {
  return path_of(std::string(collection) + "/", name);
}

CLI::App* add_administration_group(CLI::App& gateway, const char* name, const char* what, const char* examples) {
  CLI::App* group = gateway.add_subcommand(name, what);
  group->require_subcommand(1);
  group->fallthrough();
  group->footer(std::string(examples) + "\n" + kExitCodes);
  return group;
}

CLI::App* add_administration_command(CLI::App& group, Run& run, const GatewaySocketPtr& socket, const char* name,
                                     const char* what, std::function<void(Administration&)> act) {
  CLI::App* command = group.add_subcommand(name, what);
  command->fallthrough();
  command->callback([&run, socket, act = std::move(act)] {
    run = [socket, act] {
      try {
        Administration gateway(*socket);
        act(gateway);
        return static_cast<int>(kOk);
      } catch (const AmcFailure& failure) {
        std::fprintf(stderr, "redan gateway: %s\n", failure.what());
        return failure.code();
      }
    };
  });
  return command;
}

}  // namespace redan::cmd
