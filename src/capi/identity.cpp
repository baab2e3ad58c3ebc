// Providers and identities.
#include <redan/secret.hpp>

#include "capi/boundary.hpp"
#include "crypto/certificate.hpp"

namespace redan::capi {
namespace {

std::unique_ptr<Provider> provider_named(const char* name) {
  if (name == nullptr) return default_provider();
  const std::string_view wanted = name;
  if (wanted == "openssl") return openssl_provider();
  if (wanted == "mbedtls") return mbedtls_provider();
  return nullptr;
}

void deliver(const redan_provider& provider, Identity identity, redan_identity** to) {
  *to = std::make_unique<redan_identity>(redan_identity{.provider = provider.provider, .identity = std::move(identity)})
            .release();
}

bool belongs_to(const PrivateKey& key, Bytes certificate) {
  const auto public_key = subject_public_key_info(certificate);
  return public_key && std::ranges::equal(*public_key, key.public_key_der());
}

Result<Identity> load(Provider& provider, Bytes certificate, Bytes key_der) {
  REDAN_TRY(std::shared_ptr<const PrivateKey> key, provider.load_private_key(key_der));
  if (!belongs_to(*key, certificate)) return refuse(Errc::crypto_bad_key);
  return Identity{{certificate.begin(), certificate.end()}, std::move(key)};
}

int deliver_bytes(Bytes bytes, std::uint8_t** to, std::size_t* size) {
  *to = duplicate(bytes);
  *size = bytes.size();
  return kOk;
}

}  // namespace
}  // namespace redan::capi

using namespace redan::capi;

int redan_provider_new(const char* name, redan_provider** provider) {
  return guarded([&]() -> int {
    if (!present(provider)) return kInvalid;
    SharedProvider made = provider_named(name);
    if (!made) return REDAN_CRYPTO_UNSUPPORTED;
    *provider = std::make_unique<redan_provider>(redan_provider{.provider = std::move(made)}).release();
    return kOk;
  });
}
void redan_provider_free(redan_provider* provider) { free_handle(provider); }

int redan_identity_self_signed(redan_provider* provider, const redan_self_signed_options* options,
                               redan_identity** identity) {
  return guarded([&]() -> int {
    redan_self_signed_options wanted{};
    if (!alive(provider) || !read(options, wanted) || !present(identity) || wanted.reserved != 0) return kInvalid;
    const auto type = as_enum(wanted.key_type, redan::KeyType::rsa_4096, "key_type");
    if (!type || wanted.not_after <= wanted.not_before) return kInvalid;
    auto made = redan::self_signed(
        *provider->provider, {.key_type = *type, .not_before = {wanted.not_before}, .not_after = {wanted.not_after}});
    if (!made) return made.error().code.number();
    deliver(*provider, *std::move(made), identity);
    return kOk;
  });
}

int redan_identity_load(redan_provider* provider, const std::uint8_t* certificate, std::size_t certificate_size,
                        const std::uint8_t* key, std::size_t key_size, redan_identity** identity) {
  return guarded([&]() -> int {
    if (!alive(provider) || !present(certificate, key, identity)) return kInvalid;
    auto loaded = load(*provider->provider, {certificate, certificate_size}, {key, key_size});
    if (!loaded) return loaded.error().code.number();
    deliver(*provider, *std::move(loaded), identity);
    return kOk;
  });
}

int redan_identity_certificate(redan_identity* identity, std::uint8_t** certificate, std::size_t* size) {
  return guarded([&]() -> int {
    if (!alive(identity) || !present(certificate, size)) return kInvalid;
    return deliver_bytes(identity->identity.certificate_der, certificate, size);
  });
}

int redan_identity_private_key(redan_identity* identity, std::uint8_t** key, std::size_t* size) {
  return guarded([&]() -> int {
    if (!alive(identity) || !present(key, size)) return kInvalid;
    std::vector<std::uint8_t> der = identity->identity.key->private_key_der();
    deliver_bytes(der, key, size);
    redan::wipe(der);
    return kOk;
  });
}

int redan_identity_fingerprint(redan_identity* identity, char** text) {
  return guarded([&]() -> int {
    if (!alive(identity) || !present(text)) return kInvalid;
    *text = duplicate(
        redan::Fingerprint::of(*identity->provider, redan::HashAlgorithm::sha256, identity->identity.certificate_der)
            .text());
    return kOk;
  });
}
void redan_identity_free(redan_identity* identity) { free_handle(identity); }
