#include "cmd/secret_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <stdexcept>

#include "base/hex.hpp"
#include "cmd/arguments.hpp"
#include "net/descriptor.hpp"

namespace redan::cmd {
namespace {

constexpr std::size_t kKeySize = 64;
constexpr off_t kMaxFile = 1024 * 1024;

/// `size` characters, followed by at most one line feed.
void must_be_one_line(const std::filesystem::path& path, std::string_view text, std::size_t size) {
  if (text.ends_with('\n')) text.remove_suffix(1);
  if (text.size() == size && text.find('\n') == std::string_view::npos) return;
  throw std::runtime_error(path.string() + " is not one line of " + std::to_string(size) + " characters");
}

}  // namespace

std::string_view SecretText::line() const {
  std::string_view line = text_;
  while (line.ends_with('\n') || line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

void write_secret_file(const std::filesystem::path& path, std::string_view text) {
  const net::Descriptor file(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600));
  const bool written = file.ok() &&
                       ::write(file.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size()) &&
                       ::fsync(file.get()) == 0;
  if (!written) throw std::runtime_error("cannot write " + path.string());
}

SecretText read_secret_file(const std::filesystem::path& path) {
  // Checks the open file, so that what is checked is what is read.
  const net::Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  struct stat status {};
  if (!file.ok() || ::fstat(file.get(), &status) != 0) throw std::runtime_error("cannot read " + path.string());
  if (!S_ISREG(status.st_mode)) throw std::runtime_error(path.string() + " is not a file");
  if ((status.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
    throw std::runtime_error(path.string() + " holds a secret and can be read by others; chmod 600 it");
  }
  if (status.st_size > kMaxFile) throw std::runtime_error(path.string() + " is too large for a secret");
  std::string text(static_cast<std::size_t>(status.st_size), '\0');
  const ssize_t size = ::read(file.get(), text.data(), text.size());
  if (size != static_cast<ssize_t>(text.size())) throw std::runtime_error("cannot read " + path.string());
  return SecretText(std::move(text));
}

Secret<64> read_secret_line(const std::filesystem::path& path) {
  const SecretText file = read_secret_file(path);
  must_be_one_line(path, file.text(), kKeySize);
  return Secret<kKeySize>(as_bytes(file.line()));
}

Secret<64> read_key(const std::filesystem::path& path) {
  const SecretText file = read_secret_file(path);
  must_be_one_line(path, file.text(), 2 * kKeySize);
  auto bytes = from_hex(file.line());
  if (!bytes) throw std::runtime_error(path.string() + " does not hold 128 hexadecimal digits");
  Secret<kKeySize> key{Bytes(*bytes)};
  wipe(*bytes);
  return key;
}

Secret<64> load_or_create_key(const std::filesystem::path& path, RandomSource& random) {
  if (std::filesystem::exists(path)) return read_key(path);
  Secret<kKeySize> key;
  random.random(key.fill(kKeySize));
  const SecretText text(to_hex(key.expose()) + "\n");
  write_secret_file(path, text.text());
  return key;
}

net::TlsIdentity read_identity(const std::string& options, const std::filesystem::path& certificate,
                               const std::filesystem::path& key) {
  const SecretText secret = read_secret_file(key);
  auto identity = net::load_tls_identity(read_file(certificate.string()), secret.text());
  if (identity) return std::move(*identity);
  throw std::runtime_error(options + ": " + std::string(text(identity.error())) + "; " +
                           std::string(hint(identity.error())));
}

}  // namespace redan::cmd
