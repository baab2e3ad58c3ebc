// Our TURN credentials with a real coturn that has only the shared secret.
#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <ctime>
#include <filesystem>
#include <fstream>
#include <thread>

#include "cloud/token/turn_credential.hpp"
#include "tests/cloud/token/token_test.hpp"
#include "tests/support/child_process.hpp"

namespace redan::cloud::test {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

constexpr const char* kServer = "/usr/bin/turnserver";
constexpr const char* kClient = "/usr/bin/turnutils_uclient";

/// coturn does not accept port 0. A free TCP port is nearly always free for UDP too.
std::uint16_t free_port() {
  const int descriptor = ::socket(AF_INET, SOCK_DGRAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  ::bind(descriptor, reinterpret_cast<const sockaddr*>(&address), size);
  ::getsockname(descriptor, reinterpret_cast<sockaddr*>(&address), &size);
  ::close(descriptor);
  return ntohs(address.sin_port);
}

class Coturn {
 public:
  explicit Coturn(std::string_view secret) : port_(std::to_string(free_port())) {
    std::string pattern = (fs::temp_directory_path() / "redan-turn-XXXXXX").string();
    if (::mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("mkdtemp");
    folder_ = pattern;
    write_configuration(secret);
    child_.emplace(redan::test::Arguments{kServer, "-c", (folder_ / "conf").string()}, (folder_ / "log").string());
  }
  ~Coturn() {
    child_.reset();
    fs::remove_all(folder_);
  }
  Coturn(const Coturn&) = delete;
  Coturn& operator=(const Coturn&) = delete;

  /// The output of coturn's own client for five messages through a relay.
  [[nodiscard]] std::string use(const token::TurnCredential& credential) const {
    return redan::test::run({"timeout", "20", kClient, "-y", "-c", "-n", "5", "-p", port_, "-u", credential.username,
                             "-w", credential.password, "127.0.0.1"})
        .output;
  }
  [[nodiscard]] std::string log() const {
    std::ifstream in(folder_ / "log");
    return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
  }

 private:
  void write_configuration(std::string_view secret) const {
    std::ofstream(folder_ / "conf") << "listening-ip=127.0.0.1\nrelay-ip=127.0.0.1\nlistening-port=" << port_
                                    << "\nrealm=redan.example\nuse-auth-secret\nstatic-auth-secret=" << secret
                                    << "\nallow-loopback-peers\nno-tls\nno-dtls\nno-cli\nno-multicast-peers\nverbose"
                                    << "\nlog-file=stdout\nsimple-log\npidfile=" << (folder_ / "pid").string()
                                    << "\nuserdb=" << (folder_ / "db").string() << "\n";
    fs::permissions(folder_ / "conf", fs::perms::owner_read | fs::perms::owner_write);
  }

  std::string port_;
  fs::path folder_;
  std::optional<redan::test::Child> child_;
};

bool relayed(const std::string& output) { return output.find("Total lost packets 0 (0.000000%)") != std::string::npos; }

class CoturnInterop : public testing::Test {
 protected:
  void SetUp() override {
    for (const char* program : {kServer, kClient}) {
      if (::access(program, X_OK) != 0) GTEST_SKIP() << program << " is not installed (Debian: coturn)";
    }
    secret_ = token::TurnKey::generate_secret(provider());
    key_.emplace(std::move(*token::TurnKey::prepare(provider(), secret_)));
    server_.emplace(as_text(secret_.expose()));
    ASSERT_TRUE(answers()) << without_secret(server_->log());
  }
  void TearDown() override {
    if (!server_) return;
    const std::string log = server_->log();
    EXPECT_EQ(log.find(as_text(secret_.expose())), std::string::npos) << "coturn's log has the secret";
    if (HasFailure()) std::printf("coturn says:\n%s\n", without_secret(log).c_str());
  }
  token::TurnCredential mint(std::string_view user, std::int64_t lifetime = 600) {
    return *key_->mint(user, WallTime{std::time(nullptr) + lifetime});
  }
  bool accepted(const token::TurnCredential& credential) { return relayed(server_->use(credential)); }
  /// The client gives up, and the log has 401 for this user.
  bool refused(const token::TurnCredential& credential) {
    const std::size_t before = server_->log().size();
    if (accepted(credential)) return false;
    const std::string log = server_->log().substr(before);
    return log.find("user <" + credential.username + ">: incoming packet message processed, error 401") !=
           std::string::npos;
  }
  /// It takes a moment to start.
  bool answers() {
    for (int i = 0; i < 10; ++i) {
      if (accepted(mint("first"))) return true;
      std::this_thread::sleep_for(500ms);
    }
    return false;
  }
  [[nodiscard]] std::string without_secret(std::string text) const {
    const std::string_view secret = as_text(secret_.expose());
    for (std::size_t at = text.find(secret); at != std::string::npos; at = text.find(secret)) {
      text.replace(at, secret.size(), "<secret>");
    }
    return text;
  }

  Secret<64> secret_;
  std::optional<token::TurnKey> key_;
  std::optional<Coturn> server_;
};

TEST_F(CoturnInterop, AcceptsOurCredentialsAndNoOthers) {
  const token::TurnCredential good = mint("cabc0123");
  const std::string output = server_->use(good);
  EXPECT_TRUE(relayed(output)) << output;
  EXPECT_EQ(output.find(as_text(secret_.expose())), std::string::npos);

  const token::TurnCredential expired = mint("cabc0123", -1);
  EXPECT_TRUE(refused(expired)) << "expired";
  const token::TurnCredential later{std::to_string(std::time(nullptr) + 99'999) + ":cabc0123", good.password};
  EXPECT_TRUE(refused(later)) << "a later expiry";
  const token::TurnCredential other{good.username + "4", good.password};
  EXPECT_TRUE(refused(other)) << "another user";
  token::TurnCredential altered = good;
  altered.password[0] = altered.password[0] == 'A' ? 'B' : 'A';
  EXPECT_TRUE(refused(altered)) << "another password";
  token::TurnKey wrong = std::move(*token::TurnKey::prepare(provider(), token::TurnKey::generate_secret(provider())));
  EXPECT_TRUE(refused(*wrong.mint("cabc0123", WallTime{std::time(nullptr) + 600}))) << "another secret";
}

TEST_F(CoturnInterop, DistinguishesTwoUsers) {
  const token::TurnCredential alice = mint("alice");
  const token::TurnCredential bob = mint("bob");
  EXPECT_NE(alice.username, bob.username);
  EXPECT_NE(alice.password, bob.password);
  EXPECT_TRUE(accepted(alice));
  EXPECT_TRUE(accepted(bob));
  EXPECT_TRUE(refused({alice.username, bob.password}));
  const std::string log = server_->log();
  EXPECT_NE(log.find(alice.username), std::string::npos);
  EXPECT_NE(log.find(bob.username), std::string::npos);
}

}  // namespace
}  // namespace redan::cloud::test
