// Unauthenticated clients keep AMS busy while authenticated ones work.
#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <deque>
#include <fstream>
#include <sstream>
#include <thread>

#include "net/clock.hpp"
#include "tests/cloud/store/contract.hpp"
#include "tests/trust/ams_process.hpp"

namespace redan::cloud::test {
namespace {

using namespace std::chrono_literals;

constexpr int kNetworks = 50;

/// One message that any TLS 1.3 server answers with its certificate and a signature.
std::string canned_hello() {
  SSL_CTX* context = SSL_CTX_new(TLS_client_method());
  SSL* ssl = SSL_new(context);
  BIO* in = BIO_new(BIO_s_mem());
  BIO* out = BIO_new(BIO_s_mem());
  SSL_set_bio(ssl, in, out);
  SSL_connect(ssl);
  char* data = nullptr;
  const long size = BIO_get_mem_data(out, &data);
  std::string hello(data, static_cast<std::size_t>(size));
  SSL_free(ssl);
  SSL_CTX_free(context);
  return hello;
}

/// A connection from 127.0.1.1 to 127.0.1.50; -1 on failure. Never waits.
int connect_from(int network, std::uint16_t port) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  sockaddr_in from{}, to{};
  from.sin_family = to.sin_family = AF_INET;
  from.sin_addr.s_addr = htonl(0x7F000101U + static_cast<std::uint32_t>(network % kNetworks));
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  to.sin_port = htons(port);
  if (::bind(fd, reinterpret_cast<sockaddr*>(&from), sizeof from) == 0 &&
      (::connect(fd, reinterpret_cast<sockaddr*>(&to), sizeof to) == 0 || errno == EINPROGRESS)) {
    return fd;
  }
  ::close(fd);
  return -1;
}

/// Opens `per_second` connections, each of which sends `words` and then nothing, and closes the oldest beyond `held`.
class Crowd {
 public:
  Crowd(std::uint16_t port, int per_second, std::size_t held, std::string words)
      : thread_([=, this, words = std::move(words)] { run(port, per_second, held, words); }) {}
  ~Crowd() {
    over_ = true;
    thread_.join();
  }
  [[nodiscard]] int opened() const { return opened_; }

 private:
  void run(std::uint16_t port, int per_second, std::size_t held, const std::string& words) {
    std::deque<int> open;
    auto next = std::chrono::steady_clock::now();
    for (int i = 0; !over_; ++i) {
      const int fd = connect_from(i, port);
      if (fd >= 0) {
        if (!words.empty() && ::send(fd, words.data(), words.size(), MSG_NOSIGNAL) > 0) ++opened_;
        if (words.empty()) ++opened_;
        open.push_back(fd);
      }
      while (open.size() > held) {
        ::close(open.front());
        open.pop_front();
      }
      next += std::chrono::microseconds(1'000'000 / per_second);
      std::this_thread::sleep_until(next);
    }
    for (const int fd : open) ::close(fd);
  }

  std::atomic<bool> over_ = false;
  std::atomic<int> opened_ = 0;
  std::thread thread_;
};

std::int64_t resident_kib(pid_t pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/status");
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("VmRSS:")) return std::stoll(line.substr(6));
  }
  return 0;
}

double percentile_99(std::vector<double> times) {
  std::sort(times.begin(), times.end());
  return times[(times.size() * 99 + 99) / 100 - 1];
}

class Flood : public testing::Test {
 protected:
  Flood() : known_(make_client("known")), admin_(ams_.local()) {
    admin_.finish(admin_.post("/1.0/certificates", certificate_body(known_, "known", "viewer")));
    EXPECT_EQ(open_.get("/1.0").status, 200U);
  }

  struct Times {
    double open = 0, fresh = 0;  ///< milliseconds, 99th percentiles
    std::size_t requests = 0, connections = 0;
  };
  /// Times of requests on an open connection, and of new connections.
  Times times_over(std::chrono::milliseconds time) {
    std::vector<double> open, fresh;
    const auto took = [](auto&& act) {
      const TimePoint begin = net::now();
      act();
      return std::chrono::duration<double, std::milli>(net::now() - begin).count();
    };
    for (const TimePoint end = net::now() + time; net::now() < end;) {
      for (int i = 0; i < 4; ++i) {
        open.push_back(took([&] { EXPECT_EQ(open_.get("/1.0").metadata().at("auth"), "trusted"); }));
        std::this_thread::sleep_for(25ms);
      }
      fresh.push_back(took([&] {
        Client client(ams_.remote(&known_));
        const Answer answer = client.get("/1.0");
        EXPECT_EQ(answer.status, 200U) << name(answer.failure);
      }));
    }
    return {percentile_99(open), percentile_99(fresh), open.size(), fresh.size()};
  }
  /// The median of three runs, because the machine has other work.
  void measure(const char* what) {
    const std::int64_t before = resident_kib(ams_.pid());
    std::vector<double> open, fresh;
    for (int run = 0; run < 3; ++run) {
      const Times times = times_over(3s);
      std::printf("  %s: open connection p99 %.1f ms of %zu, new one p99 %.0f ms of %zu\n", what, times.open,
                  times.requests, times.fresh, times.connections);
      open.push_back(times.open);
      fresh.push_back(times.fresh);
    }
    const std::int64_t after = resident_kib(ams_.pid());
    std::printf("  %s: memory %lld -> %lld KiB\n", what, static_cast<long long>(before), static_cast<long long>(after));
    std::sort(open.begin(), open.end());
    std::sort(fresh.begin(), fresh.end());
    EXPECT_LT(open[1], 20);
    EXPECT_LT(fresh[1], 1'000);
    EXPECT_LT(after - before, 48 * 1024);
  }

  TemporaryFolder folder_;
  AmsProcess ams_{{.folder = folder_.path() / "ams"}};
  net::TlsIdentity known_;
  Client admin_;
  Client open_{ams_.remote(&known_)};
};

TEST_F(Flood, AdmittedClientsAreServedDuringAThousandHellosASecond) {
  const Crowd crowd(ams_.port(), 1'000, 900, canned_hello());
  std::this_thread::sleep_for(1s);
  measure("1,000 ClientHellos a second");
  EXPECT_GT(crowd.opened(), 5'000);
}

TEST_F(Flood, AdmittedClientsAreServedBesideTwoThousandSilentConnections) {
  const Crowd crowd(ams_.port(), 2'000, 2'000, "");
  std::this_thread::sleep_for(2s);
  measure("2,000 silent connections");
  EXPECT_GT(crowd.opened(), 8'000);
}

// Each is within the limit of its address, and sends a byte of its hello.
TEST_F(Flood, AdmittedClientsAreServedBesideTwoThousandSlowConnections) {
  const Crowd crowd(ams_.port(), 2'000, 2'000, "\x16");
  std::this_thread::sleep_for(2s);
  measure("2,000 connections of one byte");
}

}  // namespace
}  // namespace redan::cloud::test
