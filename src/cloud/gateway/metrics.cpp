#include "cloud/gateway/metrics.hpp"

namespace redan::cloud::gateway {
namespace {

using api::SessionStatus;

std::string full(std::string_view metric) { return std::string(kGatewayMetrics).append(metric); }

void gauge(std::string& out, std::string_view metric, std::size_t value) {
  api::write_type(out, full(metric), "gauge");
  api::write_sample(out, full(metric), "", static_cast<double>(value));
}

void write_sessions(std::string& out, const Gateway& gateway) {
  std::map<SessionStatus, std::size_t> by_status;
  for (const auto& [id, known] : gateway.sessions()) ++by_status[known.session.status];
  api::write_type(out, full("sessions_total"), "gauge");
  for (const SessionStatus status : {SessionStatus::created, SessionStatus::active, SessionStatus::error,
                                     SessionStatus::terminating, SessionStatus::terminated}) {
    api::write_sample(out, full("sessions_total"), "status=\"" + std::string(name(status)) + "\"",
                      static_cast<double>(by_status[status]));
  }
}

void write_signalling(std::string& out, const Relay& relay) {
  const Relay::Counts& counts = relay.counts();
  gauge(out, "clients", relay.clients());
  api::write_type(out, full("clients_attached_total"), "counter");
  api::write_sample(out, full("clients_attached_total"), "", static_cast<double>(counts.attached));
  api::write_type(out, full("signalling_messages_total"), "counter");
  api::write_sample(out, full("signalling_messages_total"), "from=\"client\"",
                    static_cast<double>(counts.from_clients));
  api::write_sample(out, full("signalling_messages_total"), "from=\"runtime\"", static_cast<double>(counts.to_clients));
  api::write_type(out, full("clients_ended_total"), "counter");
  for (const auto& [reason, count] : counts.ends) {
    api::write_sample(out, full("clients_ended_total"), "reason=\"" + reason + "\"", static_cast<double>(count));
  }
}

}  // namespace

std::string gateway_metrics(Gateway& gateway, const api::HttpMetrics& http) {
  std::string out;
  write_sessions(out, gateway);
  gauge(out, "accounts_total", gateway.accounts().size());
  gauge(out, "agents_total", gateway.agents().all().size());
  gauge(out, "agents_unresponsive", gateway.agents().unresponsive(gateway.settings().wall_time()));
  gauge(out, "shares_total", gateway.shares().size());
  write_signalling(out, gateway.relay());
  http.write(out);
  return out;
}

}  // namespace redan::cloud::gateway
