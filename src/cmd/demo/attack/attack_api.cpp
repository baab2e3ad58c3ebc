#include "cmd/demo/attack/attack_api.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

namespace redan::cmd {
namespace {

namespace json = boost::json;

net::HttpResponse reply(unsigned status, const json::object& body) {
  return {status, "application/json", json::serialize(body), {{"Cache-Control", "no-store"}}};
}

json::object status_of(const HostileGateway& gateway) {
  const HostileGateway::Status& status = gateway.status();
  json::array attacks;
  for (const Attack attack : kAttacks) attacks.push_back({{"name", name(attack)}, {"text", explain(attack)}});
  return {{"attack", name(status.attack)},
          {"succeeded", status.succeeded},
          {"read", json::array(status.read.begin(), status.read.end())},
          {"refused", status.refused},
          {"attacks", std::move(attacks)}};
}

std::optional<Attack> wanted(std::string_view body) {
  json::error_code error;
  const json::value value = json::parse(body, error);
  const json::object* object = error ? nullptr : value.if_object();
  const json::value* named = object != nullptr ? object->if_contains("name") : nullptr;
  return named != nullptr && named->is_string() ? parse_attack(named->get_string()) : std::nullopt;
}

}  // namespace

net::HttpResponse attack_reply(const net::HttpRequest& request, HostileGateway& gateway) {
  if (request.method == "POST") {
    const auto attack = wanted(request.body);
    if (!attack)
      return reply(400, {{"error", R"(no such attack; send {"name":"..."}, a name of those that GET lists)"}});
    gateway.begin(*attack);
  } else if (request.method != "GET") {
    return reply(405, {{"error", "only GET and POST"}});
  }
  return reply(200, status_of(gateway));
}

}  // namespace redan::cmd
