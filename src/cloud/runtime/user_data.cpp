#include "cloud/runtime/user_data.hpp"

#include <stdexcept>

#include "base/base64.hpp"
#include "cloud/api/record.hpp"

namespace redan::cloud::runtime {
namespace {

namespace json = boost::json;

constexpr std::size_t kMaxAgents = 8;

[[noreturn]] void damaged(const std::string& what) { throw std::runtime_error("the user data " + what); }

std::vector<std::uint8_t> bytes_of(const std::string& text, const char* what) {
  auto bytes = from_base64(text);
  if (!bytes) damaged(std::string("has a ") + what + " that is not base64");
  return std::move(*bytes);
}

Digest pin_of(const std::string& text, const char* whose) {
  const auto pin = net::parse_pin(text);
  if (!pin) damaged(std::string("has no fingerprint of ") + whose + " with 64 hexadecimal digits");
  return *pin;
}

AmsAccess read_ams(const json::object& object) {
  api::RecordReader record{json::value(object)};
  AmsAccess ams;
  const auto server = net::parse_https_url(record.text("url"));
  ams.token = record.text("token");
  const std::string fingerprint = record.text("fingerprint");
  ams.identity.certificate_der = bytes_of(record.text("certificate"), "certificate");
  ams.identity.private_key_der = bytes_of(record.text("key"), "key");
  if (!record.ok() || !server) damaged("lacks the address of AMS");
  ams.server = *server;
  ams.pin = pin_of(fingerprint, "AMS");
  return ams;
}

SealAccess read_seal(const json::object& object) {
  api::RecordReader record{json::value(object)};
  const auto authority = sealed::parse_authority(record.text("authority"));
  const auto policy = api::parse_sealed_policy(record.text("policy"));
  if (!record.ok() || !authority || !policy) damaged("has a \"seal\" that is not understood");
  return {{*authority}, *policy};
}

AgentAddress read_agent(const json::value& value, const std::string& authority_pem) {
  api::RecordReader record(value);
  const auto server = net::parse_https_url(record.text("url"), 443);
  const std::string fingerprint = record.text_or("fingerprint", "");
  if (!record.ok() || !server) damaged("has an agent without a URL");
  AgentAddress agent{server->host, server->port, net::SystemAuthorities{server->host}};
  if (!fingerprint.empty()) {
    agent.trust = net::PinnedSha256{pin_of(fingerprint, "the agent")};
  } else if (!authority_pem.empty()) {
    agent.trust = net::TrustedAuthority{authority_pem, server->host};
  }
  return agent;
}

SessionAccess read_session(const std::string& text, const std::string& authority_pem) {
  api::RecordReader record(text);
  SessionAccess session;
  session.id = record.text("session");
  session.token = record.text("token");
  session.extra_data = record.text_or("extra_data", "");
  const json::array agents = record.array("agents");
  const auto screen = api::parse_screen(record.has("screen") ? record.object("screen") : json::object());
  if (!record.ok() || !screen || agents.empty() || agents.size() > kMaxAgents) {
    damaged("lacks the session or its agents");
  }
  session.screen = *screen;
  for (const json::value& agent : agents) session.agents.push_back(read_agent(agent, authority_pem));
  return session;
}

Address read_adb(const json::object& object) {
  api::RecordReader record{json::value(object)};
  const std::int64_t port = record.integer("port");
  if (!record.ok() || port < 1 || port > 65'535) damaged("has an \"adb\" without a port");
  return *Address::parse("127.0.0.1", static_cast<std::uint16_t>(port));
}

}  // namespace

UserData parse_user_data(std::string_view text, const std::string& agent_authority_pem) {
  api::RecordReader record(text);
  if (!record.ok()) damaged("is not a JSON object");
  UserData data;
  api::RecordReader instance{json::value(record.object("instance"))};
  data.id = instance.text("id");
  data.name = instance.text_or("name", data.id);
  const json::object ams = record.object("ams");
  const std::string more = record.text_or("user_data", "");
  if (!record.ok() || !instance.ok()) damaged("lacks \"instance\" or \"ams\"");
  data.ams = read_ams(ams);
  if (record.has("seal")) data.seal = read_seal(record.object("seal"));
  if (record.has("adb")) data.adb = read_adb(record.object("adb"));
  // Clients of AMS may give an instance any user data; ours names a session.
  if (api::RecordReader own(more); own.ok() && own.has("session") && own.has("agents")) {
    data.session = read_session(more, agent_authority_pem);
  }
  return data;
}

}  // namespace redan::cloud::runtime
