#include "cmd/ice/ice_servers.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/udp.hpp>

#include <fstream>
#include <redan/endpoint.hpp>

#include "cmd/secret_file.hpp"
#include "net/tls/tls.hpp"

namespace redan::cmd {
namespace {

std::vector<Address> addresses_of(const IceServer& server) {
  if (server.address.family() != Address::Family::unspecified) return {server.address};
  boost::asio::io_context io;
  boost::asio::ip::udp::resolver resolver(io);
  boost::system::error_code error;
  std::vector<Address> addresses;
  for (const auto& found : resolver.resolve(server.host, std::to_string(server.port), error)) {
    if (const auto address = Address::parse(found.endpoint().address().to_string(), server.port))
      addresses.push_back(*address);
  }
  if (addresses.empty()) throw std::runtime_error(server.text() + ": " + (error ? error.message() : "no address"));
  return addresses;
}

std::string check_fingerprint(const std::string& text) {
  return net::parse_pin(text) ? "" : "not the SHA-256 of a certificate: 64 hexadecimal digits";
}

std::string read_authorities(const std::string& file) {
  std::ifstream in(file);
  std::string pem{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
  if (!in || pem.find("-----BEGIN CERTIFICATE-----") == std::string::npos)
    throw std::runtime_error(file + ": no certificate in PEM form");
  return pem;
}

std::string check_url(const std::string& url) {
  const auto server = IceServer::parse(url);
  return server ? "" : server.error().detail;
}

}  // namespace

void add_ice_server_options(CLI::App& command, IceServerOptions& options) {
  command
      .add_option("--ice-server", options.urls,
                  "stun:host:port, turn:host:port, turn:host:port?transport=tcp or turns:host:port; repeatable")
      ->check(check_url);
  CLI::Option* user = command.add_option("--ice-user", options.username, "User name at the TURN servers");
  command
      .add_option("--ice-password-file", options.password_file,
                  "The file with the password: one line, not readable by others")
      ->needs(user);
  CLI::Option* ca = command.add_option("--ice-ca-file", options.ca_file,
                                       "Authorities of the turns: servers, PEM (default: the system's)");
  command.add_option("--ice-fingerprint", options.fingerprint, "SHA-256 of the turns: server's certificate instead")
      ->check(check_fingerprint)
      ->excludes(ca);
}

void add_ice_policy_option(CLI::App& command, IceServerOptions& options) {
  command
      .add_option("--ice-policy", options.policy,
                  "'relay': only through the TURN servers; the peer does not learn our address")
      ->check(CLI::IsMember({"all", "relay"}))
      ->capture_default_str();
}

std::vector<IceServer> resolve_ice_servers(const IceServerOptions& options) {
  std::optional<SecretText> password;
  if (!options.password_file.empty()) password.emplace(read_secret_file(options.password_file).text());
  const std::string authorities = options.ca_file.empty() ? "" : read_authorities(options.ca_file);
  std::vector<IceServer> servers;
  for (const std::string& url : options.urls) {
    for (const Address& address : addresses_of(*IceServer::parse(url))) {
      IceServer& server = servers.emplace_back(*IceServer::parse(url));
      server.address = address;
      if (server.kind != IceServer::Kind::turn) continue;
      server.username = options.username;
      if (password) server.password = Secret<512>(as_bytes(password->line()));
      server.authorities_pem = authorities;
      if (const auto pin = net::parse_pin(options.fingerprint)) {
        server.certificate_sha256.emplace();
        std::ranges::copy(pin->bytes(), server.certificate_sha256->begin());
      }
    }
  }
  if (servers.size() > kMaxIceServers) throw std::runtime_error("more than 8 addresses of ICE servers");
  return servers;
}

}  // namespace redan::cmd
