// Secrets in files: never in arguments, never accessible to others. All keys, passwords and tokens are read through
// read_secret_file(), except tls.pem, which net reads (net/tls/tls.hpp). Each function throws std::runtime_error with a
// human-readable message.
#pragma once

#include <filesystem>
#include <redan/crypto.hpp>
#include <string>

#include "net/tls/tls.hpp"

namespace redan::cmd {

/// A text that is wiped on destruction.
class SecretText {
 public:
  explicit SecretText(std::string text) : text_(std::move(text)) {}
  SecretText(const SecretText&) = delete;
  SecretText& operator=(const SecretText&) = delete;
  SecretText(SecretText&&) = delete;
  SecretText& operator=(SecretText&&) = delete;
  ~SecretText() { wipe({reinterpret_cast<std::uint8_t*>(text_.data()), text_.size()}); }

  [[nodiscard]] const std::string& text() const { return text_; }
  /// Without the line feeds at its end.
  [[nodiscard]] std::string_view line() const;

 private:
  std::string text_;
};

/// The whole file, at most 1 MiB: refused if any user except its owner can read or write it.
SecretText read_secret_file(const std::filesystem::path& path);

/// Creates the file, with mode 0600; one that exists is never overwritten.
void write_secret_file(const std::filesystem::path& path, std::string_view text);

/// One line of 64 characters, with or without its line feed: the format of a TURN server's configuration.
Secret<64> read_secret_line(const std::filesystem::path& path);

/// A 64-byte key: one line of 128 hexadecimal digits.
Secret<64> read_key(const std::filesystem::path& path);
/// The same; a missing file is created, with mode 0600.
Secret<64> load_or_create_key(const std::filesystem::path& path, RandomSource& random);

/// A certificate and its key, PEM, for TLS. `options` names them in messages: "--etcd-cert and --etcd-key".
net::TlsIdentity read_identity(const std::string& options, const std::filesystem::path& certificate,
                               const std::filesystem::path& key);

}  // namespace redan::cmd
