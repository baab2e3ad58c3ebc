#include <redan/crypto.hpp>

#include "base/hex.hpp"
#include "base/words.hpp"

namespace redan {
namespace {

constexpr std::string_view name_of(HashAlgorithm algorithm) {
  return algorithm == HashAlgorithm::sha384 ? "sha-384" : "sha-256";
}

}  // namespace

Fingerprint Fingerprint::of(Provider& provider, HashAlgorithm algorithm, Bytes certificate_der) {
  return {algorithm, provider.hash(algorithm, certificate_der)};
}

std::optional<Fingerprint> Fingerprint::parse(std::string_view value) {
  const std::size_t space = value.find(' ');
  if (space == std::string_view::npos) return std::nullopt;
  for (const HashAlgorithm algorithm : {HashAlgorithm::sha256, HashAlgorithm::sha384}) {
    if (!equals_ignoring_case(value.substr(0, space), name_of(algorithm))) continue;
    const std::string_view hex = value.substr(space + 1);
    const std::size_t size = hash_size(algorithm);
    if (hex.size() != 3 * size - 1) return std::nullopt;
    const auto bytes = from_hex(hex, HexForm::colons);
    if (!bytes || bytes->size() != size) return std::nullopt;
    Fingerprint fingerprint{algorithm, {}};
    fingerprint.digest.size = size;
    std::copy(bytes->begin(), bytes->end(), fingerprint.digest.storage.begin());
    return fingerprint;
  }
  return std::nullopt;
}

std::string Fingerprint::text() const { return std::string(name_of(algorithm)) + " " + to_colon_hex(digest.bytes()); }

bool Fingerprint::equals(const Fingerprint& other) const {
  // A default-constructed fingerprint has no digest and is equal to nothing, not even to itself.
  return algorithm == other.algorithm && digest.size == hash_size(algorithm) &&
         equal_in_constant_time(digest.bytes(), other.digest.bytes());
}

}  // namespace redan
