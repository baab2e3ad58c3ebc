// A real coturn on loopback, with a user of its own.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "base/base64.hpp"
#include "rtc/stun/binding_client.hpp"
#include "tests/interop/turn/turn_socket.hpp"
#include "tests/support/child_process.hpp"

namespace redan::test {

inline constexpr const char* kTurnServer = "/usr/bin/turnserver";

inline std::uint16_t free_port() {
  const TurnSocket socket(Address::v4({127, 0, 0, 1}, 9), turn::Transport::udp);
  return socket.local().port();
}
inline Address at(std::uint16_t port) { return Address::v4({127, 0, 0, 1}, port); }

/// A coturn with a user of its own and more lines of configuration. It can be restarted on its ports.
class Coturn {
 public:
  explicit Coturn(Provider& provider, const std::string& more = {})
      : provider_(provider), port_(free_port()), tls_port_(free_port()) {
    std::string pattern = (std::filesystem::temp_directory_path() / "redan-coturn-XXXXXX").string();
    if (::mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("mkdtemp");
    folder_ = pattern;
    const std::string vectors = std::string(REDAN_TESTS_DIR) + "/vectors/tls/";
    std::ofstream(folder_ / "conf") << "listening-ip=127.0.0.1\nrelay-ip=127.0.0.1\nrelay-ip=::1\nlistening-port="
                                    << port_ << "\ntls-listening-port=" << tls_port_ << "\ncert=" << vectors
                                    << "server.pem\npkey=" << vectors
                                    << "server.key\nrealm=redan.example\nallow-loopback-peers\nno-dtls\nno-cli\nverbose"
                                    << "\nno-multicast-peers\nmobility\nlog-file=stdout\nsimple-log\npidfile="
                                    << (folder_ / "pid").string() << "\nuserdb=" << (folder_ / "db").string() << "\n"
                                    << more << "\n";
    if (more.find("use-auth-secret") == std::string::npos) {
      std::ofstream(folder_ / "conf", std::ios::app) << "lt-cred-mech\nuser=user:secret\n";
    }
    start();
  }
  ~Coturn() {
    child_.reset();
    if (testing::Test::HasFailure()) std::printf("coturn says:\n%s\n", log().c_str());
    std::filesystem::remove_all(folder_);
  }
  Coturn(const Coturn&) = delete;
  Coturn& operator=(const Coturn&) = delete;

  void stop() { child_.reset(); }
  void start() {
    child_.emplace(Arguments{kTurnServer, "-c", (folder_ / "conf").string()}, (folder_ / "log").string());
    EXPECT_TRUE(answers()) << log();
  }
  [[nodiscard]] turn::Server server(turn::Transport transport) const {
    return {at(transport == turn::Transport::tls ? tls_port_ : port_), transport, "coturn"};
  }
  [[nodiscard]] std::uint16_t port() const { return port_; }
  [[nodiscard]] std::string log() const {
    std::ifstream in(folder_ / "log");
    return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
  }
  /// Asks for our own address until it is told.
  bool answers() {
    for (int i = 0; i < 100; ++i) {
      TurnSocket socket(at(port_), turn::Transport::udp);
      const Path path{socket.local(), at(port_)};
      stun::BindingClient client(path, stun::Transport::datagram, provider_);
      client.start(steady_now());
      std::array<std::uint8_t, 600> buffer{};
      const auto request = client.poll_output(steady_now(), buffer);
      socket.send(std::get<stun::BindingClient::Transmit>(request).bytes);
      pollfd waiting{socket.fd(), POLLIN, 0};
      if (::poll(&waiting, 1, 200) <= 0) continue;
      const Bytes response = socket.receive();
      if (response.empty()) {  // refused: the server does not listen yet
        ::poll(nullptr, 0, 50);
        continue;
      }
      client.handle_input(steady_now(), path, *stun::Message::parse(response));
      const auto result = client.poll_output(steady_now(), buffer);
      const auto* mapped = std::get_if<stun::BindingClient::Mapped>(&result);
      return mapped != nullptr && mapped->address == path.local;
    }
    return false;
  }

 private:
  Provider& provider_;
  std::uint16_t port_, tls_port_;
  std::filesystem::path folder_;
  std::optional<Child> child_;
};

/// Coturn's REST credentials, for use-auth-secret with "shared": the end in the name, its HMAC-SHA1 as the password.
inline std::pair<std::string, std::string> rest_credentials(Provider& provider, std::int64_t lifetime,
                                                            const std::string& user) {
  const std::string name = std::to_string(std::time(nullptr) + lifetime) + ":" + user;
  const Digest mac = provider.hmac_once(HashAlgorithm::sha1, as_bytes(std::string_view("shared")), as_bytes(name));
  return {name, to_base64(mac.bytes())};
}

}  // namespace redan::test
