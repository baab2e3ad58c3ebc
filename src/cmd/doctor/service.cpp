// Checks a gateway, an agent or AMS as its clients see it: the port, TLS, the certificate, the clock, an answer.
#include <ctime>

#include "cmd/arguments.hpp"
#include "cmd/doctor/findings.hpp"
#include "net/clock.hpp"
#include "net/dial.hpp"
#include "net/host_and_port.hpp"
#include "net/http/client.hpp"
#include "net/tls/context.hpp"
#include "net/tls/x509.hpp"

namespace redan::cmd {
namespace {

using namespace std::chrono_literals;

constexpr auto kTimeout = 5s;
constexpr std::int64_t kDay = 24 * 3600;
constexpr std::int64_t kSoon = 30 * kDay;
constexpr std::int64_t kSkew = 5;
constexpr std::int64_t kBadSkew = 60;

net::TlsTrust trust_of(const ServiceToCheck& service, const std::string& host) {
  if (service.fingerprint.empty()) return net::SystemAuthorities{host};
  const auto pin = net::parse_pin(service.fingerprint);
  if (!pin) throw std::runtime_error("the fingerprint of the " + service.kind + " is not 64 hexadecimal digits");
  return net::PinnedSha256{*pin};
}

std::string days(std::int64_t seconds) { return std::to_string(seconds / kDay) + " days"; }

void judge_certificate(const std::string& what, Bytes der, Findings& findings) {
  const auto facts = net::certificate_facts(der);
  if (!facts) return findings.fail(what, "its certificate is not understood", "make it another one");
  if (!facts->is_rsa_4096) {
    findings.fail(what, "its key is not RSA-4096: " + facts->key,
                  "remove its tls.pem and start it: it makes a new key, and clients pin it");
  }
  const std::int64_t left = facts->not_after.seconds_since_1970 - net::wall_time().seconds_since_1970;
  const std::string advice =
      "put a new tls.pem beside the old one, rename it into place and send SIGHUP; tell clients the pin";
  if (left < 0) {
    findings.warn(what, "its certificate has expired " + days(-left) + " ago", advice);
  } else if (left < kSoon) {
    findings.warn(what, "its certificate expires in " + days(left), advice);
  } else {
    findings.ok(what, "certificate " + net::certificate_fingerprint(der).substr(0, 16) + "..., " + facts->key + ", " +
                          days(left) + " left");
  }
}

/// RFC 9110 section 5.6.7: "Sun, 06 Nov 1994 08:49:37 GMT".
std::optional<std::int64_t> parse_http_date(const std::string& text) {
  std::tm parts{};
  const char* end = ::strptime(text.c_str(), "%a, %d %b %Y %H:%M:%S GMT", &parts);
  if (end == nullptr || *end != '\0') return std::nullopt;
  return ::timegm(&parts);
}

void judge_clock(const std::string& what, const net::HttpResponse& response, std::int64_t now, Findings& findings) {
  const auto date = net::find_header(response.headers, "Date");
  const auto theirs = date ? parse_http_date(std::string(*date)) : std::nullopt;
  if (!theirs) return findings.warn(what, "it does not say what time it is", "compare the clocks by hand");
  const std::int64_t skew = *theirs - now;
  const std::string said =
      "its clock is " + std::to_string(std::abs(skew)) + " s " + (skew < 0 ? "behind" : "ahead of") + " ours";
  const std::string advice = "let NTP set the clocks of both machines: tokens and certificates go by them";
  if (std::abs(skew) >= kBadSkew) return findings.fail(what, said, advice);
  if (std::abs(skew) >= kSkew) return findings.warn(what, said, advice);
  findings.ok(what, "clock within " + std::to_string(kSkew) + " s of ours");
}

}  // namespace

net::Task<void> check_service(boost::asio::io_context& io, ServiceToCheck service, Findings& findings) {
  const HostAndPort server = parse_https_url(service.url, service.port);
  const std::string what = service.kind + " " + server.text();
  const net::TlsRemote remote{server.host, server.port, trust_of(service, server.host), nullptr,
                              /*allow_small_keys=*/true};
  const net::Dialer dialer(remote);
  const auto made = dialer.make_stream(io.get_executor());
  if (!made) co_return findings.fail(what, made.error().code, made.error().detail);
  const std::shared_ptr<net::Stream> stream = *made;
  stream->set_deadline(kTimeout);
  const auto failure = co_await dialer.connect(stream);
  if (failure) {
    findings.fail(what, failure->code, failure->shown.empty() ? failure->detail : "it shows SHA-256 " + failure->shown);
    co_return;
  }
  const net::TlsDescription tls = net::describe_tls(stream->tls());
  findings.ok(what, tls.version + ", " + tls.cipher);
  const auto certificate = net::client_certificate(stream->tls());
  stream->close();
  if (certificate) judge_certificate(what, certificate->der, findings);
  net::HttpClientConfig config;
  config.server = remote;
  config.timeout = kTimeout;
  net::HttpClient client(io, std::move(config));
  net::HttpRequest request{"GET", service.path, ""};
  const std::int64_t before = net::wall_time().seconds_since_1970;
  const net::HttpResult response = co_await client.request(std::move(request));
  const std::int64_t after = net::wall_time().seconds_since_1970;
  if (!response) co_return findings.fail(what, response.error().code, response.error().detail);
  judge_clock(what, *response, (before + after) / 2, findings);
  if (response->status == 200) co_return findings.ok(what, "answers");
  findings.fail(what, "GET " + service.path + " is answered with " + std::to_string(response->status),
                "look at its log; is this the URL of the " + service.kind + "?");
}

}  // namespace redan::cmd
