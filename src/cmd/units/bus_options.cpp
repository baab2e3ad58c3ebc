#include "cmd/units/bus_options.hpp"

#include "cloud/bus/memory.hpp"
#include "cloud/bus/nats_protocol.hpp"
#include "cmd/arguments.hpp"
#include "cmd/program.hpp"
#include "cmd/secret_file.hpp"

namespace redan::cmd {
namespace {

/// The single line of the file.
Secret<256> read_token(const std::string& file) {
  const SecretText text = read_secret_file(file);
  if (!text.line().empty() && cloud::bus::is_nats_token(text.line())) return Secret<256>(as_bytes(text.line()));
  throw std::runtime_error(file + ": a NATS token is one line of 1 to 256 printable ASCII characters");
}

/// For the server with this index.
net::TlsTrust trust_of(const BusOptions& options, const std::string& authority, std::size_t index,
                       const std::string& host) {
  if (options.fingerprints.empty()) return net::TrustedAuthority{authority, host};
  const auto pin = net::parse_pin(options.fingerprints[options.fingerprints.size() == 1 ? 0 : index]);
  if (!pin) throw std::runtime_error("--nats-fingerprint: 64 hexadecimal digits, with or without colons");
  return net::PinnedSha256{*pin};
}

void check(const BusOptions& options) {
  if (options.servers.empty()) {
    const bool meant = !(options.authority.empty() && options.fingerprints.empty() && options.certificate.empty() &&
                         options.key.empty() && options.token_file.empty());
    if (meant) throw std::runtime_error("the options of NATS need --nats: host and port of a server");
    return;
  }
  if (options.authority.empty() == options.fingerprints.empty()) {
    throw std::runtime_error("--nats needs --nats-ca or --nats-fingerprint, and not both: whom to trust as a server");
  }
  if (options.fingerprints.size() > 1 && options.fingerprints.size() != options.servers.size()) {
    throw std::runtime_error("--nats-fingerprint: one for all servers, or one for each --nats, in their order");
  }
  if (options.certificate.empty() || options.key.empty()) {
    throw std::runtime_error("--nats needs --nats-cert and --nats-key: the servers ask who this unit is");
  }
}

/// "ams.example" becomes "ams-example".
std::string token_of(std::string name) {
  for (char& c : name) {
    if (!cloud::bus::is_subject_token({&c, 1})) c = '-';
  }
  return name;
}

}  // namespace

const char* const kBusHelp = R"(
Without --nats the units of this process talk to each other alone. With it
they need --nats-cert and --nats-key, and --nats-ca or --nats-fingerprint:
  --nats 192.0.2.21:4222 --nats 192.0.2.22:4222 --nats-ca nats-ca.pem \
  --nats-cert unit.pem --nats-key unit.key --nats-token-file token)";

void add_bus_options(CLI::App& command, BusOptions& options) {
  command.add_option("--nats", options.servers, "host:port of a NATS server; repeatable (default: bus in process)");
  command.add_option("--nats-ca", options.authority, "The CA of the NATS servers, PEM");
  command.add_option("--nats-fingerprint", options.fingerprints,
                     "SHA-256 of their certificate; or once for each --nats");
  command.add_option("--nats-cert", options.certificate, "This unit's certificate for NATS, PEM");
  command.add_option("--nats-key", options.key, "Its key, PEM, readable by this user alone");
  command.add_flag("--nats-allow-small-keys", options.allow_small_keys,
                   "Keys of the servers and their CA below RSA-4096");
  command.add_option("--nats-token-file", options.token_file, "File with the NATS token, as private as the key");
}

std::string describe(const cloud::bus::NatsStatus& status) {
  std::string line = "bus: " + status.server + ": ";
  if (status.connected && status.why == Errc{}) return line + "connected";
  line.append(text(status.why)).append("; ").append(hint(status.why));
  if (!status.detail.empty()) line.append(" (").append(status.detail).append(")");
  return line;
}

std::unique_ptr<cloud::bus::Bus> open_bus(boost::asio::io_context& io, const BusOptions& options,
                                          const std::string& name, RandomSource& random,
                                          std::function<void(const cloud::bus::NatsStatus&)> on_status,
                                          std::function<void(std::string_view)> log) {
  check(options);
  if (options.servers.empty()) return cloud::bus::memory_bus(io);
  const net::TlsIdentity identity = read_identity("--nats-cert and --nats-key", options.certificate, options.key);
  const std::string authority = options.authority.empty() ? "" : read_file(options.authority);
  cloud::bus::NatsConfig config;
  for (const std::string& server : options.servers) {
    const HostAndPort parsed = parse_host_and_port(server);
    config.servers.push_back({parsed.host, parsed.port,
                              trust_of(options, authority, config.servers.size(), parsed.host), &identity,
                              options.allow_small_keys});
  }
  config.name = name;
  if (!options.token_file.empty()) config.token = read_token(options.token_file);
  config.inbox = "_INBOX." + token_of(name);
  config.on_status = [on_status = std::move(on_status), log = std::move(log)](const cloud::bus::NatsStatus& status) {
    log(describe(status));
    if (on_status) on_status(status);
  };
  auto bus = cloud::bus::nats_bus(io, std::move(config), random);
  if (!bus) throw std::runtime_error("--nats and its options: " + std::string(text(bus.error())));
  return std::move(*bus);
}

}  // namespace redan::cmd
