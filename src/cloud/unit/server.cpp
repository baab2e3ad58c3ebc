#include "cloud/unit/server.hpp"

#include <unistd.h>

#include <algorithm>

#include "net/clock.hpp"

namespace redan::cloud::unit {
namespace {

// Time for the last response to be sent before its connection is closed.
constexpr std::chrono::milliseconds kLastResponse{300};

}  // namespace

Server::Server(boost::asio::io_context& io, ServerConfig config, Handlers handlers)
    : config_(std::move(config)),
      handlers_(std::move(handlers)),
      limit_(config_.requests_per_second),
      metrics_(config_.metrics_prefix),
      drain_timer_(io) {
  https_ = std::make_unique<net::HttpServer>(io, listener(config_.https));
  if (config_.local) local_ = std::make_unique<net::HttpServer>(io, listener(*config_.local));
}

net::HttpServerConfig Server::listener(net::ListenAt listen) {
  net::HttpServerConfig config;
  config.listen = std::move(listen);
  config.handler = [this](net::HttpRequest request, const net::Connection& connection) {
    if (handlers_.other_handler && !handlers_.is_api(request.path))
      return handlers_.other_handler(std::move(request), connection);
    return handle(std::move(request), connection);
  };
  config.on_upgrade = [this](net::HttpRequest request, const net::Connection& connection) {
    if (handlers_.other_upgrade && !handlers_.is_api(request.path))
      return handlers_.other_upgrade(std::move(request), connection);
    return handlers_.upgrade(std::move(request), connection);
  };
  config.error_response = [this](unsigned status, std::string_view text) {
    net::HttpResponse response = handlers_.error({status, "bad_request", std::string(text), {}, 0});
    finish(response, {});
    return response;
  };
  config.on_upload = handlers_.upload;
  config.max_body = config_.max_body;
  config.max_upload = config_.max_upload;
  config.max_connections = config_.max_connections;
  config.max_connections_per_address = config_.max_connections_per_address;
  return config;
}

net::Task<net::HttpResponse> Server::handle(net::HttpRequest request, const net::Connection& connection) {
  const TimePoint begin = net::now();
  ++in_flight_;
  metrics_.begin();
  std::string label = "unknown";
  Reply reply = co_await handlers_.answer(request, connection, label);
  if (!reply) metrics_.refuse(reply.error().code);
  net::HttpResponse response = reply ? std::move(*reply) : handlers_.error(reply.error());
  response.headers.push_back({"Cache-Control", "no-store"});
  metrics_.end();
  metrics_.record(label, response.status, net::now() - begin, request.body.size(), response.body.size());
  --in_flight_;
  if (drained_) response.headers.push_back({"Connection", "close"});
  if (drained_) notify_if_drained();
  finish(response, std::string(net::find_header(request.headers, "Origin").value_or("")));
  co_return response;
}

void Server::finish(net::HttpResponse& response, const std::string& origin) const {
  if (handlers_.finish) handlers_.finish(response, origin);
}

bool Server::is_local_user(const net::LocalPeer& peer) const {
  return peer.uid == 0 || peer.uid == ::geteuid() ||
         std::find(config_.local_users.begin(), config_.local_users.end(), peer.uid) != config_.local_users.end();
}

api::Outcome<void> Server::take(const std::string& caller, const net::Connection& connection) {
  if (connection.local_peer || limit_.take(caller, net::now())) return {};
  const std::string hint = config_.rate_setting.empty() ? "slow down" : "slow down, or raise " + config_.rate_setting;
  return api::refuse({429, "rate_limited", "too many requests", hint, 1});
}

void Server::set_rate(double requests_per_second) {
  limit_.set(requests_per_second > 0 ? requests_per_second : config_.requests_per_second);
}

void Server::drain(std::function<void()> drained) {
  drained_ = std::move(drained);
  https_->stop_accepting();
  if (local_) local_->stop_accepting();
  notify_if_drained();
}

void Server::notify_if_drained() {
  if (in_flight_ != 0) return;
  drain_timer_.expires_after(kLastResponse);
  drain_timer_.async_wait([this](const boost::system::error_code& error) {
    if (!error && in_flight_ == 0) drained_();
  });
}

void Server::stop() {
  https_->stop();
  if (local_) local_->stop();
}

net::HttpResponse metrics_page(std::string text) {
  net::HttpResponse response;
  response.content_type = "text/plain; version=0.0.4; charset=utf-8";
  response.body = std::move(text);
  return response;
}

}  // namespace redan::cloud::unit
