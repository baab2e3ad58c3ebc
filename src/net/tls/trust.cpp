// Verifies servers: the pin or the authorities, and the size of the keys in the chain.
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <boost/asio/ip/address.hpp>

#include "net/errors.hpp"
#include "net/tls/context.hpp"
#include "net/tls/openssl_types.hpp"

namespace redan::net {
namespace {

/// A client's requirements on a server; stored in its context.
struct ServerRules {
  std::optional<Digest> pin{};  ///< none: authorities decide
  bool allow_small_keys = false;
};
/// Why a client refused a server; stored in the connection.
struct Refusal {
  std::string shown{};      ///< the fingerprint that differs from the pin
  std::string small_key{};  ///< whose key is too small
};

template <class T>
void free_kept(void*, void* kept, CRYPTO_EX_DATA*, int, long, void*) {
  delete static_cast<T*>(kept);
}

int rules_index() {
  static const int index = SSL_CTX_get_ex_new_index(0, nullptr, nullptr, nullptr, free_kept<ServerRules>);
  return index;
}

int refusal_index() {
  static const int index = SSL_get_ex_new_index(0, nullptr, nullptr, nullptr, free_kept<Refusal>);
  return index;
}

bool refuse_server(X509_STORE_CTX* store, SSL* connection, int error, Refusal refusal) {
  X509_STORE_CTX_set_error(store, error);
  auto kept = std::make_unique<Refusal>(std::move(refusal));
  if (SSL_set_ex_data(connection, refusal_index(), kept.get()) == 1) (void)kept.release();
  return false;
}

// Replaces X509_verify_cert: the pin covers the leaf's whole DER, and the chain is ignored.
bool is_pinned(X509_STORE_CTX* store, SSL* connection, const Digest& pin) {
  const X509* leaf = X509_STORE_CTX_get0_cert(store);
  const Digest shown = leaf == nullptr ? Digest() : sha256_of(leaf);
  if (leaf == nullptr || !equal_in_constant_time(shown.bytes(), pin.bytes())) {
    return refuse_server(store, connection, X509_V_ERR_CERT_REJECTED, {.shown = pin_text(shown)});
  }
  X509_STORE_CTX_set_error(store, X509_V_OK);
  return true;
}

std::string subject_of(const X509* certificate) {
  constexpr long kMost = 200;
  const BioPtr bio(BIO_new(BIO_s_mem()));
  X509_NAME_print_ex(bio.get(), X509_get_subject_name(certificate), 0, XN_FLAG_RFC2253);
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &data);
  return size <= 0 ? "without a subject" : std::string(data, static_cast<std::size_t>(std::min(size, kMost)));
}

// A chain is as strong as its weakest key, including those of the server, of intermediates, and of the authority. With
// a pin there is no chain.
bool has_large_keys(X509_STORE_CTX* store, SSL* connection) {
  const STACK_OF(X509)* chain = X509_STORE_CTX_get0_chain(store);
  const int size = chain == nullptr ? 1 : sk_X509_num(chain);
  for (int i = 0; i < size; ++i) {
    const X509* certificate = chain == nullptr ? X509_STORE_CTX_get0_cert(store) : sk_X509_value(chain, i);
    const EVP_PKEY* key = X509_get0_pubkey(certificate);
    if (is_rsa_4096(key)) continue;
    const int error = i == 0 ? X509_V_ERR_EE_KEY_TOO_SMALL : X509_V_ERR_CA_KEY_TOO_SMALL;
    const std::string whose = i == 0 ? "its certificate " : "the authority's certificate ";
    return refuse_server(
        store, connection, error,
        {.small_key = whose + subject_of(certificate) + " has a key of " + key_kind(key) + ", not RSA-4096"});
  }
  return true;
}

int verify_server(X509_STORE_CTX* store, void*) {
  auto* connection = static_cast<SSL*>(X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx()));
  const auto& rules = *static_cast<const ServerRules*>(SSL_CTX_get_ex_data(SSL_get_SSL_CTX(connection), rules_index()));
  const bool trusted = rules.pin ? is_pinned(store, connection, *rules.pin) : X509_verify_cert(store) == 1;
  return trusted && (rules.allow_small_keys || has_large_keys(store, connection)) ? 1 : 0;
}

bool keep_rules(SSL_CTX* context, ServerRules rules) {
  auto kept = std::make_unique<ServerRules>(std::move(rules));
  if (SSL_CTX_set_ex_data(context, rules_index(), kept.get()) != 1) return false;
  (void)kept.release();  // free_kept
  SSL_CTX_set_cert_verify_callback(context, verify_server, nullptr);
  return true;
}

bool apply(const PinnedSha256& trust, SSL_CTX*, ServerRules& rules) {
  rules.pin = trust.digest;
  return trust.digest.size == hash_size(HashAlgorithm::sha256);
}

bool expect_name(SSL_CTX* context, const std::string& name) {
  X509_VERIFY_PARAM* parameters = SSL_CTX_get0_param(context);
  // RFC 9525: names are in subjectAltName, and a wildcard stands for a whole label.
  X509_VERIFY_PARAM_set_hostflags(parameters,
                                  X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS | X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
  if (name.empty()) return false;
  boost::system::error_code not_an_address;
  boost::asio::ip::make_address(name, not_an_address);
  return not_an_address ? X509_VERIFY_PARAM_set1_host(parameters, name.data(), name.size()) == 1
                        : X509_VERIFY_PARAM_set1_ip_asc(parameters, name.c_str()) == 1;
}

bool apply(const TrustedAuthority& trust, SSL_CTX* context, ServerRules&) {
  const std::vector<X509Ptr> authorities = parse_certificates(trust.authority_pem);
  X509_STORE* store = SSL_CTX_get_cert_store(context);
  for (const X509Ptr& authority : authorities) {
    if (X509_STORE_add_cert(store, authority.get()) != 1) return false;
  }
  return !authorities.empty() && expect_name(context, trust.name);
}

bool apply(const SystemAuthorities& trust, SSL_CTX* context, ServerRules&) {
  return SSL_CTX_set_default_verify_paths(context) == 1 && expect_name(context, trust.name);
}

const Refusal* refusal_of(const SSL* connection) {
  return connection == nullptr ? nullptr : static_cast<const Refusal*>(SSL_get_ex_data(connection, refusal_index()));
}

}  // namespace

bool trust_servers(SSL_CTX* context, const TlsTrust& trust, bool allow_small_keys) {
  ServerRules rules{.allow_small_keys = allow_small_keys};
  const bool applied = std::visit([&](const auto& kind) { return apply(kind, context, rules); }, trust);
  return applied && keep_rules(context, std::move(rules));
}

std::string shown_fingerprint(const SSL* connection) {
  const Refusal* refusal = refusal_of(connection);
  return refusal == nullptr ? "" : refusal->shown;
}

std::string small_key(const SSL* connection) {
  const Refusal* refusal = refusal_of(connection);
  return refusal == nullptr ? "" : refusal->small_key;
}

Errc handshake_failure(const TlsTrust& trust, const SSL* connection, const boost::system::error_code& error) {
  if (is_certificate_refusal(error)) return errc::tls_client_refused;
  switch (SSL_get_verify_result(connection)) {
    case X509_V_OK:
      return errc::tls_failed;
    case X509_V_ERR_EE_KEY_TOO_SMALL:
    case X509_V_ERR_CA_KEY_TOO_SMALL:
      return errc::tls_key_too_small;
    default:
      return std::holds_alternative<PinnedSha256>(trust) ? errc::tls_pin_mismatch : errc::tls_untrusted;
  }
}

}  // namespace redan::net
