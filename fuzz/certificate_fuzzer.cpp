// A peer's certificate: locating its key, and parsing the key with every backend. Both backends must accept the same
// keys.
#include <redan/crypto.hpp>

#include "base/assert.hpp"
#include "crypto/certificate.hpp"
#include "crypto/key_encoding.hpp"

namespace {

redan::Provider& mbedtls() {
  static const auto provider = redan::mbedtls_provider();
  return *provider;
}

redan::Provider* openssl() {
  static const auto provider = redan::openssl_provider();
  return provider.get();
}

void try_key(redan::Bytes spki) {
  const auto a = mbedtls().load_public_key(spki);
  REDAN_ASSERT(!a || redan::SubjectPublicKey::parse(spki)->type == (*a)->type());
  if (openssl() == nullptr) return;
  const auto b = openssl()->load_public_key(spki);
  REDAN_ASSERT(a.has_value() == b.has_value());
  REDAN_ASSERT(!a || (*a)->type() == (*b)->type());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const redan::Bytes input(data, size);
  if (const auto spki = redan::subject_public_key_info(input)) {
    REDAN_ASSERT(spki->data() >= data && spki->data() + spki->size() <= data + size);
    try_key(*spki);
  }
  try_key(input);
  for (const auto type : {redan::KeyType::ecdsa_p256, redan::KeyType::ecdsa_p384}) {
    // DER has one encoding of a signature: a signature that parses is written to the same bytes.
    if (const auto signature = redan::EcdsaSignature::parse(type, input)) {
      const auto written = signature->write();
      REDAN_ASSERT(std::equal(written.begin(), written.end(), input.begin(), input.end()));
    }
  }
  static_cast<void>(redan::PrivateKeyEncoding::parse(input));
  return 0;
}
