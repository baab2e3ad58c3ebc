// TLS 1.3 and nothing older, as a server and as a client (RFC 8446). No resumption, no early data, no compression.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <redan/crypto.hpp>
#include <variant>

struct ssl_st;
namespace boost::asio::ssl {
class context;
}

namespace redan::net {

// Identities.

/// A certificate, its intermediate certificates, and its key.
struct TlsIdentity {
  std::vector<std::uint8_t> certificate_der;
  std::vector<std::vector<std::uint8_t>> chain_der;  ///< sent after the certificate; without the root
  std::vector<std::uint8_t> private_key_der;         ///< the holder must wipe it
  Fingerprint fingerprint;                           ///< SHA-256 of the whole certificate

  TlsIdentity() = default;
  TlsIdentity(TlsIdentity&&) = default;
  TlsIdentity& operator=(TlsIdentity&&) = default;
  ~TlsIdentity() { wipe(private_key_der); }
};

/// Reads `directory`/tls.pem, or creates it: RSA-4096, self-signed for `names`, mode 0600. A missing directory is
/// created with mode 0700; the mode of an existing one is not changed. Throws std::runtime_error with a human-readable
/// message if the file is a symbolic link, belongs to or can be read by others, is damaged, or contains a smaller key.
/// `progress` is called before slow steps.
TlsIdentity load_or_create_tls_identity(const std::filesystem::path& directory, const std::vector<std::string>& names,
                                        Provider& provider, const std::function<void(std::string_view)>& progress);

/// An existing identity: `certificate_pem` holds the certificate, then its chain if any. crypto_bad_key if either does
/// not parse, the key does not match the certificate, or it is weaker than RSA-2048 or P-256.
Result<TlsIdentity> load_tls_identity(std::string_view certificate_pem, std::string_view key_pem);

// Trust.

/// Exactly the server whose whole certificate (DER) has this SHA-256. Names, dates and issuers do not matter.
struct PinnedSha256 {
  Digest digest;
};
/// A server with a certificate that one of these authorities issued for this DNS name or IP address.
struct TrustedAuthority {
  std::string authority_pem;  ///< one or more certificates
  std::string name;
};
/// The same with the operating system's authorities.
struct SystemAuthorities {
  std::string name;
};
/// Which server a client trusts. Verified within the handshake, before a byte of a request is sent.
using TlsTrust = std::variant<PinnedSha256, TrustedAuthority, SystemAuthorities>;

/// 64 hexadecimal digits in either case, with or without colons between the bytes; nullopt for anything else.
std::optional<Digest> parse_pin(std::string_view text);
/// 64 lower-case hexadecimal digits.
std::string pin_text(const Digest& sha256);

// A server's credentials.

/// The credentials that a server presents. They may be replaced while the server runs: later handshakes use the new
/// ones, open connections continue.
class TlsServerCredentials {
 public:
  /// crypto_bad_key unless the key is RSA with at least 4,096 bits and the exponent 65537.
  static Result<std::shared_ptr<TlsServerCredentials>> make(const TlsIdentity& identity);
  /// The same; on failure nothing changes.
  Result<void> replace(const TlsIdentity& identity);

  [[nodiscard]] const Fingerprint& fingerprint() const { return fingerprint_; }
  /// The context for the next handshake.
  [[nodiscard]] const std::shared_ptr<boost::asio::ssl::context>& context() const { return context_; }

 private:
  std::shared_ptr<boost::asio::ssl::context> context_;
  Fingerprint fingerprint_;
};

/// Whether a server requests a client's certificate. It accepts any certificate whose key the client proves to hold;
/// its owner is determined above TLS, per request. `required` refuses clients without one.
enum class ClientCertificates : std::uint8_t { none, requested, required };

// Connections.

/// "TLSv1.3" and the cipher suite of a connection; empty for a Unix socket.
struct TlsDescription {
  std::string version{};
  std::string cipher{};
};

/// A certificate that a client has presented and proven.
struct ClientCertificate {
  std::vector<std::uint8_t> der;
  std::vector<std::vector<std::uint8_t>> chain;  ///< sent after the certificate, unverified
  Digest sha256;                                 ///< of `der`
};

}  // namespace redan::net
