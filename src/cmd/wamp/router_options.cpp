#include "cmd/wamp/router_options.hpp"

#include <cstdio>

#include "base/hex.hpp"
#include "cmd/arguments.hpp"
#include "cmd/secret_file.hpp"
#include "cmd/wamp/json_payload.hpp"
#include "net/errors.hpp"
#include "wamp/errors.hpp"

namespace redan::cmd {
namespace {

using wamp::LoginMethod;

const std::map<std::string, LoginMethod> kMethods = {{"anonymous", LoginMethod::anonymous},
                                                     {"ticket", LoginMethod::ticket},
                                                     {"wampcra", LoginMethod::wampcra},
                                                     {"cryptosign", LoginMethod::cryptosign}};
const std::map<std::string, wamp::Serializer> kSerializers = {
    {"json", wamp::Serializer::json}, {"msgpack", wamp::Serializer::msgpack}, {"cbor", wamp::Serializer::cbor}};

void read_secret(const WampRouterOptions& options, wamp::Login& login) {
  const SecretText secret = read_secret_file(options.secret_file);
  if (login.method != LoginMethod::cryptosign) {
    login.secret = Secret<4096>(as_bytes(secret.line()));
    return;
  }
  auto seed = from_hex(secret.line());
  if (!seed || seed->size() != 32) {
    throw std::runtime_error(options.secret_file + ": the seed of a cryptosign key is 64 hexadecimal digits");
  }
  login.secret = Secret<4096>(*seed);
  wipe(*seed);
}

bool is_about_login(const wamp::Failure& failure) {
  if (failure.code == wamp::errc::wamp_authentication) return true;
  constexpr std::array<std::string_view, 5> kUris = {
      "wamp.error.authentication_failed", "wamp.error.authentication_required", "wamp.error.authentication_denied",
      "wamp.error.no_auth_method", "wamp.error.not_authorized"};
  return std::find(kUris.begin(), kUris.end(), failure.uri) != kUris.end();
}

bool is_about_network(Errc code) {
  return code == Errc::not_connected || (code.number() >= 1000 && code.number() < 2000);
}

}  // namespace

void add_wamp_router_options(CLI::App& command, WampRouterOptions& options) {
  command.add_option("--router", options.url, "wss://HOST:PORT/PATH, rss://HOST:PORT; on this machine ws:// and rs://")
      ->capture_default_str();
  command.add_option("--pin", options.pin, "SHA-256 of the router's certificate (default: the system's authorities)");
  command.add_option("--ca", options.ca_file, "Certificates of the authorities that may vouch for the router, PEM");
  command.add_flag("--allow-small-keys", options.allow_small_keys,
                   "Keys of the router and its authorities below RSA-4096");
  command.add_option("--realm", options.realm, "The realm to join")->capture_default_str();
  command.add_option("--auth", options.method, "How to authenticate: anonymous, ticket, wampcra or cryptosign")
      ->check(CLI::IsMember({"anonymous", "ticket", "wampcra", "cryptosign"}))
      ->capture_default_str();
  command.add_option("--authid", options.authid, "Who we are");
  command.add_option("--secret-file", options.secret_file,
                     "The ticket, the shared secret, or the seed of the key in hexadecimal digits");
  command.add_option("--key-ring", options.key_ring, "Keys for end-to-end encryption of payloads");
  command.add_option("--serializer", options.serializer, "json, msgpack or cbor")
      ->check(CLI::IsMember({"json", "msgpack", "cbor"}))
      ->capture_default_str();
  command.add_flag("--json", options.json, "One JSON object per line, failures too");
}

std::shared_ptr<const wamp::KeyRing> read_key_ring_file(const std::string& path) {
  const SecretText file = read_secret_file(path);
  auto ring = wamp::parse_key_ring(file.text());
  if (!ring) throw std::runtime_error(path + ": " + ring.error());
  return std::move(*ring);
}

wamp::ClientConfig client_config(const WampRouterOptions& options) {
  wamp::ClientConfig config;
  config.url = options.url;
  config.pin = options.pin;
  if (!options.ca_file.empty()) config.authorities = read_file(options.ca_file);
  config.allow_small_keys = options.allow_small_keys;
  config.realm = options.realm;
  config.serializer = kSerializers.at(options.serializer);
  config.login.method = kMethods.at(options.method);
  config.login.authid = options.authid;
  const bool anonymous = config.login.method == LoginMethod::anonymous;
  if (anonymous != options.secret_file.empty()) {
    throw std::runtime_error(anonymous ? "--secret-file needs --auth" : "--auth needs --secret-file");
  }
  if (!anonymous) read_secret(options, config.login);
  if (!options.key_ring.empty()) config.key_ring = read_key_ring_file(options.key_ring);
  return config;
}

int report(const wamp::Failure& failure, bool json) {
  if (json) {
    wamp::Dict error{{"code", static_cast<std::int64_t>(failure.code.number())},
                     {"name", name(failure.code)},
                     {"uri", failure.uri},
                     {"text", failure.text}};
    std::printf("%s\n", to_json(wamp::Dict{{"error", with_payload(std::move(error), failure.payload)}}).c_str());
  } else {
    std::string line = "redan wamp: " + std::string(text(failure.code));
    for (const std::string& part : {failure.uri, failure.text}) line += part.empty() ? "" : ": " + part;
    if (failure.payload != wamp::Payload{}) line += ": " + shown(failure.payload);
    std::fprintf(stderr, "%s\n", line.c_str());
  }
  if (is_about_login(failure)) return kAuthentication;
  if (failure.code == Errc::invalid_argument) return kUsage;
  return is_about_network(failure.code) ? kNetwork : kFailure;
}

}  // namespace redan::cmd
