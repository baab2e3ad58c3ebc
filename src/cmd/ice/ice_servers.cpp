#include "cmd/ice/ice_servers.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/udp.hpp>

#include "cmd/secret_file.hpp"

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

std::string check_url(const std::string& url) {
  const auto server = IceServer::parse(url);
  return server ? "" : server.error().detail;
}

}  // namespace

void add_ice_server_options(CLI::App& command, IceServerOptions& options) {
  command.add_option("--ice-server", options.urls, "stun:host:port or turn:host:port; repeatable")->check(check_url);
  CLI::Option* user = command.add_option("--ice-user", options.username, "User name at the TURN servers");
  command
      .add_option("--ice-password-file", options.password_file,
                  "The file with the password: one line, not readable by others")
      ->needs(user);
}

std::vector<IceServer> resolve_ice_servers(const IceServerOptions& options) {
  std::optional<SecretText> password;
  if (!options.password_file.empty()) password.emplace(read_secret_file(options.password_file).text());
  std::vector<IceServer> servers;
  for (const std::string& url : options.urls) {
    for (const Address& address : addresses_of(*IceServer::parse(url))) {
      IceServer& server = servers.emplace_back(*IceServer::parse(url));
      server.address = address;
      if (server.kind != IceServer::Kind::turn) continue;
      server.username = options.username;
      if (password) server.password = Secret<512>(as_bytes(password->line()));
    }
  }
  return servers;
}

}  // namespace redan::cmd
