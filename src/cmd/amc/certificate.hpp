// Certificates that users name or AMS lists.
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace redan::cmd {

struct CertificateView {
  std::string common_name, issued, expires;  ///< "May 27, 2022 at 3:09pm (UTC)"
};

/// PEM, or the base64 of DER. nullopt if it does not parse.
std::optional<CertificateView> view_certificate(const std::string& text);

/// The DER of a certificate in a file, or in standard input for "-". Throws std::runtime_error.
std::vector<std::uint8_t> load_certificate(const std::string& path);

}  // namespace redan::cmd
