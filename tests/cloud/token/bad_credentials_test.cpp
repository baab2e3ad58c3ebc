// A matrix of bad credentials of every kind: each case has a name and the code with which it is refused. None of them
// may be accepted; other tests in this folder cover valid tokens.
#include <functional>
#include <set>

#include "base/base64.hpp"
#include "cloud/errors.hpp"
#include "cloud/token/jwt.hpp"
#include "cloud/token/macaroon_format.hpp"
#include "cloud/token/turn_credential.hpp"
#include "cloud/trust/join_token.hpp"
#include "tests/cloud/token/macaroon_answers.hpp"

namespace redan::cloud::test {
namespace {

/// The codes with which a case may be refused. A flipped bit can be detected by several checks.
using Codes = std::vector<Errc>;

struct Case {
  std::string name;
  std::function<Errc()> refused;  ///< closed_locally: it was accepted
  Codes codes;
};

class Matrix {
 public:
  void add(std::string name, Errc code, std::function<Errc()> refused) {
    cases_.push_back({std::move(name), std::move(refused), {code}});
  }
  void add_swept(std::string name, Codes codes, std::function<Errc()> refused) {
    cases_.push_back({std::move(name), std::move(refused), std::move(codes)});
    ++swept_;
  }
  void check(const char* kind) const {
    std::set<std::string> names;
    for (const Case& one : cases_) {
      EXPECT_TRUE(names.insert(one.name).second) << "twice: " << one.name;
      const Errc code = one.refused();
      EXPECT_NE(code, Errc::closed_locally) << "ACCEPTED: " << one.name;
      EXPECT_NE(std::find(one.codes.begin(), one.codes.end(), code), one.codes.end())
          << one.name << ": refused with " << redan::name(code) << ", not " << redan::name(one.codes.front());
    }
    std::printf("bad credentials, %s: %zu cases, %zu of them by themselves, none accepted\n", kind, cases_.size(),
                cases_.size() - swept_);
    total() += cases_.size() - swept_;
  }
  /// Number of cases of all matrices in this run, without the swept ones.
  static std::size_t& total() {
    static std::size_t count = 0;
    return count;
  }

 private:
  std::vector<Case> cases_;
  std::size_t swept_ = 0;
};

std::string encode(std::string_view text) { return to_base64(as_bytes(text), Base64::url); }

std::string flip(std::string text, std::size_t byte, unsigned bit) {
  text[byte] = static_cast<char>(text[byte] ^ static_cast<char>(1U << bit));
  return text;
}

// JWT.

constexpr std::string_view kHs256 = R"({"alg":"HS256","typ":"JWT"})";
constexpr std::string_view kGoodClaims =
    R"({"iss":"ams","aud":"ams-internal","sub":"i1","iat":1861920000,"nbf":1861920000,"exp":1893456000})";
constexpr token::JwtExpectations kExpected{"ams", "ams-internal", "i1"};
constexpr WallTime kMiddle{1877688000};

class BadJwt : public testing::Test {
 protected:
  static std::string signed_by(const Secret<64>& secret, std::string_view input,
                               HashAlgorithm algorithm = HashAlgorithm::sha256) {
    const Digest mac = provider().hmac_once(algorithm, secret.expose(), as_bytes(input));
    return std::string(input) + "." + to_base64(mac.bytes(), Base64::url);
  }
  /// A token with a valid signature, whatever its content.
  static std::string token(std::string_view header, std::string_view claims) {
    return signed_by(counting_secret(), encode(header) + "." + encode(claims));
  }
  static std::string claiming(std::string_view claims) { return token(kHs256, claims); }

  Errc verify(const std::string& text, WallTime now = kMiddle, const token::JwtExpectations& expected = kExpected) {
    const auto parsed = token::UnverifiedJwt::parse(text);
    return parsed ? reason(parsed->verify(key_, expected, now)) : parsed.error();
  }
  void add(std::string name, Errc code, std::string text) {
    matrix_.add("jwt " + std::move(name), code, [this, text = std::move(text)] { return verify(text); });
  }
  void add_headers(Errc code, std::initializer_list<std::string_view> headers) {
    for (const std::string_view header : headers)
      add("header " + std::string(header), code, token(header, kGoodClaims));
  }
  void add_claims(Errc code, std::initializer_list<std::string_view> all) {
    for (const std::string_view claims : all) add("claims " + std::string(claims), code, claiming(claims));
  }

  const std::string good_ = token(kHs256, kGoodClaims);
  const std::string header_ = good_.substr(0, good_.find('.'));
  const std::string payload_ = good_.substr(header_.size() + 1, good_.rfind('.') - header_.size() - 1);
  const std::string signature_ = good_.substr(good_.rfind('.') + 1);
  token::JwtKey key_ = std::move(*token::JwtKey::prepare(provider(), counting_secret()));
  Matrix matrix_;
};

TEST_F(BadJwt, AValidTokenIsAccepted) { EXPECT_EQ(verify(good_), Errc::closed_locally); }

TEST_F(BadJwt, InvalidHeadersAreRefused) {
  add_headers(errc::token_algorithm, {R"({"alg":"none"})",      R"({"alg":"None"})",    R"({"alg":"NONE"})",
                                      R"({"alg":"nOnE"})",      R"({"alg":""})",        R"({"alg":"RS256"})",
                                      R"({"alg":"PS256"})",     R"({"alg":"ES256"})",   R"({"alg":"EdDSA"})",
                                      R"({"alg":"HS384"})",     R"({"alg":"HS512"})",   R"({"alg":"hs256"})",
                                      R"({"alg":" HS256"})",    R"({"alg":"HS256 "})",  R"({"alg":"HS256\u0000"})",
                                      R"({"alg":"HS256\n"})",   R"({"alg":["HS256"]})", R"({"alg":["none","HS256"]})",
                                      R"({"alg":{"HS256":1}})", R"({"alg":null})",      R"({"alg":true})",
                                      R"({"alg":256})",         R"({"Alg":"HS256"})",   R"({"ALG":"HS256"})",
                                      R"({"alg ":"HS256"})",    R"({"typ":"JWT"})",     "{}"});
  add_headers(errc::token_header, {R"({"alg":"HS256","kid":"1"})",
                                   R"({"alg":"HS256","kid":""})",
                                   R"({"alg":"HS256","kid":null})",
                                   R"({"alg":"HS256","kid":"../../../../dev/null"})",
                                   R"({"alg":"HS256","kid":"' UNION SELECT 'k"})",
                                   R"({"alg":"HS256","kid":"|/bin/true"})",
                                   R"({"alg":"HS256","jku":"https://evil.example/keys"})",
                                   R"({"alg":"HS256","jku":"file:///dev/null"})",
                                   R"({"alg":"HS256","x5u":"https://evil.example/c.pem"})",
                                   R"({"alg":"HS256","jwk":{"kty":"oct","k":"AA"}})",
                                   R"({"alg":"HS256","jwk":null})",
                                   R"({"alg":"HS256","x5c":["MIIB"]})",
                                   R"({"alg":"HS256","x5t":"AA"})",
                                   R"({"alg":"HS256","x5t#S256":"AA"})",
                                   R"({"alg":"HS256","crit":["exp"]})",
                                   R"({"alg":"HS256","crit":[]})",
                                   R"({"alg":"HS256","crit":["b64"],"b64":false})",
                                   R"({"alg":"HS256","\u006bid":"1"})",
                                   R"({"alg":"HS256","typ":"JWE"})",
                                   R"({"alg":"HS256","typ":"J WT"})",
                                   R"({"alg":"HS256","typ":null})",
                                   R"({"alg":"HS256","typ":["JWT"]})"});
  add_headers(
      errc::token_syntax,
      {"", "null", "[]", R"("HS256")", "{", R"({"alg":"HS256")", R"({"alg":"HS256"}})", R"({"alg":"HS256"} x)",
       R"({'alg':'HS256'})", R"({"alg":"HS256",})", R"({"alg":"HS256","alg":"none"})",
       R"({"alg":"none","alg":"HS256"})", R"({"alg":"HS256","\u0061lg":"none"})",
       R"({"alg":"HS256","x":{"a":1,"a":1}})", R"({"alg":"HS256","x":[[[[[[[[1]]]]]]]]})", R"({/**/"alg":"HS256"})",
       "\xef\xbb\xbf{\"alg\":\"HS256\"}", "{\"alg\":\"HS256\",\"x\":\"\xff\"}", "{\"alg\":\"HS256\",\"x\":\"\n\"}"});
  matrix_.check("JWT headers");
}

TEST_F(BadJwt, InvalidClaimsAreRefused) {
  add_claims(errc::token_claims,
             {"{}",
              R"({"iss":"ams","aud":"ams-internal","sub":"i1"})",
              R"({"aud":"ams-internal","sub":"i1","exp":1893456000})",
              R"({"iss":"ams","sub":"i1","exp":1893456000})",
              R"({"iss":"ams","aud":"ams-internal","exp":1893456000})",
              R"({"iss":"AMS","aud":"ams-internal","sub":"i1","exp":1893456000})",
              R"({"iss":"ams ","aud":"ams-internal","sub":"i1","exp":1893456000})",
              R"({"iss":["ams"],"aud":"ams-internal","sub":"i1","exp":1893456000})",
              R"({"iss":"ams","aud":"ams","sub":"i1","exp":1893456000})",
              R"({"iss":"ams","aud":"","sub":"i1","exp":1893456000})",
              R"({"iss":"ams","aud":[],"sub":"i1","exp":1893456000})",
              R"({"iss":"ams","aud":["a","b"],"sub":"i1","exp":1893456000})",
              R"({"iss":"ams","aud":["ams-internal",1],"sub":"i1","exp":1893456000})",
              R"({"iss":"ams","aud":null,"sub":"i1","exp":1893456000})",
              R"({"iss":"ams","aud":"ams-internal","sub":"i2","exp":1893456000})",
              R"({"iss":"ams","aud":"ams-internal","sub":"i1 ","exp":1893456000})",
              R"({"iss":"ams","aud":"ams-internal","sub":"","exp":1893456000})",
              R"({"iss":"ams","aud":"ams-internal","sub":null,"exp":1893456000})",
              R"({"iss":"ams","aud":"ams-internal","sub":["i1"],"exp":1893456000})",
              R"({"iss":"ams","aud":"ams-internal","sub":"i1","exp":"1893456000"})",
              R"({"iss":"ams","aud":"ams-internal","sub":"i1","exp":null})",
              R"({"iss":"ams","aud":"ams-internal","sub":"i1","exp":true})",
              R"({"iss":"ams","aud":"ams-internal","sub":"i1","exp":[1893456000]})",
              R"({"iss":"ams","aud":"ams-internal","sub":"i1","exp":1e16})",
              R"({"iss":"ams","aud":"ams-internal","sub":"i1","exp":-1e16})",
              R"({"iss":"ams","aud":"ams-internal","sub":"i1","exp":1e300})",
              R"({"iss":"ams","aud":"ams-internal","sub":"i1","exp":1e400})",
              R"({"iss":"ams","aud":"ams-internal","sub":"i1","exp":9223372036854775808})",
              R"({"iss":"ams","aud":"ams-internal","sub":"i1","exp":18446744073709551616})",
              R"({"iss":"ams","aud":"ams-internal","sub":"i1","EXP":1893456000})",
              R"({"iss":"ams","aud":"ams-internal","sub":"i1","exp":1893456000,"nbf":"0"})",
              R"({"iss":"ams","aud":"ams-internal","sub":"i1","exp":1893456000,"iat":1e16})",
              R"({"iss":"ams","aud":"ams-internal","sub":"i1","exp":1893456000,"jti":7})",
              R"({"iss":"ams","aud":"ams-internal","sub":"i1","exp":1893456000,"scope":7})",
              R"({"iss":"ams","aud":"ams-internal","sub":"i1","exp":1893456000,"scope":[["all"]]})"});
  add_claims(errc::token_expired, {R"({"iss":"ams","aud":"ams-internal","sub":"i1","exp":1877688000})",
                                   R"({"iss":"ams","aud":"ams-internal","sub":"i1","exp":1877687999})",
                                   R"({"iss":"ams","aud":"ams-internal","sub":"i1","exp":0})",
                                   R"({"iss":"ams","aud":"ams-internal","sub":"i1","exp":-1})",
                                   R"({"iss":"ams","aud":"ams-internal","sub":"i1","exp":-9223372036854775808})"});
  add_claims(errc::token_not_yet_valid,
             {R"({"iss":"ams","aud":"ams-internal","sub":"i1","exp":1893456000,"nbf":1877688061})",
              R"({"iss":"ams","aud":"ams-internal","sub":"i1","exp":1893456000,"nbf":9223372036854775807})",
              R"({"iss":"ams","aud":"ams-internal","sub":"i1","exp":1893456000,"iat":1877688061})"});
  add_claims(errc::token_syntax,
             {"", "null", "[]", "1", R"({"exp":1,"exp":1893456000})",
              R"({"sub":"i2","\u0073ub":"i1","exp":1893456000})", R"({"exp":1893456000,"x":{"y":1,"\u0079":1}})",
              R"({"exp":1893456000}{})", R"({"exp":01893456000})", R"({"exp":+1893456000})", R"({"exp":0x70dbd880})",
              R"({"exp":Infinity})", R"({"exp":1893456000,})", R"({"exp":1893456000,"x":[[[[[[[[1]]]]]]]]})",
              "{\"exp\":1893456000,\"sub\":\"\xc0\xaf\"}", R"({"exp":1893456000,"sub":"\ud800"})"});
  add("claims nested a thousand deep", errc::token_syntax,
      claiming(R"({"x":)" + std::string(1000, '[') + std::string(1000, ']') + "}"));
  matrix_.check("JWT claims");
}

TEST_F(BadJwt, InvalidFormsAreRefused) {
  const auto signed_input = [](const std::string& input) { return signed_by(counting_secret(), input); };
  add("empty", errc::token_syntax, "");
  add("one part", errc::token_syntax, header_);
  add("two parts", errc::token_syntax, header_ + "." + payload_);
  add("no signature", errc::token_syntax, header_ + "." + payload_ + ".");
  add("no header", errc::token_syntax, "." + payload_ + "." + signature_);
  add("no payload", errc::token_bad_signature, header_ + ".." + signature_);
  add("four parts", errc::token_syntax, good_ + "." + signature_);
  add("a fourth part that is empty", errc::token_syntax, good_ + ".");
  add("five parts, as of JWE", errc::token_syntax, good_ + "." + payload_ + "." + signature_);
  add("dots only", errc::token_syntax, std::string(8000, '.'));
  add("padding", errc::token_syntax, good_ + "=");
  add("padding of the header", errc::token_syntax, signed_input(encode(kHs256) + "=." + payload_));
  add("padding of the payload", errc::token_syntax, signed_input(header_ + "." + payload_ + "="));
  add("a line feed at the end", errc::token_syntax, good_ + "\n");
  add("a line feed at the start", errc::token_syntax, "\n" + good_);
  add("a line feed in the payload", errc::token_syntax,
      signed_input(header_ + "." + payload_.substr(0, 4) + "\n" + payload_.substr(4)));
  add("a space at the end", errc::token_syntax, good_ + " ");
  add("a NUL at the end", errc::token_syntax, good_ + '\0');
  add("quotes", errc::token_syntax, "\"" + good_ + "\"");
  add("the standard alphabet", errc::token_syntax, signed_input(header_ + ".+/+/"));
  add("a character of no alphabet", errc::token_syntax, signed_input(header_ + ".%%%%"));
  add("non-zero trailing bits of the signature", errc::token_syntax, [&] {
    std::string text = good_;  // 43 characters hold 256 bits: the last two bits of the last character are zero
    text.back() = static_cast<char>(text.back() + 1);
    return text;
  }());
  add("non-zero trailing bits of the header", errc::token_syntax,
      signed_input(encode("{}").substr(0, 2) + "1." + payload_));
  add("a base64 length of 1 modulo 4", errc::token_syntax, signed_input(header_ + "A." + payload_));
  add("a signature of 31 bytes", errc::token_syntax, header_ + "." + payload_ + "." + signature_.substr(0, 42));
  add("a signature of 33 bytes", errc::token_syntax,
      header_ + "." + payload_ + "." + to_base64(std::vector<std::uint8_t>(33), Base64::url));
  add("a signature of zeros", errc::token_bad_signature, header_ + "." + payload_ + "." + std::string(43, 'A'));
  add("another key", errc::token_bad_signature, signed_by(other_secret(), header_ + "." + payload_));
  add("a key of no bytes", errc::token_bad_signature, signed_by(Secret<64>(), header_ + "." + payload_));
  add("the key's first 32 bytes", errc::token_bad_signature,
      signed_by(Secret<64>(counting_secret().expose().first(32)), header_ + "." + payload_));
  add("a signature of SHA-384", errc::token_syntax,
      signed_by(counting_secret(), header_ + "." + payload_, HashAlgorithm::sha384));
  add("the signature of the payload alone", errc::token_bad_signature, [&] {
    const std::string other = signed_by(counting_secret(), payload_);
    return header_ + "." + payload_ + other.substr(other.rfind('.'));
  }());
  add("another token's signature", errc::token_bad_signature, [&] {
    const std::string other = claiming(R"({"exp":1893456000})");
    return header_ + "." + payload_ + other.substr(other.rfind('.'));
  }());
  add("alg none without a signature", errc::token_algorithm, encode(R"({"alg":"none"})") + "." + payload_ + ".");
  add("above 8 KiB", errc::token_too_large, std::string(token::kMaxJwtSize + 1, 'A'));
  add("above 8 KiB, rightly signed", errc::token_too_large,
      claiming(R"({"exp":1893456000,"x":")" + std::string(9000, 'x') + "\"}"));
  add("ten megabytes", errc::token_too_large, std::string(10'000'000, '.'));
  add("a macaroon", errc::token_syntax, std::string(kGatewayToken));
  matrix_.add("jwt expected by nobody", errc::token_claims, [this] { return verify(good_, kMiddle, {"", ""}); });
  matrix_.add("jwt of another audience", errc::token_claims, [this] {
    return verify(good_, kMiddle, {"ams", "agent"});
  });
  matrix_.add("jwt of another issuer", errc::token_claims, [this] {
    return verify(good_, kMiddle, {"agent", "ams-internal"});
  });
  matrix_.add("jwt of another subject", errc::token_claims, [this] {
    return verify(good_, kMiddle, {"ams", "ams-internal", "i2"});
  });
  matrix_.add("jwt at its expiry", errc::token_expired, [this] { return verify(good_, k2030); });
  matrix_.add("jwt before its time", errc::token_not_yet_valid, [this] { return verify(good_, after(k2029, -61)); });
  matrix_.check("JWT forms");
}

TEST_F(BadJwt, EveryFlippedBitAndTruncationIsRefused) {
  const Codes header{errc::token_syntax, errc::token_algorithm, errc::token_header, errc::token_bad_signature};
  const Codes rest{errc::token_bad_signature, errc::token_syntax};  // syntax: it became a dot, or is not base64
  for (std::size_t i = 0; i < good_.size(); ++i) {
    const Codes& codes = i < header_.size() ? header : rest;
    for (unsigned bit = 0; bit < 8; ++bit) {
      matrix_.add_swept("jwt bit " + std::to_string(i) + "." + std::to_string(bit), codes,
                        [this, i, bit] { return verify(flip(good_, i, bit)); });
    }
    matrix_.add_swept("jwt cut at " + std::to_string(i), {errc::token_syntax},
                      [this, i] { return verify(good_.substr(0, i)); });
  }
  matrix_.check("JWT bits");
}

// Macaroons.

constexpr std::string_view kLocation = "anbox-stream-gateway";
constexpr token::MacaroonRequest kRequest{k2029, "join", "s1", "eu-1", "i1"};

class BadMacaroon : public testing::Test {
 protected:
  token::Macaroon mint(const std::vector<std::string>& caveats) {
    token::Macaroon macaroon = *token::Macaroon::mint(key_, kLocation, "my-client");
    for (const std::string& caveat : caveats) EXPECT_TRUE(macaroon.add_first_party(provider(), caveat));
    return macaroon;
  }
  Errc verify(const std::string& text, const token::MacaroonRequest& request = kRequest) {
    const auto parsed = token::Macaroon::parse(text);
    return parsed ? reason(parsed->verify(key_, kLocation, request)) : parsed.error();
  }
  void add(std::string name, Errc code, std::string text, const token::MacaroonRequest& request = kRequest) {
    matrix_.add("macaroon " + std::move(name), code,
                [this, text = std::move(text), request] { return verify(text, request); });
  }
  void add_changed(std::string name, Errc code, const std::function<void(token::Macaroon&)>& change) {
    token::Macaroon macaroon = good_;
    change(macaroon);
    add(std::move(name), code, macaroon.text());
  }
  static std::string v1(const token::Macaroon& macaroon) {
    return to_base64(token::write_macaroon_v1(macaroon), Base64::url);
  }
  /// The bytes of the valid one with a change.
  std::string bytes_with(const std::function<void(std::vector<std::uint8_t>&)>& change) {
    std::vector<std::uint8_t> bytes = token::write_macaroon_v2(good_);
    change(bytes);
    return to_base64(bytes, Base64::url);
  }

  token::MacaroonKey key_ = std::move(*token::MacaroonKey::prepare(provider(), counting_secret()));
  const token::Macaroon good_ = mint({"2030-01-01T00:00:00Z", "op=join", "session=s1", "region=eu-1"});
  Matrix matrix_;
};

TEST_F(BadMacaroon, AValidMacaroonIsAcceptedInEveryForm) {
  for (const std::string& text : {good_.text(), v1(good_), token::write_macaroon_json(good_)}) {
    EXPECT_EQ(verify(text), Errc::closed_locally);
  }
}

TEST_F(BadMacaroon, UnmetCaveatsAreRefused) {
  for (const char* caveat : {"colour=red",
                             "op",
                             "=join",
                             "",
                             "OP=join",
                             "op =join",
                             " op=join",
                             "time < 2030",
                             "before 2030-01-01T00:00:00Z",
                             "2030-01-01",
                             "2030-01-01T00:00:00",
                             "2030-01-01t00:00:00z",
                             "2030-13-01T00:00:00Z",
                             "2030-02-30T00:00:00Z",
                             "2030-01-01T24:00:00Z",
                             "2030-01-01T00:00:60Z",
                             " 2030-01-01T00:00:00Z",
                             "2030-01-01T00:00:00Z ",
                             "op=",
                             "session="}) {
    add("with the caveat '" + std::string(caveat) + "'", errc::token_caveat,
        mint({"2030-01-01T00:00:00Z", caveat}).text());
  }
  for (const char* caveat : {"op=read", "op=JOIN", "op=join ", "op=join,read", "op=*", "session=s2", "session=s",
                             "session=s1 ", "region=eu-2", "region=", "instance=i2", "instance=i1 "}) {
    if (std::string_view(caveat).ends_with('=')) continue;
    add("for '" + std::string(caveat) + "'", errc::token_scope, mint({"2030-01-01T00:00:00Z", caveat}).text());
  }
  add("for two operations", errc::token_scope, mint({"2030-01-01T00:00:00Z", "op=join", "op=read"}).text());
  add("for a request without an operation", errc::token_scope, good_.text(), {k2029, "", "s1", "eu-1"});
  add("for a request without a session", errc::token_scope, good_.text(), {k2029, "join", "", "eu-1"});
  add("for a request without a region", errc::token_scope, good_.text(), {k2029, "join", "s1", ""});
  add("without an expiry", errc::token_claims, mint({"op=join"}).text());
  add("without caveats", errc::token_claims, mint({}).text());
  add("that expired a second ago", errc::token_expired, mint({"2028-12-31T23:59:59Z"}).text());
  add("that expires now", errc::token_expired, mint({"2029-01-01T00:00:00Z"}).text());
  add("that expired in another time zone", errc::token_expired, mint({"2029-01-01T01:00:00+02:00"}).text());
  add("that expired, by the earlier of two times", errc::token_expired,
      mint({"2030-01-01T00:00:00Z", "2028-01-01T00:00:00Z"}).text());
  add("at its expiry", errc::token_expired, good_.text(), {k2030, "join", "s1", "eu-1"});
  for (const std::size_t at : {0U, 4U}) {
    add_changed("with a third party at " + std::to_string(at), errc::token_third_party,
                [at](token::Macaroon& macaroon) {
                  macaroon.caveats.insert(macaroon.caveats.begin() + static_cast<std::ptrdiff_t>(at),
                                          token::Caveat{"theirs", "https://x", "sealed"});
                });
  }
  matrix_.check("macaroon caveats");
}

TEST_F(BadMacaroon, ChangedMacaroonsAreRefused) {
  for (std::size_t i = 0; i < good_.caveats.size(); ++i) {
    const std::string number = std::to_string(i);
    add_changed("without caveat " + number, errc::token_bad_signature,
                [i](token::Macaroon& m) { m.caveats.erase(m.caveats.begin() + static_cast<std::ptrdiff_t>(i)); });
    add_changed("with caveat " + number + " and the next exchanged", errc::token_bad_signature,
                [i](token::Macaroon& m) { std::swap(m.caveats[i], m.caveats[(i + 1) % m.caveats.size()]); });
    add_changed("with caveat " + number + " twice", errc::token_bad_signature,
                [i](token::Macaroon& m) { m.caveats.push_back(m.caveats[i]); });
    add_changed("with caveat " + number + " longer", errc::token_bad_signature,
                [i](token::Macaroon& m) { m.caveats[i].identifier += ' '; });
  }
  add_changed("without all caveats", errc::token_bad_signature, [](token::Macaroon& m) { m.caveats.clear(); });
  add_changed("with the caveats reversed", errc::token_bad_signature,
              [](token::Macaroon& m) { std::reverse(m.caveats.begin(), m.caveats.end()); });
  add_changed("with an unsigned caveat", errc::token_bad_signature,
              [](token::Macaroon& m) { m.caveats.push_back({"op=join"}); });
  add_changed("with a later expiry", errc::token_bad_signature,
              [](token::Macaroon& m) { m.caveats[0].identifier = "2031-01-01T00:00:00Z"; });
  add_changed("of another account", errc::token_bad_signature, [](token::Macaroon& m) { m.identifier = "admin"; });
  add_changed("of no account", errc::token_bad_signature, [](token::Macaroon& m) { m.identifier.clear(); });
  add_changed("with a moved boundary", errc::token_bad_signature, [](token::Macaroon& m) {
    m.identifier = "my-clien";
    m.caveats[0].identifier = "t2030-01-01T00:00:00Z";
  });
  add_changed("of another location", errc::token_claims, [](token::Macaroon& m) { m.location = "anbox-stream-agent"; });
  add_changed("of no location", errc::token_claims, [](token::Macaroon& m) { m.location.clear(); });
  add_changed("of a longer location", errc::token_claims, [](token::Macaroon& m) { m.location += "."; });
  add_changed("with a signature of zeros", errc::token_bad_signature, [](token::Macaroon& m) { m.signature = {}; });
  add_changed("with the signature before the last caveat", errc::token_bad_signature, [this](token::Macaroon& m) {
    m.signature = mint({"2030-01-01T00:00:00Z", "op=join", "session=s1"}).signature;
  });
  matrix_.add("macaroon of another key", errc::token_bad_signature, [this] {
    token::MacaroonKey other = std::move(*token::MacaroonKey::prepare(provider(), other_secret()));
    return reason(good_.verify(other, kLocation, kRequest));
  });
  add("of a key unknown to us", errc::token_bad_signature, std::string(kPublicSample));
  matrix_.check("macaroon changes");
}

TEST_F(BadMacaroon, InvalidFormsAreRefused) {
  add("empty", errc::token_syntax, "");
  add("of quotes", errc::token_syntax, "\"\"");
  add("of one quote", errc::token_syntax, "\"" + good_.text());
  add("with a line feed", errc::token_syntax, good_.text() + "\n");
  add("with a space", errc::token_syntax, " " + good_.text());
  add("with wrong padding", errc::token_syntax, good_.text() + "===");
  add("of both alphabets", errc::token_syntax, "-+" + good_.text());
  add("with another token after it", errc::token_syntax, good_.text() + "." + good_.text());
  add("of version 0", errc::token_syntax, bytes_with([](auto& b) { b[0] = 0; }));
  add("of version 3", errc::token_syntax, bytes_with([](auto& b) { b[0] = 3; }));
  add("of version 1 behind a 2", errc::token_syntax, [&] {
    auto bytes = token::write_macaroon_v1(good_);
    bytes.insert(bytes.begin(), 2);
    return to_base64(bytes, Base64::url);
  }());
  add("of version 2 without its 2", errc::token_syntax, bytes_with([](auto& b) { b.erase(b.begin()); }));
  add("of version 1 with upper-case lengths", errc::token_syntax, [&] {
    auto bytes = token::write_macaroon_v1(mint({"2030-01-01T00:00:00Z"}));
    for (std::size_t i = 0; i + 4 < bytes.size(); ++i) {
      if (bytes[i] == '0' && bytes[i + 1] == '0' && bytes[i + 3] == 'd') bytes[i + 3] = 'D';
    }
    return to_base64(bytes, Base64::url);
  }());
  add("with a byte after it", errc::token_syntax, bytes_with([](auto& b) { b.push_back(0); }));
  add("with itself after it", errc::token_syntax, bytes_with([](auto& b) {
        const auto copy = b;
        b.insert(b.end(), copy.begin(), copy.end());
      }));
  add("with a long length", errc::token_syntax, bytes_with([](auto& b) {
        b[2] = 0x94;  // the location's 20, in two bytes
        b.insert(b.begin() + 3, 0x00);
      }));
  add("with a length beyond the end", errc::token_syntax, bytes_with([](auto& b) { b[2] = 0x7f; }));
  add("with a length of 2^28", errc::token_syntax, bytes_with([](auto& b) {
        const std::uint8_t huge[] = {0xff, 0xff, 0xff, 0x7f};
        b.erase(b.begin() + 2);
        b.insert(b.begin() + 2, std::begin(huge), std::end(huge));
      }));
  add("with an endless length", errc::token_syntax,
      to_base64(std::vector<std::uint8_t>{2, 1, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}, Base64::url));
  add("with an unknown field", errc::token_syntax, bytes_with([](auto& b) { b[1] = 7; }));
  add("with its fields exchanged", errc::token_syntax,
      to_base64(std::vector<std::uint8_t>{2, 2, 1, 'i', 1, 1, 'l', 0, 0}, Base64::url));
  add("with an empty location", errc::token_syntax,
      to_base64(std::vector<std::uint8_t>{2, 1, 0, 2, 1, 'i', 0, 0}, Base64::url));
  add("with a signature of 31 bytes", errc::token_syntax, bytes_with([](auto& b) {
        b[b.size() - 33] = 31;
        b.pop_back();
      }));
  add("with a thousand caveats", errc::token_too_large, bytes_with([](auto& b) {
        const std::vector<std::uint8_t> caveat{2, 1, 'x', 0};
        for (int i = 0; i < 1000; ++i) b.insert(b.end() - 35, caveat.begin(), caveat.end());
      }));
  add("above 16 KiB", errc::token_too_large,
      to_base64(std::vector<std::uint8_t>(token::kMaxMacaroonSize + 1, 2), Base64::url));
  add("of fifty megabytes", errc::token_too_large, std::string(50'000'000, 'A'));
  const std::string json = token::write_macaroon_json(good_);
  const auto with = [&](std::string_view member) {
    return json.substr(0, json.size() - 1) + "," + std::string(member) + "}";
  };
  add("of JSON that ends early", errc::token_syntax, json.substr(0, json.size() - 1));
  add("of JSON with more after it", errc::token_syntax, json + "{}");
  add("of JSON with two identifiers", errc::token_syntax, with(R"("i":"my-client")"));
  add("of JSON with two identifiers, by an escape", errc::token_syntax, with(R"("\u0069":"my-client")"));
  add("of JSON with an identifier of each kind", errc::token_syntax, with(R"("i64":"bXk")"));
  add("of JSON with an unknown member", errc::token_syntax, with(R"("x":1)"));
  add("of JSON of version 3", errc::token_syntax, with(R"("v":3)"));
  add("of JSON of both versions", errc::token_syntax, with(R"("signature":"00")"));
  add("of JSON with a caveat that is no object", errc::token_syntax, R"({"i":"a","s64":"AA","c":["op=join"]})");
  add("of JSON that is an array", errc::token_syntax, "[" + json + "]");
  add("of JSON above 16 KiB", errc::token_too_large,
      with(R"("x":")" + std::string(token::kMaxMacaroonSize, 'x') + "\""));
  add("that is a JWT", errc::token_syntax, "eyJhbGciOiJIUzI1NiJ9.e30.AAAA");
  matrix_.check("macaroon forms");
}

TEST_F(BadMacaroon, EveryFlippedBitAndTruncationIsRefused) {
  // token_claims: in the location, which is compared. token_third_party: a caveat that became third-party.
  const Codes codes{errc::token_bad_signature, errc::token_syntax, errc::token_claims, errc::token_third_party};
  for (const auto write : {token::write_macaroon_v1, token::write_macaroon_v2}) {
    const std::vector<std::uint8_t> bytes = write(good_);
    const std::string version = write == token::write_macaroon_v1 ? "macaroon v1 " : "macaroon v2 ";
    for (std::size_t i = 0; i < bytes.size(); ++i) {
      for (unsigned bit = 0; bit < 8; ++bit) {
        auto changed = bytes;
        changed[i] ^= static_cast<std::uint8_t>(1U << bit);
        matrix_.add_swept(version + "bit " + std::to_string(i) + "." + std::to_string(bit), codes,
                          [this, changed] { return verify(to_base64(changed, Base64::url)); });
      }
      const std::vector<std::uint8_t> cut(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(i));
      matrix_.add_swept(version + "cut at " + std::to_string(i), {errc::token_syntax},
                        [this, cut] { return verify(to_base64(cut, Base64::url)); });
    }
  }
  matrix_.check("macaroon bits");
}

// Join tokens.

/// Like a service: parses the token, finds its record, redeems it once.
class BadJoinToken : public testing::Test {
 protected:
  Errc join(const std::string& text, WallTime now = k2029) {
    const auto token = trust::parse_join_token(text);
    if (!token) return token.error();
    const auto found = records_.find(trust::secret_id(provider(), token->secret.expose()));
    const auto record = found == records_.end() ? std::nullopt : std::optional(found->second);
    const auto checked = trust::check_join(record, now);
    if (!checked) return checked.error();
    records_.erase(found);
    return Errc::closed_locally;
  }
  std::string issue() {
    trust::JoinToken token{
        "node-1", {"192.0.2.1:8444"}, std::string(64, 'a'), trust::new_join_secret(provider()), k2030};
    records_[trust::secret_id(provider(), token.secret.expose())] = {"node-1", trust::Role::agent, k2030};
    return to_text(token);
  }
  std::map<std::string, trust::JoinRecord> records_;
  Matrix matrix_;
};

TEST_F(BadJoinToken, IsRefused) {
  const std::string used = issue();
  ASSERT_EQ(join(used), Errc::closed_locally);
  const std::string good = issue();
  const auto add = [&](std::string name, std::string text, WallTime now = k2029) {
    matrix_.add("join token " + std::move(name), errc::trust_join_token, [this, text, now] { return join(text, now); });
  };
  add("used", used);
  add("expired", good, k2030);
  add("long expired", good, WallTime{4'000'000'000});
  add("never issued", to_text(trust::JoinToken{"node-1", {}, "", trust::new_join_secret(provider()), k2030}));
  add("with a secret of zeros",
      to_text(trust::JoinToken{"node-1", {}, "", trust::JoinSecret(std::vector<std::uint8_t>(32)), k2030}));
  add("empty", "");
  add("in standard base64", good + "==");
  add("with a line feed", good + "\n");
  add("of JSON", R"({"name":"node-1"})");
  add("that is a macaroon", std::string(kGatewayToken));
  add("too large", std::string(trust::kMaxJoinToken + 1, 'A'));
  // The expiry in the store counts, not the one that the holder writes into the token.
  trust::JoinToken later = std::move(*trust::parse_join_token(good));
  later.expires_at = WallTime{9'000'000'000};
  add("with a later expiry written into it", to_text(later), k2030);
  for (std::size_t i = 0; i < 32; ++i) {
    trust::JoinToken token = std::move(*trust::parse_join_token(good));
    token.secret.fill(32)[i] ^= 1U;
    add("with byte " + std::to_string(i) + " of the secret changed", to_text(token));
  }
  for (std::size_t i = 0; i < good.size(); ++i) {
    matrix_.add_swept("join token cut at " + std::to_string(i), {errc::trust_join_token},
                      [this, good, i] { return join(good.substr(0, i)); });
  }
  matrix_.check("join tokens");
  EXPECT_EQ(join(good), Errc::closed_locally);
}

// TURN.

TEST(BadTurnCredential, IsRefused) {
  constexpr std::string_view kSecret = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
  token::TurnKey key = std::move(*token::TurnKey::prepare(provider(), Secret<64>(as_bytes(kSecret))));
  token::TurnKey other = std::move(*token::TurnKey::prepare(provider(), Secret<64>(as_bytes(std::string(64, 'x')))));
  const token::TurnCredential good = *key.mint("cabc0123", k2030);
  ASSERT_TRUE(key.verify(good, k2029));
  Matrix matrix;
  const auto add = [&](std::string name, Errc code, token::TurnCredential credential, WallTime now = k2029) {
    matrix.add("turn " + std::move(name), code,
               [&key, credential = std::move(credential), now] { return reason(key.verify(credential, now)); });
  };
  add("at its expiry", errc::token_expired, good, k2030);
  add("after its expiry", errc::token_expired, good, after(k2030, 1));
  add("with a later expiry", errc::token_bad_signature, {"1893456001:cabc0123", good.password});
  add("with an earlier expiry", errc::token_bad_signature, {"1893455999:cabc0123", good.password});
  add("of another user", errc::token_bad_signature, {"1893456000:cabc0124", good.password});
  add("of another secret", errc::token_bad_signature, *other.mint("cabc0123", k2030));
  add("without a password", errc::token_bad_signature, {good.username, ""});
  add("with a longer password", errc::token_bad_signature, {good.username, good.password + "="});
  add("with an unpadded password", errc::token_bad_signature, {good.username, good.password.substr(0, 27)});
  add("with the secret as password", errc::token_bad_signature, {good.username, std::string(kSecret)});
  add("with a password of another case", errc::token_bad_signature, {good.username, "b033dpie+qirs40rkf0/jgcvdzs="});
  for (const char* username :
       {"", ":", "1893456000", "1893456000:", ":cabc0123", "cabc0123:1893456000", "+1893456000:cabc0123",
        "01893456000:cabc0123", " 1893456000:cabc0123", "1893456000.5:cabc0123", "0x70dbd880:cabc0123", "-1:cabc0123",
        "99999999999999999999:cabc0123", "1893456000:cabc:0123", "1893456000:cabc 0123", "1893456000:cabc\n0123"}) {
    add("of the name '" + std::string(username) + "'", errc::token_syntax, {username, good.password});
  }
  for (std::size_t i = 0; i < good.password.size(); ++i) {
    for (unsigned bit = 0; bit < 8; ++bit) {
      matrix.add_swept("turn password bit " + std::to_string(i) + "." + std::to_string(bit),
                       {errc::token_bad_signature}, [&, i, bit] {
                         return reason(key.verify({good.username, flip(good.password, i, bit)}, k2029));
                       });
    }
  }
  for (std::size_t i = 0; i < good.username.size(); ++i) {
    for (unsigned bit = 0; bit < 8; ++bit) {
      matrix.add_swept("turn name bit " + std::to_string(i) + "." + std::to_string(bit),
                       {errc::token_bad_signature, errc::token_syntax}, [&, i, bit] {
                         return reason(key.verify({flip(good.username, i, bit), good.password}, k2029));
                       });
    }
  }
  matrix.check("TURN");
}

/// The last test of this file: in complete runs it checks that the matrix has not shrunk.
TEST(BadCredentials, CoverAtLeastTheExpectedNumberOfCases) {
  if (Matrix::total() == 0) GTEST_SKIP() << "the others did not run";
  std::printf("bad credentials: %zu named cases, flipped bits and truncations not counted\n", Matrix::total());
  EXPECT_GE(Matrix::total(), 300U);
}

}  // namespace
}  // namespace redan::cloud::test
