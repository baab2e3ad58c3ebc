#include "cmd/units/unit_program.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/ip/tcp.hpp>

#include "base/hex.hpp"
#include "cmd/program.hpp"
#include "cmd/reason.hpp"

namespace redan::cmd {

namespace asio = boost::asio;
namespace fs = std::filesystem;

UnitProgram::UnitProgram(const std::string& data_dir, const std::string& name, const std::string& listen,
                         std::function<void()> on_stop, std::chrono::milliseconds grace)
    : loop_(std::move(on_stop), grace),
      provider_(default_provider()),
      directory_(data_directory(data_dir, name)),
      address_(parse_host_and_port(listen)),
      code_(kOk) {
  const std::vector<std::string> names{address_.host, "localhost"};
  identity_ = net::load_or_create_tls_identity(directory_, names, *provider_, log_line);
  auto credentials = net::TlsServerCredentials::make(identity_);
  if (!credentials) throw std::runtime_error("the TLS key cannot be used: " + std::string(text(credentials.error())));
  credentials_ = *credentials;
  // Others must know the port before the server listens.
  if (address_.port == 0) address_.port = free_port(address_.host);
  reload_.emplace(loop_.io(), credentials_, directory_, names, *provider_);
}

std::string UnitProgram::fingerprint() const { return to_hex(identity_.fingerprint.digest.bytes()); }

net::TlsListener UnitProgram::https() const {
  net::TlsListener listener;
  listener.local = {asio::ip::make_address(address_.host), address_.port};
  listener.credentials = credentials_;
  return listener;
}

net::UnixListener UnitProgram::local(const std::string& socket, const char* file, bool has_other_users) const {
  return {socket.empty() ? directory_ / file : fs::path(socket), has_other_users ? mode_t{0666} : mode_t{0600}};
}

int UnitProgram::run() {
  loop_.run();
  return code_;
}

void UnitProgram::start(std::function<net::Task<Result<void>>()> begin, std::function<void()> listen) {
  asio::co_spawn(loop_.io(), begin_and_listen(std::move(begin), std::move(listen)), asio::detached);
}

net::Task<void> UnitProgram::begin_and_listen(std::function<net::Task<Result<void>>()> begin,
                                              std::function<void()> listen) {
  const auto begun = co_await begin();
  if (!begun) {
    co_return fail("the store cannot be read: " + std::string(text(begun.error())) + "; " +
                   std::string(hint(begun.error())));
  }
  try {
    listen();
  } catch (const std::exception& error) {
    fail("cannot listen on " + address() + ": " + reason_of(error));
  }
}

void UnitProgram::fail(const std::string& why) {
  log_line(why);
  code_ = kNetwork;
  loop_.io().stop();  // no client waits for an orderly end
}

}  // namespace redan::cmd
