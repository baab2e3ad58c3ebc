#include <fcntl.h>
#include <openssl/pem.h>
#include <sys/stat.h>
#include <unistd.h>

#include <stdexcept>

#include "net/clock.hpp"
#include "net/tls/openssl_types.hpp"
#include "net/tls/tls.hpp"

namespace redan::net {
namespace {

namespace fs = std::filesystem;

constexpr std::int64_t kLifetime = 365LL * 24 * 3600;
constexpr std::size_t kMaxChain = 8;

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

// Atomic: written to another file, flushed, renamed.
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
  struct stat status {};
  if (!error && ::mkdir(directory.c_str(), 0700) == 0) return;
  if (!error && ::stat(directory.c_str(), &status) == 0 && S_ISDIR(status.st_mode)) {
    if ((status.st_mode & (S_IWGRP | S_IWOTH)) == 0) return;
    throw std::runtime_error(directory.string() +
                             " can be written by others, who could put their keys there; chmod 700 it");
  }
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

// Opens a file that only we can have written and only we can read. Checked through its descriptor, so that it cannot be
// replaced in between.
BioPtr open_private_file(const fs::path& file) {
  const int fd = ::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
  FILE* stream = fd < 0 ? nullptr : ::fdopen(fd, "r");
  if (stream == nullptr) {
    throw std::runtime_error("the TLS key " + file.string() +
                             " cannot be read; it must be a file of yours, and no symbolic link");
  }
  BioPtr bio(BIO_new_fp(stream, BIO_CLOSE));
  struct stat status {};
  if (::fstat(fd, &status) != 0 || !S_ISREG(status.st_mode) || status.st_uid != ::geteuid() ||
      (status.st_mode & 077) != 0) {
    throw std::runtime_error("the TLS key " + file.string() +
                             " can be read by others; chmod 600 it, or delete it to get a new one");
  }
  return bio;
}

// nullopt: the certificate is about to expire and must be replaced.
std::optional<TlsIdentity> read_identity(const fs::path& file) {
  const BioPtr bio = open_private_file(file);
  const KeyPtr key(PEM_read_bio_PrivateKey(bio.get(), nullptr, refuse_password, nullptr));
  const X509Ptr certificate(PEM_read_bio_X509(bio.get(), nullptr, refuse_password, nullptr));
  if (!key || !certificate || X509_check_private_key(certificate.get(), key.get()) != 1) {
    throw std::runtime_error("the TLS key " + file.string() + " is damaged; delete it to get a new one");
  }
  if (!is_rsa_4096(key.get())) {
    throw std::runtime_error("the TLS key " + file.string() + " is smaller than RSA-4096; delete it to get a new one");
  }
  if (X509_cmp_current_time(X509_get0_notAfter(certificate.get())) < 0) return std::nullopt;
  TlsIdentity identity;
  identity.certificate_der = to_der<X509>(i2d_X509, certificate.get());
  identity.private_key_der = to_der<EVP_PKEY>(i2d_PrivateKey, key.get());
  return identity;
}

bool is_strong(const EVP_PKEY* key) {
  // 112 bits: RSA-2048. P-256 and Ed25519 have 128.
  return EVP_PKEY_get_security_bits(key) >= 112;
}

}  // namespace

TlsIdentity load_or_create_tls_identity(const fs::path& directory, const std::vector<std::string>& names,
                                        Provider& provider, const std::function<void(std::string_view)>& progress) {
  make_private_directory(directory);
  const fs::path file = directory / "tls.pem";
  std::optional<TlsIdentity> identity;
  if (fs::is_symlink(file) || fs::exists(file)) identity = read_identity(file);
  if (!identity) {
    progress("making an RSA-4096 key for TLS, once; this takes a second or two");
    identity = make_identity(names, provider);
    std::string pem = pem_of(*identity);
    write_private_file(file, pem);
    wipe({reinterpret_cast<std::uint8_t*>(pem.data()), pem.size()});
  }
  identity->fingerprint = {HashAlgorithm::sha256, sha256_of(certificate_of(identity->certificate_der).get())};
  return std::move(*identity);
}

Result<TlsIdentity> load_tls_identity(std::string_view certificate_pem, std::string_view key_pem) {
  const std::vector<X509Ptr> certificates = parse_certificates(certificate_pem);
  const BioPtr bio = memory_bio(key_pem);
  const KeyPtr key(PEM_read_bio_PrivateKey(bio.get(), nullptr, refuse_password, nullptr));
  if (!key || certificates.empty() || certificates.size() > kMaxChain || !is_strong(key.get()) ||
      X509_check_private_key(certificates[0].get(), key.get()) != 1) {
    return refuse(Errc::crypto_bad_key);
  }
  TlsIdentity identity;
  identity.certificate_der = to_der<X509>(i2d_X509, certificates[0].get());
  for (std::size_t i = 1; i < certificates.size(); ++i) {
    identity.chain_der.push_back(to_der<X509>(i2d_X509, certificates[i].get()));
  }
  identity.private_key_der = to_der<EVP_PKEY>(i2d_PrivateKey, key.get());
  identity.fingerprint = {HashAlgorithm::sha256, sha256_of(certificates[0].get())};
  return identity;
}

}  // namespace redan::net
