#include "cmd/connect/ams_grants.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include "base/base64.hpp"
#include "cmd/connect/trace.hpp"

namespace redan::cmd {
namespace {

namespace json = boost::json;

constexpr std::chrono::milliseconds kTimeout{10'000};

std::string text_in(const json::value& value, std::string_view key) {
  const json::object* object = value.if_object();
  const json::value* member = object != nullptr ? object->if_contains(key) : nullptr;
  return member != nullptr && member->is_string() ? std::string(member->get_string()) : std::string();
}

}  // namespace

AmsGrants::AmsGrants(boost::asio::io_context& io, net::Remote ams)
    : ams_(io, {.server = std::move(ams), .timeout = kTimeout}) {}

net::Task<tl::expected<std::string, std::string>> AmsGrants::ask(net::HttpRequest request, std::string member) {
  const net::HttpResult reply = co_await ams_.request(std::move(request));
  if (!reply) co_return tl::unexpected("AMS: " + explain(reply.error()));
  json::error_code error;
  const json::value body = json::parse(reply->body, error);
  if (reply->status != 200) {
    co_return tl::unexpected("AMS: " + std::to_string(reply->status) + " " + printable(text_in(body, "error")));
  }
  const json::object* object = body.if_object();
  const json::value* metadata = object != nullptr ? object->if_contains("metadata") : nullptr;
  std::string text = metadata != nullptr ? text_in(*metadata, member) : std::string();
  if (text.empty()) co_return tl::unexpected(std::string("AMS: its answer is not understood"));
  co_return text;
}

net::Task<tl::expected<sealed::Authorities, std::string>> AmsGrants::authorities() {
  net::HttpRequest request;
  request.method = "GET";
  request.path = "/1.0/seal";
  REDAN_CO_TRY(const auto text, co_await ask(std::move(request), "authority"));
  const auto authority = sealed::parse_authority(text);
  if (!authority) co_return tl::unexpected(std::string("AMS: its sealing key is not understood"));
  sealed::Authorities authorities;
  authorities.push_back(*authority);
  co_return authorities;
}

net::Task<SealWishes::Granted> AmsGrants::grant(std::string session, sealed::Ed25519PublicKey key) {
  json::object body{{"session", session}, {"key", to_base64(key)}};
  net::HttpRequest request;
  request.method = "POST";
  request.path = "/1.0/grants";
  request.headers.push_back({"Content-Type", "application/json"});
  request.body = json::serialize(body);
  REDAN_CO_TRY(const auto text, co_await ask(std::move(request), "grant"));
  auto bytes = from_base64(text);
  if (!bytes) co_return tl::unexpected(std::string("AMS: its grant is not base64"));
  co_return std::move(*bytes);
}

net::Task<tl::expected<std::shared_ptr<const SealWishes>, std::string>> AmsGrants::wishes() {
  REDAN_CO_TRY(auto authorities, co_await this->authorities());
  auto wishes = std::make_shared<SealWishes>();
  wishes->authorities = std::move(authorities);
  wishes->grant = [this](std::string session, sealed::Ed25519PublicKey key) { return grant(std::move(session), key); };
  co_return wishes;
}

}  // namespace redan::cmd
