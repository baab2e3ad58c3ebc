#include <redan/crypto.hpp>

namespace redan {

#ifndef REDAN_HAVE_OPENSSL
std::unique_ptr<Provider> openssl_provider() { return nullptr; }
#endif
#ifndef REDAN_HAVE_MBEDTLS
std::unique_ptr<Provider> mbedtls_provider() { return nullptr; }
#endif

std::unique_ptr<Provider> default_provider() {
  if (auto provider = openssl_provider()) return provider;
  return mbedtls_provider();
}

}  // namespace redan
