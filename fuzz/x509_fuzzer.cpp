// Certificates from users and peers: PEM, base64, DER. An accepted text is one whole certificate, and every notation of
// it gives the same.
#include "base/assert.hpp"
#include "base/base64.hpp"
#include "net/tls/tls.hpp"
#include "net/tls/x509.hpp"

namespace {

using namespace redan;
using namespace redan::net;

std::string pem_of(Bytes der) {
  return "-----BEGIN CERTIFICATE-----\n" + to_base64(der) + "\n-----END CERTIFICATE-----\n";
}

void take(std::string_view text) {
  const auto der = parse_certificate(text);
  if (!der) return;
  REDAN_ASSERT(parse_certificate(to_base64(*der)) == der);
  REDAN_ASSERT(certificate_fingerprint(*der).size() == 64);
  (void)is_issued_by(*der, {*der}, *der, WallTime{1'700'000'000});
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const Bytes bytes(data, size);
  take(as_text(bytes));
  take(to_base64(bytes));
  take(pem_of(bytes));
  const auto pin = parse_pin(as_text(bytes));
  if (pin) REDAN_ASSERT(parse_pin(pin_text(*pin))->storage == pin->storage);
  return 0;
}
