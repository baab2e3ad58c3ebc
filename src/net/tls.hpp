// TLS 1.3 and nothing older, as a server and as a client (RFC 8446). No resumption, no early data, no compression.
#pragma once

#include <boost/asio/ssl/context.hpp>
#include <filesystem>
#include <functional>
#include <redan/crypto.hpp>

namespace redan::net {

/// A server's certificate and key.
struct TlsIdentity {
  std::vector<std::uint8_t> certificate_der;
  std::vector<std::uint8_t> private_key_der;  ///< wiped by its holder
  Fingerprint fingerprint;

  TlsIdentity() = default;
  TlsIdentity(TlsIdentity&&) = default;
  TlsIdentity& operator=(TlsIdentity&&) = default;
  ~TlsIdentity() { wipe(private_key_der); }
};

/// Reads `directory`/tls.pem, or makes it: RSA-4096, self-signed for `names`, mode 0600. The directory is made with
/// mode 0700 if it is missing; the mode of one that exists is its owner's business. Throws std::runtime_error in a
/// person's words if the file belongs to or can be read by others, is damaged, or holds a smaller key. `progress` is
/// told what takes long.
TlsIdentity load_or_create_tls_identity(const std::filesystem::path& directory, const std::vector<std::string>& names,
                                        Provider& provider, const std::function<void(std::string_view)>& progress);

boost::asio::ssl::context tls_server_context(const TlsIdentity& identity);

/// Accepts exactly the server whose whole certificate has this SHA-256; checked before a byte of the request leaves.
boost::asio::ssl::context tls_client_context(const Digest& pinned_sha256);

/// "TLSv1.3" and the cipher suite of a connection.
struct TlsDescription {
  std::string version;
  std::string cipher;
};
TlsDescription describe_tls(const ssl_st* connection);

}  // namespace redan::net
