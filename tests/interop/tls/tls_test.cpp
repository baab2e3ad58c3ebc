// Our TLS 1.3 endpoints with the programs of OpenSSL on loopback: tests what docs/protocols/tls.md documents, from
// outside. Errors are expected at the first read: in TLS 1.3 a client is refused after its own handshake is complete.
#include "net/tls/tls.hpp"

#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>
#include <fstream>

#include "net/errors.hpp"
#include "tests/interop/tls/program.hpp"
#include "tests/net/http/http_fixture.hpp"

namespace redan::net::test {
namespace {

namespace asio = boost::asio;
using redan::test::Program;
using Words = std::vector<std::string>;

std::string vector_file(const std::string& name) { return std::string(REDAN_TESTS_DIR) + "/vectors/tls/" + name; }

class Tls : public HttpFixture {
 protected:
  void SetUp() override {
    Program openssl({"openssl", "version"});
    if (!finish(openssl) || !openssl.output().starts_with("OpenSSL 3")) GTEST_SKIP() << "no openssl 3 program";
  }
  bool finish(Program& program) {
    return until([&] { return program.ended(); });
  }
  /// The output of `openssl` for this `input`.
  std::string openssl(Words words, const std::string& input = {}) {
    words.insert(words.begin(), "openssl");
    Program program(words);
    program.write(input);
    program.end_input();
    EXPECT_TRUE(finish(program));
    return program.output();
  }
};

// Our server.

class OurServer : public Tls {
 protected:
  void serve_with(ClientCertificates mode) {
    listener_ = tls_listener(mode);
    HttpServerConfig config;
    config.listen = listener_;
    config.handler = [this](HttpRequest request, const Connection& connection) -> Task<HttpResponse> {
      ++handled_;
      connections_.insert(connection.id);
      if (connection.certificate) shown_ = connection.certificate->sha256;
      co_return co_await say_what(std::move(request), connection);
    };
    serve(std::move(config));
  }
  [[nodiscard]] std::unique_ptr<Program> client(const Words& options = {}) const {
    Words words{"openssl", "s_client", "-connect", "127.0.0.1:" + std::to_string(server->port())};
    words.insert(words.end(), options.begin(), options.end());
    return std::make_unique<Program>(words);
  }
  /// The answer to one request, or the output of s_client instead.
  std::string ask(const Words& options) {
    const auto program = client(options);
    program->write(kLastRequest);
    finish(*program);
    return program->output() + program->errors();
  }
  std::string shown_certificate() {
    const auto program = client({"-showcerts"});
    program->write(kLastRequest);
    finish(*program);
    const std::string& text = program->output();
    const std::size_t begin = text.find("-----BEGIN CERTIFICATE-----");
    const std::string_view last = "-----END CERTIFICATE-----\n";
    const std::size_t end = text.find(last);
    return begin < end ? text.substr(begin, end + last.size() - begin) : "";
  }
  /// s_client sends line ends as configured.
  static constexpr const char* kLastRequest = "GET /asked HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n";

  TlsListener listener_;
  int handled_ = 0;
  std::set<std::uint64_t> connections_;
  std::optional<Digest> shown_;
};

TEST_F(OurServer, AnswersATls13Client) {
  serve_with(ClientCertificates::none);
  const std::string answer = ask({"-tls1_3", "-quiet", "-no_ign_eof"});
  EXPECT_NE(answer.find("HTTP/1.1 200 OK"), std::string::npos) << answer;
  EXPECT_EQ(handled_, 1);
}

TEST_F(OurServer, SendsAProtocolVersionAlertToAnOlderClient) {
  serve_with(ClientCertificates::none);
  const std::string answer = ask({"-tls1_2"});
  EXPECT_NE(answer.find("alert protocol version"), std::string::npos) << answer;
  EXPECT_EQ(answer.find("HTTP/1.1"), std::string::npos) << answer;
  EXPECT_EQ(handled_, 0);
}

TEST_F(OurServer, SupportsThreeSuitesAndThreeGroups) {
  serve_with(ClientCertificates::none);
  for (const char* suite : {"TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256", "TLS_AES_128_GCM_SHA256"}) {
    const std::string answer = ask({"-tls1_3", "-ciphersuites", suite});
    EXPECT_NE(answer.find("New, TLSv1.3, Cipher is " + std::string(suite)), std::string::npos) << answer;
  }
  for (const char* group : {"X25519", "P-256", "P-384"}) {
    const std::string answer = ask({"-tls1_3", "-groups", group});
    EXPECT_NE(answer.find("HTTP/1.1 200 OK"), std::string::npos) << group << answer;
  }
  for (const Words& others : {Words{"-ciphersuites", "TLS_AES_128_CCM_SHA256"}, Words{"-groups", "P-521"},
                              Words{"-groups", "X448"}, Words{"-groups", "ffdhe2048"}}) {
    const std::string answer = ask(others);
    EXPECT_NE(answer.find("alert handshake failure"), std::string::npos) << others[1] << answer;
    EXPECT_EQ(answer.find("HTTP/1.1"), std::string::npos) << others[1];
  }
}

TEST_F(OurServer, DoesNotAnswerPlainHttpWithHttp) {
  serve_with(ClientCertificates::none);
  asio::ip::tcp::socket plain(io);
  plain.connect({asio::ip::make_address("127.0.0.1"), server->port()});
  asio::write(plain, asio::buffer(std::string_view(kLastRequest)));
  std::string answer;
  bool ended = false;
  asio::async_read(plain, asio::dynamic_buffer(answer),
                   [&](const boost::system::error_code&, std::size_t) { ended = true; });
  EXPECT_TRUE(until([&] { return ended; }));
  EXPECT_LE(answer.size(), 7U) << "more than an alert";
  EXPECT_EQ(answer.find("HTTP"), std::string::npos);
  EXPECT_EQ(handled_, 0);
}

TEST_F(OurServer, PresentsAnRsaKeyOf4096Bits) {
  serve_with(ClientCertificates::none);
  const std::string text = openssl({"x509", "-noout", "-text"}, shown_certificate());
  EXPECT_NE(text.find("Public Key Algorithm: rsaEncryption"), std::string::npos) << text;
  EXPECT_NE(text.find("Public-Key: (4096 bit)"), std::string::npos) << text;
  EXPECT_NE(text.find("Exponent: 65537 (0x10001)"), std::string::npos) << text;
}

TEST_F(OurServer, IssuesNoTicketAndResumesNoSession) {
  serve_with(ClientCertificates::none);
  const std::string answer = ask({"-tls1_3", "-sess_out", "/dev/null"});
  EXPECT_NE(answer.find("New, TLSv1.3"), std::string::npos) << answer;
  EXPECT_EQ(answer.find("Post-Handshake New Session Ticket"), std::string::npos) << answer;
}

TEST_F(OurServer, DoesNotStartWithASmallerKey) {
  const std::string both =
      openssl({"req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "-", "-subj", "/CN=small", "-days", "2"});
  const auto small = load_tls_identity(both, both);
  ASSERT_TRUE(small);
  EXPECT_EQ(TlsServerCredentials::make(*small).error(), Errc::crypto_bad_key);
}

TEST_F(OurServer, DoesNotStartWithAnotherExponent) {
  EXPECT_EQ(TlsServerCredentials::make(identity("exponent3")).error(), Errc::crypto_bad_key);
}

TEST_F(OurServer, RefusesAClientWithoutTheCertificateItRequires) {
  serve_with(ClientCertificates::required);
  const std::string answer = ask({"-tls1_3"});
  // The client's own handshake was complete before the refusal.
  EXPECT_NE(answer.find("New, TLSv1.3"), std::string::npos) << answer;
  EXPECT_NE(answer.find("alert certificate required"), std::string::npos) << answer;
  EXPECT_EQ(handled_, 0);
}

TEST_F(OurServer, PassesTheClientsCertificateToItsHandler) {
  serve_with(ClientCertificates::required);
  const std::string answer =
      ask({"-tls1_3", "-cert", vector_file("client.pem"), "-key", vector_file("client.key"), "-quiet"});
  EXPECT_NE(answer.find("HTTP/1.1 200 OK"), std::string::npos) << answer;
  ASSERT_TRUE(shown_);
  const std::string printed = openssl({"x509", "-noout", "-fingerprint", "-sha256"}, pem("client.pem"));
  EXPECT_EQ(parse_pin(printed.substr(printed.find('=') + 1, 95))->storage, shown_->storage) << printed;
}

TEST_F(OurServer, UsesAReplacedCertificateForNewConnectionsOnly) {
  serve_with(ClientCertificates::none);
  const auto old = client({"-tls1_3", "-quiet"});
  old->write("GET /before HTTP/1.1\r\nHost: h\r\n\r\n");
  ASSERT_TRUE(until([&] { return old->output().find("GET /before") != std::string::npos; })) << old->errors();
  EXPECT_EQ(openssl({"x509"}, shown_certificate()), openssl({"x509"}, pem("server.pem")));

  ASSERT_TRUE(listener_.credentials->replace(identity("other")));
  connections_.clear();
  old->write("GET /after HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_TRUE(until([&] { return old->output().find("GET /after") != std::string::npos; })) << old->errors();
  EXPECT_EQ(connections_.size(), 1U);
  EXPECT_EQ(openssl({"x509"}, shown_certificate()), openssl({"x509"}, pem("other.pem")));
  EXPECT_EQ(connections_.size(), 2U);
}

// Our client.

std::uint16_t free_port() {
  asio::io_context io;
  const asio::ip::tcp::acceptor acceptor(io, {asio::ip::address_v4::loopback(), 0});
  return acceptor.local_endpoint().port();
}

// s_server writes only the received application data to its output.
class OurClient : public Tls {
 protected:
  void serve_with(const std::string& name, Words options) {
    port_ = free_port();
    Words words{"openssl",
                "s_server",
                "-quiet",
                "-accept",
                "127.0.0.1:" + std::to_string(port_),
                "-cert",
                vector_file(name + ".pem"),
                "-key",
                vector_file((name == "large" ? "server" : name) + ".key")};
    words.insert(words.end(), options.begin(), options.end());
    program_ = std::make_unique<Program>(words);
    ASSERT_TRUE(until([this] { return is_listening(); })) << program_->errors();
  }
  bool is_listening() {
    asio::ip::tcp::socket socket(io);
    boost::system::error_code error;
    socket.connect({asio::ip::address_v4::loopback(), port_}, error);
    return !error;
  }
  HttpResult request(TlsTrust trust, const TlsIdentity* own = nullptr, bool allow_small_keys = false) {
    HttpClientConfig config;
    config.server = TlsRemote{"127.0.0.1", port_, std::move(trust), own, allow_small_keys};
    config.timeout = 1s;
    HttpClient client(io, std::move(config));
    auto result = run(client.request(get("/secret")));
    until([] { return false; }, 100ms);
    return result;
  }
  /// s_server does not answer, so the request has been sent when the timeout expires.
  void expect_sent(const HttpResult& result) {
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().code, errc::http_timeout) << result.error().detail;
    EXPECT_TRUE(program_->output().starts_with("GET /secret HTTP/1.1\r\n")) << program_->output();
  }
  void expect_nothing_sent(const HttpResult& result, Errc code) {
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().code, code) << result.error().detail;
    EXPECT_FALSE(result.error().maybe_sent);
    EXPECT_EQ(program_->output().size(), 0U) << program_->output();
  }
  static PinnedSha256 pin(const std::string& name) { return {identity(name).fingerprint.digest}; }

  std::uint16_t port_ = 0;
  std::unique_ptr<Program> program_;
};

TEST_F(OurClient, AcceptsThePinAsPrintedByOpenssl) {
  serve_with("server", {"-tls1_3"});
  const std::string printed = openssl({"x509", "-noout", "-fingerprint", "-sha256"}, pem("server.pem"));
  const std::string text = printed.substr(printed.find('=') + 1, 95);  // upper case, colons
  ASSERT_EQ(std::count(text.begin(), text.end(), ':'), 31) << printed;
  const auto pin = parse_pin(text);
  ASSERT_TRUE(pin) << text;
  expect_sent(request(PinnedSha256{*pin}));
}

TEST_F(OurClient, RefusesAServerWithOnlyTls12) {
  serve_with("server", {"-tls1_2"});
  expect_nothing_sent(request(pin("server")), errc::tls_failed);
}

TEST_F(OurClient, RefusesAPinWithOneWrongNibble) {
  serve_with("server", {"-tls1_3"});
  for (const std::size_t byte : {0U, 31U}) {
    PinnedSha256 off = pin("server");
    off.digest.storage[byte] ^= 1U;
    expect_nothing_sent(request(off), errc::tls_pin_mismatch);
  }
}

TEST_F(OurClient, RefusesAnotherCertificateWithTheSameName) {
  const auto subject = [this](const std::string& name) {
    return openssl({"x509", "-noout", "-subject"}, pem(name + ".pem"));
  };
  ASSERT_EQ(subject("server"), subject("other"));
  serve_with("other", {"-tls1_3"});
  const HttpResult refused = request(pin("server"));
  expect_nothing_sent(refused, errc::tls_pin_mismatch);
  EXPECT_EQ(refused.error().shown, pin_text(identity("other").fingerprint.digest));
  expect_sent(request(pin("other")));
}

TEST_F(OurClient, SendsNothingToAServerWithASmallKeyUnlessAllowed) {
  for (const std::string name : {"small", "client"}) {
    serve_with(name, {"-tls1_3"});
    const PinnedSha256 pin{identity(name).fingerprint.digest};
    expect_nothing_sent(request(pin), errc::tls_key_too_small);
    expect_sent(request(pin, nullptr, /*allow_small_keys=*/true));
  }
}

TEST_F(OurClient, ChecksTheNameThatAnAuthorityCertifies) {
  serve_with("large", {"-tls1_3"});
  expect_nothing_sent(request(TrustedAuthority{pem("large-ca.pem"), "other.example"}), errc::tls_untrusted);
  expect_nothing_sent(request(TrustedAuthority{pem("other.pem"), "redan.example"}), errc::tls_untrusted);
  expect_sent(request(TrustedAuthority{pem("large-ca.pem"), "redan.example"}));
}

TEST_F(OurClient, LearnsAtItsFirstReadThatItNeedsACertificate) {
  serve_with("server", {"-tls1_3", "-Verify", "1"});
  expect_nothing_sent(request(pin("server")), errc::tls_client_refused);
  expect_sent(request(pin("server"), &identity("client")));
}

TEST_F(OurClient, LearnsAtItsFirstReadThatItsCertificateIsNotTrusted) {
  serve_with("server", {"-tls1_3", "-Verify", "1", "-verify_return_error", "-CAfile", vector_file("ca.pem")});
  expect_nothing_sent(request(pin("server"), &identity("client")), errc::tls_client_refused);
}

}  // namespace
}  // namespace redan::net::test
