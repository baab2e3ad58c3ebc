#include "cloud/api/instance_service.hpp"

namespace redan::cloud::api {
namespace {

constexpr Rule kProtocol{[](std::string_view text) { return text == "tcp" || text == "udp"; }, "tcp or udp"};

Outcome<void> read_protocols(Service& service, const Value& value) {
  std::vector<std::string> names;
  REDAN_CHECK(value.texts(names, kProtocol));
  service.tcp = service.udp = false;
  for (const std::string& name : names) (name == "tcp" ? service.tcp : service.udp) = true;
  return {};
}

json::array protocols(const Service& service) {
  json::array names;
  if (service.tcp) names.emplace_back("tcp");
  if (service.udp) names.emplace_back("udp");
  return names;
}

constexpr Key<Service> kKeys[] = {
    {"name", "name", [](Service& s, const Value& v) { return v.text(s.name); },
     [](const Service& s, Spelling) { return written(s.name); }},
    {"port", "port", [](Service& s, const Value& v) { return v.port(s.port); },
     [](const Service& s, Spelling) { return json::value(std::int64_t{s.port}); }},
    {"port-end", "port_end",
     [](Service& s, const Value& v) { return v.json().is_null() ? Outcome<void>() : v.port(s.port_end); },
     [](const Service& s, Spelling) {
       return s.port_end == 0 ? json::value() : json::value(std::int64_t{s.port_end});
     }},
    {"protocols", "protocols", read_protocols, [](const Service& s, Spelling) { return json::value(protocols(s)); }},
    {"expose", "expose", [](Service& s, const Value& v) { return v.boolean(s.expose); },
     [](const Service& s, Spelling) { return json::value(s.expose); }},
};

Outcome<void> read_service(Service& service, const Value& value) {
  if (!value.json().is_object()) return value.wrong("an object");
  REDAN_CHECK(value.object(service, kKeys));
  if (service.name.empty() || service.port == 0) return value.wrong("complete: it needs a name and a port");
  if (service.port_end != 0 && service.port_end < service.port) {
    return value.wrong("a range: its port_end is lower than its port");
  }
  if (!service.udp) service.tcp = true;
  return {};
}

}  // namespace

Outcome<void> read_services(std::vector<Service>& into, const Value& value) {
  into.clear();
  if (value.json().is_null()) return {};
  if (!value.json().is_array() || value.json().get_array().size() > kMaxElements) {
    return value.wrong("a list of at most 256 services");
  }
  for (std::size_t i = 0; i < value.json().get_array().size(); ++i) {
    REDAN_CHECK(read_service(into.emplace_back(), value.element(i)));
  }
  return {};
}

Outcome<std::vector<Service>> parse_services(const json::value& value, std::string name) {
  std::vector<Service> services;
  std::vector<std::string> ignored;
  REDAN_CHECK(read_services(services, {value, std::move(name), ignored}));
  return services;
}

json::array to_json(const std::vector<Service>& services, Spelling spelling) {
  json::array array;
  for (const Service& service : services) {
    array.push_back(write(service, kKeys, spelling));
  }
  return array;
}

}  // namespace redan::cloud::api
