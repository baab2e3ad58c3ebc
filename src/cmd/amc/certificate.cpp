#include "cmd/amc/certificate.hpp"

#include <openssl/x509.h>

#include <array>
#include <ctime>
#include <iostream>
#include <iterator>
#include <memory>

#include "cmd/arguments.hpp"
#include "net/tls/x509.hpp"

namespace redan::cmd {
namespace {

std::string text_of(const ASN1_TIME* time) {
  std::tm parts{};
  if (ASN1_TIME_to_tm(time, &parts) != 1) return {};
  std::array<char, 64> text{};
  constexpr std::array<const char*, 12> kMonths{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  std::snprintf(text.data(), text.size(), "%s %d, %d at %d:%02d%s (UTC)",
                kMonths.at(static_cast<std::size_t>(parts.tm_mon)), parts.tm_mday, parts.tm_year + 1900,
                (parts.tm_hour + 11) % 12 + 1, parts.tm_min, parts.tm_hour < 12 ? "am" : "pm");
  return text.data();
}

}  // namespace

std::optional<CertificateView> view_certificate(const std::string& text) {
  const auto der = net::parse_certificate(text);
  if (!der) return std::nullopt;
  const unsigned char* at = der->data();
  const std::unique_ptr<X509, decltype(&X509_free)> certificate(d2i_X509(nullptr, &at, static_cast<long>(der->size())),
                                                                X509_free);
  if (!certificate) return std::nullopt;
  std::array<char, 256> name{};
  X509_NAME_get_text_by_NID(X509_get_subject_name(certificate.get()), NID_commonName, name.data(),
                            static_cast<int>(name.size()));
  return CertificateView{name.data(), text_of(X509_get0_notBefore(certificate.get())),
                         text_of(X509_get0_notAfter(certificate.get()))};
}

std::vector<std::uint8_t> load_certificate(const std::string& path) {
  const std::string text = path == "-" ? std::string(std::istreambuf_iterator<char>(std::cin), {}) : read_file(path);
  auto der = net::parse_certificate(text);
  if (!der) throw std::runtime_error((path == "-" ? "standard input" : path) + " is no certificate in PEM or base64");
  return std::move(*der);
}

}  // namespace redan::cmd
