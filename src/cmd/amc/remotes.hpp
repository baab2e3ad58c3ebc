// What amc stores between two calls: the AMS servers that it knows, each with its pinned certificate, and its own key.
//
//   ~/.config/redan-amc/        mode 0700
//     tls.pem                   our certificate and RSA-4096 key; created at first use
//     remotes.json              {"default": name, "remotes": {name: {"url": ..., "fingerprint": ...}}}
#pragma once

#include <filesystem>
#include <map>
#include <string>

#include "net/tls/tls.hpp"

namespace redan::cmd {

struct AmcRemote {
  std::string url;          ///< "https://192.0.2.1:8444"
  std::string fingerprint;  ///< 64 hexadecimal digits
};

class AmcRemotes {
 public:
  /// Reads the directory's remotes.json if it exists. Throws std::runtime_error with a human-readable message.
  explicit AmcRemotes(std::filesystem::path directory);

  [[nodiscard]] const std::map<std::string, AmcRemote>& all() const { return remotes_; }
  [[nodiscard]] const std::string& default_name() const { return default_; }
  /// nullptr if there is none with that name.
  [[nodiscard]] const AmcRemote* find(const std::string& name) const;

  /// The first one becomes the default.
  void add(const std::string& name, AmcRemote remote);
  void remove(const std::string& name);
  void set_default(const std::string& name);

  /// Our certificate; the first call creates it, which takes a second or two.
  [[nodiscard]] net::TlsIdentity identity() const;

 private:
  void save() const;

  std::filesystem::path directory_;
  std::map<std::string, AmcRemote> remotes_;
  std::string default_;
};

/// $REDAN_AMC_DIR, or ~/.config/redan-amc.
std::filesystem::path default_amc_directory();

}  // namespace redan::cmd
