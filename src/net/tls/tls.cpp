#include "net/tls/tls.hpp"

#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <boost/asio/ip/address.hpp>
#include <boost/asio/ssl/error.hpp>

#include "base/assert.hpp"
#include "base/hex.hpp"
#include "net/tls/context.hpp"
#include "net/tls/openssl_types.hpp"

namespace redan::net {
namespace {

namespace ssl = boost::asio::ssl;

// Set explicitly, so that no system configuration overrides it. All have at least 128 bits of strength, and none of the
// groups is expensive for a server.
constexpr const char* kSuites = "TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256:TLS_AES_128_GCM_SHA256";
constexpr const char* kSuites12 = "ECDHE+AESGCM:ECDHE+CHACHA20";  // for servers of others, with TLS 1.2
constexpr const char* kGroups = "X25519:P-256:P-384";

std::shared_ptr<ssl::context> make_context(ssl::context::method method) {
  auto context = std::make_shared<ssl::context>(method);
  SSL_CTX* native = context->native_handle();
  SSL_CTX_set_min_proto_version(native, TLS1_3_VERSION);
  SSL_CTX_set_max_proto_version(native, TLS1_3_VERSION);
  REDAN_ASSERT(SSL_CTX_set_ciphersuites(native, kSuites) == 1);
  REDAN_ASSERT(SSL_CTX_set1_groups_list(native, kGroups) == 1);
  SSL_CTX_set_options(native, SSL_OP_NO_TICKET | SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION);
  SSL_CTX_set_num_tickets(native, 0);
  SSL_CTX_set_session_cache_mode(native, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_max_early_data(native, 0);
  SSL_CTX_set_mode(native, SSL_MODE_RELEASE_BUFFERS);
  return context;
}

bool use_identity(SSL_CTX* context, const TlsIdentity& identity) {
  const X509Ptr certificate = certificate_of(identity.certificate_der);
  const KeyPtr key = key_of(identity.private_key_der);
  if (!certificate || !key || SSL_CTX_use_certificate(context, certificate.get()) != 1 ||
      SSL_CTX_use_PrivateKey(context, key.get()) != 1) {
    return false;
  }
  for (const auto& der : identity.chain_der) {
    const X509Ptr next = certificate_of(der);
    if (!next || SSL_CTX_add1_chain_cert(context, next.get()) != 1) return false;
  }
  return true;
}

// CertificateVerify still proves possession of the key (RFC 8446 section 4.4.3).
int accept_any(X509_STORE_CTX* store, void*) {
  X509_STORE_CTX_set_error(store, X509_V_OK);
  return 1;
}

}  // namespace

std::optional<Digest> parse_pin(std::string_view text) {
  constexpr std::size_t kSize = 32;
  const bool colons = text.size() == 3 * kSize - 1;
  if (!colons && text.size() != 2 * kSize) return std::nullopt;
  const auto bytes = from_hex(text, colons ? HexForm::colons : HexForm::plain);
  if (!bytes || bytes->size() != kSize) return std::nullopt;
  Digest digest;
  digest.size = kSize;
  std::copy(bytes->begin(), bytes->end(), digest.storage.begin());
  return digest;
}

std::string pin_text(const Digest& sha256) { return to_hex(sha256.bytes()); }

Result<std::shared_ptr<ssl::context>> tls_client_context(const TlsTrust& trust, const TlsIdentity* identity,
                                                         bool allow_small_keys) {
  std::shared_ptr<ssl::context> context = make_context(ssl::context::tls_client);
  SSL_CTX* native = context->native_handle();
  SSL_CTX_set_verify(native, SSL_VERIFY_PEER, nullptr);
  if (!trust_servers(native, trust, allow_small_keys)) return refuse(Errc::invalid_argument);
  if (identity != nullptr && !use_identity(native, *identity)) return refuse(Errc::crypto_bad_key);
  return context;
}

Result<std::shared_ptr<ssl::context>> foreign_server_context(const TlsTrust& trust) {
  REDAN_TRY(auto context, tls_client_context(trust, nullptr, true));
  SSL_CTX_set_min_proto_version(context->native_handle(), TLS1_2_VERSION);
  REDAN_ASSERT(SSL_CTX_set_cipher_list(context->native_handle(), kSuites12) == 1);
  return context;
}

// Servers.

Result<std::shared_ptr<TlsServerCredentials>> TlsServerCredentials::make(const TlsIdentity& identity) {
  auto credentials = std::make_shared<TlsServerCredentials>();
  REDAN_CHECK(credentials->replace(identity));
  return credentials;
}

Result<void> TlsServerCredentials::replace(const TlsIdentity& identity) {
  const KeyPtr key = key_of(identity.private_key_der);
  if (!key || !is_rsa_4096(key.get())) return refuse(Errc::crypto_bad_key);
  std::shared_ptr<ssl::context> context = make_context(ssl::context::tls_server);
  if (!use_identity(context->native_handle(), identity)) return refuse(Errc::crypto_bad_key);
  SSL_CTX_set_cert_verify_callback(context->native_handle(), accept_any, nullptr);
  fingerprint_ = {HashAlgorithm::sha256, sha256_of(certificate_of(identity.certificate_der).get())};
  context_ = std::move(context);
  return {};
}

void ask_for_certificate(SSL* connection, ClientCertificates mode) {
  if (mode == ClientCertificates::none) return;
  const int must = mode == ClientCertificates::required ? SSL_VERIFY_FAIL_IF_NO_PEER_CERT : 0;
  SSL_set_verify(connection, SSL_VERIFY_PEER | must, nullptr);
}

// Connections.

void name_server(SSL* connection, const std::string& host) {
  boost::system::error_code not_an_address;
  boost::asio::ip::make_address(host, not_an_address);
  if (not_an_address) SSL_set_tlsext_host_name(connection, host.c_str());
}

TlsDescription describe_tls(const SSL* connection) {
  return {SSL_get_version(connection), SSL_CIPHER_standard_name(SSL_get_current_cipher(connection))};
}

std::optional<ClientCertificate> client_certificate(const SSL* connection) {
  const X509* leaf = SSL_get0_peer_certificate(connection);
  if (leaf == nullptr) return std::nullopt;
  ClientCertificate certificate{to_der<X509>(i2d_X509, leaf), {}, sha256_of(leaf)};
  // On a server, OpenSSL's chain does not include the leaf.
  const STACK_OF(X509)* chain = SSL_get_peer_cert_chain(connection);
  for (int i = 0; chain != nullptr && i < sk_X509_num(chain); ++i) {
    certificate.chain.push_back(to_der<X509>(i2d_X509, sk_X509_value(chain, i)));
  }
  return certificate;
}

bool is_certificate_refusal(const boost::system::error_code& error) {
  if (error.category() != boost::asio::error::get_ssl_category()) return false;
  switch (ERR_GET_REASON(static_cast<unsigned long>(error.value()))) {
    case SSL_R_TLSV13_ALERT_CERTIFICATE_REQUIRED:
    case SSL_R_SSLV3_ALERT_BAD_CERTIFICATE:
    case SSL_R_SSLV3_ALERT_UNSUPPORTED_CERTIFICATE:
    case SSL_R_SSLV3_ALERT_CERTIFICATE_REVOKED:
    case SSL_R_SSLV3_ALERT_CERTIFICATE_EXPIRED:
    case SSL_R_SSLV3_ALERT_CERTIFICATE_UNKNOWN:
    case SSL_R_TLSV1_ALERT_UNKNOWN_CA:
    case SSL_R_TLSV1_ALERT_ACCESS_DENIED:
      return true;
    default:
      return false;
  }
}

}  // namespace redan::net
