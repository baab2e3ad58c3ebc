#include "net/tls.hpp"

#include <fcntl.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>
#include <stdexcept>

#include "net/clock.hpp"

namespace redan::net {
namespace {

namespace ssl = boost::asio::ssl;
namespace fs = std::filesystem;

constexpr int kKeyBits = 4096;
constexpr std::int64_t kLifetime = 365LL * 24 * 3600;

template <class T, void (*F)(T*)>
struct FreeWith {
  void operator()(T* object) const { F(object); }
};
using X509Ptr = std::unique_ptr<X509, FreeWith<X509, X509_free>>;
using KeyPtr = std::unique_ptr<EVP_PKEY, FreeWith<EVP_PKEY, EVP_PKEY_free>>;
struct FreeBio {
  void operator()(BIO* bio) const { BIO_free_all(bio); }
};
using BioPtr = std::unique_ptr<BIO, FreeBio>;

X509Ptr certificate_of(Bytes der) {
  const unsigned char* at = der.data();
  return X509Ptr(d2i_X509(nullptr, &at, static_cast<long>(der.size())));
}
KeyPtr key_of(Bytes der) {
  const unsigned char* at = der.data();
  return KeyPtr(d2i_AutoPrivateKey(nullptr, &at, static_cast<long>(der.size())));
}

template <class T>
std::vector<std::uint8_t> to_der(int (*encode)(const T*, unsigned char**), const T* object) {
  std::vector<std::uint8_t> der(static_cast<std::size_t>(std::max(encode(object, nullptr), 0)));
  unsigned char* at = der.data();
  encode(object, &at);
  return der;
}

std::string pem_of(const TlsIdentity& identity) {
  const BioPtr bio(BIO_new(BIO_s_mem()));
  PEM_write_bio_PrivateKey(bio.get(), key_of(identity.private_key_der).get(), nullptr, nullptr, 0, nullptr, nullptr);
  PEM_write_bio_X509(bio.get(), certificate_of(identity.certificate_der).get());
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &data);
  std::string pem(data, static_cast<std::size_t>(size));
  OPENSSL_cleanse(data, static_cast<std::size_t>(size));
  return pem;
}

// Complete or not at all: written beside, flushed, renamed.
void write_private_file(const fs::path& file, std::string_view text) {
  const std::string temporary = file.string() + ".new";
  ::unlink(temporary.c_str());
  const int fd = ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  const bool written =
      fd >= 0 && ::write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size()) && ::fsync(fd) == 0;
  if (fd >= 0) ::close(fd);
  if (!written || ::rename(temporary.c_str(), file.c_str()) != 0) {
    throw std::runtime_error("cannot write the TLS key to " + file.string() + "; choose another place with --data-dir");
  }
}

void make_private_directory(fs::path directory) {
  if (!directory.has_filename()) directory = directory.parent_path();  // "name/"
  std::error_code error;
  if (directory.has_parent_path()) fs::create_directories(directory.parent_path(), error);
  if (!error && (::mkdir(directory.c_str(), 0700) == 0 || fs::is_directory(directory))) return;
  throw std::runtime_error("cannot create " + directory.string() + "; choose another place with --data-dir");
}

TlsIdentity make_identity(const std::vector<std::string>& names, Provider& provider) {
  const std::shared_ptr<const PrivateKey> key = provider.generate_key(KeyType::rsa_4096);
  const WallTime now = wall_time();
  const auto made = self_signed(provider, key,
                                {.key_type = KeyType::rsa_4096,
                                 .common_name = "Redan",
                                 .subject_alternative_names = names,
                                 .not_before = {now.seconds_since_1970 - 24 * 3600},
                                 .not_after = {now.seconds_since_1970 + kLifetime}});
  if (!made) throw std::runtime_error("cannot make a TLS certificate: " + std::string(text(made.error())));
  TlsIdentity identity;
  identity.certificate_der = made->certificate_der;
  identity.private_key_der = key->private_key_der();
  return identity;
}

// nullopt: the certificate is about to expire; make another.
std::optional<TlsIdentity> read_identity(const fs::path& file) {
  const BioPtr bio(BIO_new_file(file.c_str(), "r"));
  if (!bio) throw std::runtime_error("the TLS key " + file.string() + " cannot be read; check who owns it");
  // Of the open file, so that nobody swaps it in between.
  FILE* stream = nullptr;
  BIO_get_fp(bio.get(), &stream);
  struct stat status {};
  if (::fstat(::fileno(stream), &status) != 0 || status.st_uid != ::geteuid() || (status.st_mode & 077) != 0) {
    throw std::runtime_error("the TLS key " + file.string() +
                             " can be read by others; chmod 600 it, or delete it to get a new one");
  }
  const KeyPtr key(PEM_read_bio_PrivateKey(bio.get(), nullptr, nullptr, nullptr));
  const X509Ptr certificate(PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr));
  if (!key || !certificate || X509_check_private_key(certificate.get(), key.get()) != 1) {
    throw std::runtime_error("the TLS key " + file.string() + " is damaged; delete it to get a new one");
  }
  if (EVP_PKEY_get_base_id(key.get()) != EVP_PKEY_RSA || EVP_PKEY_get_bits(key.get()) < kKeyBits) {
    throw std::runtime_error("the TLS key " + file.string() + " is smaller than RSA-4096; delete it to get a new one");
  }
  if (X509_cmp_current_time(X509_get0_notAfter(certificate.get())) < 0) return std::nullopt;
  TlsIdentity identity;
  identity.certificate_der = to_der<X509>(i2d_X509, certificate.get());
  identity.private_key_der = to_der<EVP_PKEY>(i2d_PrivateKey, key.get());
  return identity;
}

void restrict(ssl::context& context) {
  SSL_CTX* native = context.native_handle();
  SSL_CTX_set_min_proto_version(native, TLS1_3_VERSION);
  SSL_CTX_set_max_proto_version(native, TLS1_3_VERSION);
  SSL_CTX_set_options(native, SSL_OP_NO_TICKET | SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION);
  SSL_CTX_set_num_tickets(native, 0);
  SSL_CTX_set_session_cache_mode(native, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_max_early_data(native, 0);
}

}  // namespace

TlsIdentity load_or_create_tls_identity(const fs::path& directory, const std::vector<std::string>& names,
                                        Provider& provider, const std::function<void(std::string_view)>& progress) {
  make_private_directory(directory);
  const fs::path file = directory / "tls.pem";
  std::optional<TlsIdentity> identity;
  if (fs::exists(file)) identity = read_identity(file);
  if (!identity) {
    progress("making an RSA-4096 key for TLS, once; this takes a second or two");
    identity = make_identity(names, provider);
    std::string pem = pem_of(*identity);
    write_private_file(file, pem);
    wipe({reinterpret_cast<std::uint8_t*>(pem.data()), pem.size()});
  }
  identity->fingerprint = Fingerprint::of(provider, HashAlgorithm::sha256, identity->certificate_der);
  return std::move(*identity);
}

ssl::context tls_server_context(const TlsIdentity& identity) {
  ssl::context context(ssl::context::tls_server);
  restrict(context);
  if (SSL_CTX_use_certificate(context.native_handle(), certificate_of(identity.certificate_der).get()) != 1 ||
      SSL_CTX_use_PrivateKey(context.native_handle(), key_of(identity.private_key_der).get()) != 1) {
    throw std::runtime_error("OpenSSL refuses the TLS certificate or its key");
  }
  return context;
}

ssl::context tls_client_context(const Digest& pinned_sha256) {
  ssl::context context(ssl::context::tls_client);
  restrict(context);
  context.set_verify_mode(ssl::verify_peer);
  // The pin is over the leaf's whole DER; what the chain says does not matter.
  context.set_verify_callback([pinned_sha256](bool, ssl::verify_context& verify) {
    X509_STORE_CTX* store = verify.native_handle();
    if (X509_STORE_CTX_get_error_depth(store) != 0) return true;
    std::array<std::uint8_t, 32> digest{};
    unsigned size = 0;
    X509_digest(X509_STORE_CTX_get0_cert(store), EVP_sha256(), digest.data(), &size);
    return equal_in_constant_time(digest, pinned_sha256.bytes());
  });
  return context;
}

TlsDescription describe_tls(const ssl_st* connection) {
  return {SSL_get_version(connection), SSL_CIPHER_standard_name(SSL_get_current_cipher(connection))};
}

}  // namespace redan::net
