// mbedTLS's own DTLS, without the cookie exchange.
#include <mbedtls/ctr_drbg.h>
#include <mbedtls/entropy.h>
#include <mbedtls/sha256.h>
#include <mbedtls/ssl.h>

#include <cstring>

#include "bench/dtls_work.hpp"

namespace redan::bench {
namespace {

constexpr int kSuites[] = {MBEDTLS_TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, 0};
// The list also restricts the certificate's curve.
constexpr mbedtls_ecp_group_id kX25519[] = {MBEDTLS_ECP_DP_CURVE25519, MBEDTLS_ECP_DP_SECP256R1, MBEDTLS_ECP_DP_NONE};
constexpr mbedtls_ecp_group_id kP256[] = {MBEDTLS_ECP_DP_SECP256R1, MBEDTLS_ECP_DP_NONE};

constexpr mbedtls_ssl_srtp_profile kSrtpProfiles[] = {MBEDTLS_TLS_SRTP_AES128_CM_HMAC_SHA1_80, MBEDTLS_TLS_SRTP_UNSET};

class Random {
 public:
  Random() {
    mbedtls_entropy_init(&entropy_);
    mbedtls_ctr_drbg_init(&drbg);
    if (mbedtls_ctr_drbg_seed(&drbg, mbedtls_entropy_func, &entropy_, nullptr, 0) != 0) failed("mbedTLS's DRBG");
  }
  ~Random() {
    mbedtls_ctr_drbg_free(&drbg);
    mbedtls_entropy_free(&entropy_);
  }
  Random(const Random&) = delete;
  Random& operator=(const Random&) = delete;
  mbedtls_ctr_drbg_context drbg;

 private:
  mbedtls_entropy_context entropy_;
};

int check_fingerprint(void* expected, mbedtls_x509_crt* certificate, int depth, std::uint32_t* flags) {
  std::array<std::uint8_t, 32> digest{};
  mbedtls_sha256_ret(certificate->raw.p, certificate->raw.len, digest.data(), 0);
  const Bytes wanted = static_cast<const Fingerprint*>(expected)->digest.bytes();
  *flags = depth == 0 && equal_in_constant_time(digest, wanted) ? 0 : MBEDTLS_X509_BADCERT_OTHER;
  return 0;
}

/// The configuration of one side.
class Context {
 public:
  Context(bool server, const Identity& identity, const Fingerprint& peer, Group group, Random& random) {
    mbedtls_ssl_config_init(&config);
    mbedtls_x509_crt_init(&certificate_);
    mbedtls_pk_init(&key_);
    const auto key = identity.key->private_key_der();
    mbedtls_ssl_config_defaults(&config, server ? MBEDTLS_SSL_IS_SERVER : MBEDTLS_SSL_IS_CLIENT,
                                MBEDTLS_SSL_TRANSPORT_DATAGRAM, MBEDTLS_SSL_PRESET_DEFAULT);
    mbedtls_x509_crt_parse_der(&certificate_, identity.certificate_der.data(), identity.certificate_der.size());
    mbedtls_pk_parse_key(&key_, key.data(), key.size(), nullptr, 0);
    if (mbedtls_ssl_conf_own_cert(&config, &certificate_, &key_) != 0) failed("mbedTLS's certificate");
    mbedtls_ssl_conf_rng(&config, mbedtls_ctr_drbg_random, &random.drbg);
    mbedtls_ssl_conf_ciphersuites(&config, kSuites);
    mbedtls_ssl_conf_curves(&config, group == Group::x25519 ? kX25519 : kP256);
    // Without a trusted authority, REQUIRED would refuse before the fingerprint is checked.
    mbedtls_ssl_conf_authmode(&config, MBEDTLS_SSL_VERIFY_OPTIONAL);
    mbedtls_ssl_conf_verify(&config, check_fingerprint, const_cast<Fingerprint*>(&peer));
    mbedtls_ssl_conf_session_tickets(&config, MBEDTLS_SSL_SESSION_TICKETS_DISABLED);
    mbedtls_ssl_conf_dtls_srtp_protection_profiles(&config, kSrtpProfiles);
    mbedtls_ssl_conf_dtls_cookies(&config, nullptr, nullptr, nullptr);
  }
  ~Context() {
    mbedtls_ssl_config_free(&config);
    mbedtls_x509_crt_free(&certificate_);
    mbedtls_pk_free(&key_);
  }
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;

  mbedtls_ssl_config config;

 private:
  mbedtls_x509_crt certificate_;
  mbedtls_pk_context key_;
};

void set_timer(void*, std::uint32_t, std::uint32_t) {}
int timer_state(void*) { return 0; }

struct Keys {
  std::array<std::uint8_t, 48> master;
  std::array<std::uint8_t, 64> randoms;
  mbedtls_tls_prf_types prf;
};

int keep_keys(void* to, const unsigned char* master, const unsigned char*, std::size_t, std::size_t, std::size_t,
              const unsigned char* client_random, const unsigned char* server_random, mbedtls_tls_prf_types prf) {
  Keys& keys = *static_cast<Keys*>(to);
  std::copy_n(master, 48, keys.master.begin());
  std::copy_n(client_random, 32, keys.randoms.begin());
  std::copy_n(server_random, 32, keys.randoms.begin() + 32);
  keys.prf = prf;
  return 0;
}

struct End {
  explicit End(mbedtls_ssl_config& config) {
    mbedtls_ssl_init(&ssl);
    if (mbedtls_ssl_setup(&ssl, &config) != 0) failed("mbedTLS's setup");
    mbedtls_ssl_set_bio(&ssl, this, send, receive, nullptr);
    mbedtls_ssl_set_timer_cb(&ssl, nullptr, set_timer, timer_state);
    mbedtls_ssl_set_mtu(&ssl, 1200);
  }
  ~End() { mbedtls_ssl_free(&ssl); }
  End(const End&) = delete;
  End& operator=(const End&) = delete;

  bool handshake() {
    while (ssl.state != MBEDTLS_SSL_HANDSHAKE_OVER) {
      if (mbedtls_ssl_handshake_step(&ssl) != 0) return false;
    }
    return true;
  }
  static int send(void* self, const unsigned char* data, std::size_t size) {
    static_cast<End*>(self)->out.emplace_back(data, data + size);
    return static_cast<int>(size);
  }
  static int receive(void* self, unsigned char* data, std::size_t size) {
    Datagrams& in = static_cast<End*>(self)->in;
    if (in.empty()) return MBEDTLS_ERR_SSL_WANT_READ;
    const std::size_t n = std::min(size, in.front().size());
    std::memcpy(data, in.front().data(), n);
    in.pop_front();
    return static_cast<int>(n);
  }

  mbedtls_ssl_context ssl;
  Datagrams in, out;
};

class MbedtlsPair final : public DtlsPair {
 public:
  MbedtlsPair(mbedtls_ssl_config& client, mbedtls_ssl_config& server) : client_(client), server_(server) {
    Keys keys{};
    mbedtls_ssl_conf_export_keys_ext_cb(&client, keep_keys, &keys);
    mbedtls_ssl_conf_export_keys_ext_cb(&server, keep_keys, &keys);
    bool done = false;
    for (int i = 0; i < 5 && !done; ++i) {
      done = client_.handshake();
      std::swap(client_.out, server_.in);
      done = server_.handshake() && done;
      std::swap(server_.out, client_.in);
    }
    if (!done || mbedtls_ssl_get_verify_result(&client_.ssl) != 0 || mbedtls_ssl_get_verify_result(&server_.ssl) != 0) {
      failed("mbedTLS's handshake");
    }
    std::array<std::uint8_t, kExported> exported{};
    for (int side = 0; side < 2; ++side) {
      mbedtls_ssl_tls_prf(keys.prf, keys.master.data(), keys.master.size(), "EXTRACTOR-dtls_srtp", keys.randoms.data(),
                          keys.randoms.size(), exported.data(), exported.size());
    }
  }

  bool carry(Bytes payload) override {
    std::array<std::uint8_t, 2048> buffer;
    mbedtls_ssl_write(&client_.ssl, payload.data(), payload.size());
    std::swap(client_.out, server_.in);
    return mbedtls_ssl_read(&server_.ssl, buffer.data(), buffer.size()) == static_cast<int>(payload.size());
  }

 private:
  End client_, server_;
};

struct MbedtlsHalfOpen final : HalfOpenServer {
  MbedtlsHalfOpen(mbedtls_ssl_config& config, const Datagrams& hello) : end(config) {
    end.in = hello;
    end.handshake();
    if (end.out.empty()) failed("mbedTLS's half-open handshake");
    Datagrams().swap(end.in);
    Datagrams().swap(end.out);
  }
  End end;
};

class MbedtlsStack final : public DtlsStack {
 public:
  MbedtlsStack(const Identities& identities, Group group)
      : client_(false, identities.client, identities.server_fingerprint, group, random_),
        server_(true, identities.server, identities.client_fingerprint, group, random_) {
    End client(client_.config);
    client.handshake();
    hello_ = client.out;
  }
  std::unique_ptr<DtlsPair> connect() override { return std::make_unique<MbedtlsPair>(client_.config, server_.config); }
  std::unique_ptr<HalfOpenServer> half_open() override {
    return std::make_unique<MbedtlsHalfOpen>(server_.config, hello_);
  }

 private:
  Random random_;
  Context client_, server_;
  Datagrams hello_;
};

}  // namespace

std::unique_ptr<DtlsStack> mbedtls_stack(const Identities& identities, Group group) {
  return std::make_unique<MbedtlsStack>(identities, group);
}

}  // namespace redan::bench
