// Connects the types of tls.hpp with OpenSSL's. Included by .cpp files only.
#pragma once

#include <boost/asio/ssl/context.hpp>
#include <boost/system/error_code.hpp>

#include "net/tls/tls.hpp"

namespace redan::net {

/// invalid_argument if a trusted authority does not parse or a name is empty, crypto_bad_key for an unusable identity.
Result<std::shared_ptr<boost::asio::ssl::context>> tls_client_context(const TlsTrust& trust,
                                                                      const TlsIdentity* identity,
                                                                      bool allow_small_keys = false);

/// For a server that is not of Redan: TLS 1.2 or later (RFC 9325 section 3.1.1), with forward secrecy and AEAD; keys of
/// any kind and size that OpenSSL accepts. invalid_argument as above.
Result<std::shared_ptr<boost::asio::ssl::context>> foreign_server_context(const TlsTrust& trust);

/// False if a pin is not a SHA-256, a trusted authority does not parse or a name is empty.
bool trust_servers(ssl_ctx_st* context, const TlsTrust& trust, bool allow_small_keys);

/// For one connection of a server, before its handshake.
void ask_for_certificate(ssl_st* connection, ClientCertificates mode);
/// SNI, RFC 6066 section 3; not for an IP address.
void name_server(ssl_st* connection, const std::string& host);

/// Valid after the handshake.
TlsDescription describe_tls(const ssl_st* connection);
std::optional<ClientCertificate> client_certificate(const ssl_st* connection);

/// Why a client's handshake failed.
Errc handshake_failure(const TlsTrust& trust, const ssl_st* connection, const boost::system::error_code& error);
/// The SHA-256 of the certificate presented to a client that pins another; 64 hexadecimal digits, or empty.
std::string shown_fingerprint(const ssl_st* connection);
/// For tls_key_too_small: which certificate of the server's chain has which key, for display; empty if OpenSSL refused
/// it.
std::string small_key(const ssl_st* connection);
/// Whether the server refused our certificate. In TLS 1.3 the client learns of it at its first read.
bool is_certificate_refusal(const boost::system::error_code& error);

}  // namespace redan::net
