// The runtime's part in sealed channels: its certificate, and one ClientSeal for each link.
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/json/parse.hpp>

#include "base/base64.hpp"
#include "cloud/runtime/runtime.hpp"
#include "net/clock.hpp"

namespace redan::cloud::runtime {
namespace {

namespace asio = boost::asio;

constexpr std::chrono::milliseconds kRetry{500};
// Half of a certificate's life.
constexpr std::chrono::hours kRenewal = sealed::kMaxCertificateLife / 2;

std::vector<std::uint8_t> certificate_in(const std::string& body) {
  boost::json::error_code error;
  const auto value = boost::json::parse(body, error);
  const auto* object = error ? nullptr : value.if_object();
  const auto* metadata = object != nullptr ? object->if_contains("metadata") : nullptr;
  const auto* inner = metadata != nullptr ? metadata->if_object() : nullptr;
  const auto* text = inner != nullptr ? inner->if_contains("certificate") : nullptr;
  const auto bytes = text != nullptr && text->is_string() ? from_base64(text->get_string()) : std::nullopt;
  return bytes.value_or(std::vector<std::uint8_t>());
}

}  // namespace

void Runtime::open_client(const std::string& client, const api::LinkHello& hello) {
  ClientSeal::Callbacks callbacks;
  callbacks.send = [this, client](std::string text) { (void)supervisor_->send(client, std::move(text)); };
  callbacks.open = [this, client, hello](api::LinkHello::Role role, std::optional<sealed::ConfirmKey> confirm) {
    ClientOptions options = hello;
    options.role = role;
    const auto to_client = [this, client](const std::string& text) {
      const auto found = clients_.find(client);
      if (found == clients_.end()) return;
      const auto kept = found->second;
      kept->send(text);
    };
    streamer_->open(client, options, to_client, std::move(confirm));
  };
  callbacks.deliver = [this, client](std::string_view text) { streamer_->on_message(client, text); };
  callbacks.end = [this, client](Errc why) {
    log("the signalling of client " + client + " was refused: " + std::string(name(why)));
    const auto kept = clients_.extract(client);
    streamer_->close(client);
    supervisor_->close(client, "closed");
  };
  clients_[client] = std::make_shared<ClientSeal>(*seal_, hello.role, std::move(callbacks));
}

net::Task<void> Runtime::keep_certificate() {
  while (!ended_) {
    const bool fetched = co_await fetch_certificate();
    if (ended_) co_return;
    if (fetched) {
      const auto clients = clients_;  // they may be removed meanwhile
      for (const auto& [name, client] : clients) client->on_certificate(net::wall_time());
    }
    std::chrono::milliseconds pause = kRetry;
    if (fetched) pause = kRenewal;
    seal_timer_.expires_after(pause);
    co_await seal_timer_.async_wait(asio::as_tuple(asio::use_awaitable));
  }
}

net::Task<bool> Runtime::fetch_certificate() {
  net::HttpRequest request;
  request.method = "PUT";
  request.path = "/internal/1.0/instances/" + data_.id + "/seal";
  request.headers = {{"Authorization", "bearer " + data_.ams.token}, {"Content-Type", "application/json"}};
  request.body = R"({"key":")" + to_base64(seal_->key.public_key()) + R"("})";
  const net::HttpResult reply = co_await ams_.request(std::move(request));
  if (!reply || reply->status != 200) co_return false;
  std::vector<std::uint8_t> bytes = certificate_in(reply->body);
  const auto certificate = sealed::RuntimeCertificate::verify(bytes, seal_->authorities, net::wall_time());
  const bool ours = certificate && certificate->instance == data_.id && certificate->key == seal_->key.public_key();
  if (ours) seal_->certificate = std::move(bytes);
  if (!ours) log("AMS's certificate for sealed channels is not usable; trying again");
  co_return ours;
}

}  // namespace redan::cloud::runtime
