// Tokens parsed and verified per CPU second, compared with libjwt and libmacaroons on the same texts; and whether the
// duration of a refusal reveals where the signature differs.
#include <jwt.h>
#include <macaroons.h>
#include <time.h>

#include <cmath>
#include <memory>

#include "base/base64.hpp"
#include "base/hex.hpp"
#include "bench/dtls_work.hpp"
#include "bench/figure.hpp"
#include "cloud/token/jwt.hpp"
#include "cloud/token/macaroon_format.hpp"
#include "cloud/token/rfc3339.hpp"

namespace redan::bench {
namespace {

using namespace cloud;

constexpr double kGoal = 2;
constexpr int kBatch = 100;
constexpr WallTime kNow{1877688000};
constexpr WallTime kExpires{1893456000};
constexpr cloud::token::JwtExpectations kExpected{"ams", "ams-internal", "c05h1jj3pn6a8q46taug"};
constexpr std::string_view kLocation = "anbox-stream-gateway";

Secret<64> secret() {
  Secret<64> bytes;
  std::uint8_t next = 0;
  for (std::uint8_t& byte : bytes.fill(64)) byte = next++;
  return bytes;
}

template <class T>
T sure(Result<T> result, const char* what) {
  if (!result) failed(what);
  return std::move(*result);
}

Batch repeat(std::function<bool()> verify, const char* what) {
  return [verify = std::move(verify), what] {
    for (int i = 0; i < kBatch; ++i) {
      if (!verify()) failed(what);
    }
    return double{kBatch};
  };
}

// JWT.

std::string mint_jwt(cloud::token::JwtKey& key) {
  cloud::token::JwtClaims claims{"ams", {"ams-internal"}, std::string(*kExpected.subject), kNow, kNow, kExpires, "0001",
                                 {}};
  claims.scope = {"artifacts:read", "instance:status"};
  return sure(key.mint(claims), "minting a JWT");
}

/// Checks the signature; the caller has to check the claims.
bool libjwt_accepts(const std::string& text, Bytes key) {
  jwt_t* token = nullptr;
  if (jwt_decode(&token, text.c_str(), key.data(), static_cast<int>(key.size())) != 0) return false;
  const std::unique_ptr<jwt_t, decltype(&jwt_free)> owner(token, jwt_free);
  return jwt_get_alg(token) == JWT_ALG_HS256 && jwt_get_grant_int(token, "exp") > kNow.seconds_since_1970;
}

bool accepts(cloud::token::JwtKey& key, const std::string& text) {
  const auto token = cloud::token::UnverifiedJwt::parse(text);
  return token && token->verify(key, kExpected, kNow);
}

void jwt_row(Provider& provider, double goal) {
  const Secret<64> root = secret();
  cloud::token::JwtKey key = sure(cloud::token::JwtKey::prepare(provider, root), "a JWT key");
  const std::string text = mint_jwt(key);
  print(compare(std::string(provider.name()) + " JWT", "/s", goal, repeat([&] { return accepts(key, text); }, "a JWT"),
                repeat([&] { return libjwt_accepts(text, root.expose()); }, "libjwt")));
}

// Macaroons.

struct MacaroonFree {
  void operator()(macaroon* token) const { macaroon_destroy(token); }
  void operator()(macaroon_verifier* verifier) const { macaroon_verifier_destroy(verifier); }
};

int not_expired(void*, const unsigned char* caveat, std::size_t size) {
  const auto time = cloud::token::parse_rfc3339({reinterpret_cast<const char*>(caveat), size});
  return time && *time > kNow ? 0 : -1;
}

int operation_is_join(void*, const unsigned char* caveat, std::size_t size) {
  return std::string_view(reinterpret_cast<const char*>(caveat), size) == "op=join" ? 0 : -1;
}

class Libmacaroons {
 public:
  Libmacaroons() : verifier_(macaroon_verifier_create()) {
    macaroon_returncode code{};
    if (macaroon_verifier_satisfy_general(verifier_.get(), not_expired, nullptr, &code) != 0 ||
        macaroon_verifier_satisfy_general(verifier_.get(), operation_is_join, nullptr, &code) != 0) {
      failed("libmacaroons");
    }
  }
  [[nodiscard]] bool accepts(const std::string& text, Bytes key) const {
    macaroon_returncode code{};
    const std::unique_ptr<macaroon, MacaroonFree> token(macaroon_deserialize(text.c_str(), &code));
    return token && macaroon_verify(verifier_.get(), token.get(), key.data(), key.size(), nullptr, 0, &code) == 0;
  }

 private:
  std::unique_ptr<macaroon_verifier, MacaroonFree> verifier_;
};

bool accepts(cloud::token::MacaroonKey& key, const std::string& text) {
  const auto token = cloud::token::Macaroon::parse(text);
  return token && token->verify(key, kLocation, {kNow, "join"});
}

cloud::token::Macaroon mint_macaroon(Provider& provider, cloud::token::MacaroonKey& key, int caveats) {
  cloud::token::Macaroon token = sure(cloud::token::Macaroon::mint(key, kLocation, "my-client"), "minting a macaroon");
  for (int i = 0; i < caveats; ++i) {
    if (!token.add_first_party(provider, i == 0 ? cloud::token::to_rfc3339(kExpires) : "op=join")) failed("a caveat");
  }
  return token;
}

/// libmacaroons reads only version 1, so both get that text.
void macaroon_row(Provider& provider, double goal, int caveats) {
  const Secret<64> root = secret();
  cloud::token::MacaroonKey key = sure(cloud::token::MacaroonKey::prepare(provider, root), "a macaroon key");
  const std::string text =
      to_base64(cloud::token::write_macaroon_v1(mint_macaroon(provider, key, caveats)), Base64::url);
  const Libmacaroons baseline;
  print(compare(std::string(provider.name()) + " macaroon of " + std::to_string(caveats), "/s", goal,
                repeat([&] { return accepts(key, text); }, "a macaroon"),
                repeat([&] { return baseline.accepts(text, root.expose()); }, "libmacaroons")));
}

// Timing.

/// Mean and variance of a class of times (Welford).
class Times {
 public:
  void add(double time) {
    ++n_;
    const double before = time - mean_;
    mean_ += before / n_;
    squares_ += before * (time - mean_);
  }
  [[nodiscard]] double mean() const { return mean_; }
  [[nodiscard]] double variance_of_mean() const { return squares_ / (n_ - 1) / n_; }

 private:
  double n_ = 0;
  double mean_ = 0;
  double squares_ = 0;
};

double nanoseconds() {
  timespec time{};
  clock_gettime(CLOCK_MONOTONIC, &time);
  return static_cast<double>(time.tv_sec) * 1e9 + static_cast<double>(time.tv_nsec);
}

/// Welch's t between the durations of two refusals, in random order: of a token with one character changed near the
/// start of its signature, and of one near the end. Each is created and parsed anew at the same place in memory,
/// because only its content may matter. Durations far above the usual are caused by interrupts. Above 4.5 the durations
/// differ (Reparaz et al., "Dude, is my code constant time?", DATE 2017).
template <class Token, class Accepts>
void timing_row(std::string label, Provider& provider, const std::string& authentic, const Accepts& accepts_it) {
  constexpr int kSamples = 300'000;
  constexpr int kWarmUp = 10'000;
  constexpr double kUsual = 1.5;                         // times the fastest
  constexpr std::array<std::size_t, 2> kFromEnd{42, 2};  // a signature has 43 characters
  double fastest = 1e12;
  std::array<Times, 2> times;
  std::string text;
  for (int i = 0; i < kSamples; ++i) {
    const std::size_t turn = provider.random_u32() & 1U;
    text = authentic;
    char& changed = text[text.size() - kFromEnd[turn]];
    changed = changed == 'A' ? 'B' : 'A';
    const Token token = sure(Token::parse(text), "a forgery");
    const double start = nanoseconds();
    if (accepts_it(token)) failed("a refusal");
    const double time = nanoseconds() - start;
    if (i < kWarmUp) fastest = std::min(fastest, time);
    if (i >= kWarmUp && time < kUsual * fastest) times[turn].add(time);
  }
  const double t =
      (times[0].mean() - times[1].mean()) / std::sqrt(times[0].variance_of_mean() + times[1].variance_of_mean());
  print({std::move(label), "|t|", std::abs(t), 0, 0, 4.5, Better::less});
}

void jwt_timing(Provider& provider) {
  const Secret<64> root = secret();
  cloud::token::JwtKey key = sure(cloud::token::JwtKey::prepare(provider, root), "a JWT key");
  timing_row<cloud::token::UnverifiedJwt>(
      "JWT refused, first or last byte", provider, mint_jwt(key),
      [&](const auto& token) { return token.verify(key, kExpected, kNow).has_value(); });
}

void macaroon_timing(Provider& provider) {
  const Secret<64> root = secret();
  cloud::token::MacaroonKey key = sure(cloud::token::MacaroonKey::prepare(provider, root), "a macaroon key");
  timing_row<cloud::token::Macaroon>(
      "macaroon refused, likewise", provider, mint_macaroon(provider, key, 1).text(),
      [&](const auto& token) { return token.verify(key, kLocation, {kNow}).has_value(); });
}

}  // namespace

// The goal is for the provider that the services use. The other is for systems without OpenSSL.
void token_rate() {
  if (const auto provider = openssl_provider()) {
    jwt_row(*provider, kGoal);
    macaroon_row(*provider, kGoal, 1);
    macaroon_row(*provider, kGoal, 4);
    jwt_timing(*provider);
    macaroon_timing(*provider);
  }
  const auto mbedtls = mbedtls_provider();
  jwt_row(*mbedtls, 0);
  macaroon_row(*mbedtls, 0, 1);
}

}  // namespace redan::bench
