// Commands in instances.
#include <array>

#include "cloud/ams/routes/routes.hpp"

namespace redan::cloud::ams {
namespace {

namespace json = boost::json;
using trust::Scope;

constexpr std::size_t kMaxVariables = 64;

Outcome<ExecSpec> parse_exec(const json::object& body, const api::UnknownMembers& unknown) {
  ExecSpec spec;
  json::object environment;
  std::int64_t width = 80, height = 24;
  REDAN_CHECK(api::Members(body)
                  .texts("command", spec.command)
                  .object("environment", environment)
                  .boolean("interactive", spec.interactive)
                  .integer("width", width, 0, 10'000)
                  .integer("height", height, 0, 10'000)
                  .end(unknown));
  if (spec.command.empty())
    return api::refuse(api::bad_request("\"command\" is an array of a program and its arguments"));
  if (environment.size() > kMaxVariables)
    return api::refuse(api::bad_request("\"environment\" has more than 64 members"));
  for (const auto& member : environment) {
    if (!member.value().is_string() || member.key().find('=') != std::string_view::npos) {
      return api::refuse(api::bad_request("\"environment\" is an object of strings"));
    }
    spec.environment[std::string(member.key())] = member.value().get_string().c_str();
  }
  if (width != 0) spec.width = static_cast<std::uint16_t>(width);
  if (height != 0) spec.height = static_cast<std::uint16_t>(height);
  return spec;
}

net::Task<Reply> execute(Ams& ams, Call call) {
  REDAN_CO_CHECK(ams.executions().check_support());
  REDAN_CO_TRY(auto body, call.body());
  REDAN_CO_TRY(auto spec, parse_exec(body, call.unknown));
  REDAN_CO_TRY(const auto operation, co_await ams.execute(call.parameters[0], std::move(spec)));
  co_return async_reply(operation);
}

constexpr std::array kRoutes{
    Route{"POST", "/1.0/instances/{id}/exec", Scope::instance_exec, "exec", execute},
};

}  // namespace

std::span<const Route> exec_routes() { return kRoutes; }

}  // namespace redan::cloud::ams
