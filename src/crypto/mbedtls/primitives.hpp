// Shared by the objects of one mbedTLS provider: the random generator and the curves. Works with mbedTLS 2.28 and 3.x.
#pragma once

#include <mbedtls/ctr_drbg.h>
#include <mbedtls/ecp.h>
#include <mbedtls/entropy.h>
#include <mbedtls/md.h>
#include <mbedtls/pk.h>
#include <mbedtls/version.h>

#include <redan/crypto.hpp>

#include "crypto/key_encoding.hpp"

// Version 3 hides struct fields behind this macro; version 2 has neither.
#ifndef MBEDTLS_PRIVATE
#define MBEDTLS_PRIVATE(field) field
#endif

namespace redan::mbedtls {

/// A C struct with an init and a free function, at a fixed address.
template <class T, void (*Init)(T*), void (*Free)(T*)>
class Owned {
 public:
  Owned() { Init(&object_); }
  ~Owned() { Free(&object_); }
  Owned(const Owned&) = delete;
  Owned& operator=(const Owned&) = delete;
  T* get() { return &object_; }
  [[nodiscard]] const T* get() const { return &object_; }
  T* operator->() { return &object_; }

 private:
  T object_;
};

using EcpGroup = Owned<mbedtls_ecp_group, mbedtls_ecp_group_init, mbedtls_ecp_group_free>;
using EcpPoint = Owned<mbedtls_ecp_point, mbedtls_ecp_point_init, mbedtls_ecp_point_free>;
using Mpi = Owned<mbedtls_mpi, mbedtls_mpi_init, mbedtls_mpi_free>;
using Pk = Owned<mbedtls_pk_context, mbedtls_pk_init, mbedtls_pk_free>;
using Md = Owned<mbedtls_md_context_t, mbedtls_md_init, mbedtls_md_free>;

constexpr mbedtls_md_type_t md_type(HashAlgorithm algorithm) {
  return algorithm == HashAlgorithm::sha1     ? MBEDTLS_MD_SHA1
         : algorithm == HashAlgorithm::sha256 ? MBEDTLS_MD_SHA256
                                              : MBEDTLS_MD_SHA384;
}
inline const mbedtls_md_info_t* md_info(HashAlgorithm algorithm) {
  return mbedtls_md_info_from_type(md_type(algorithm));
}

/// After first use mbedTLS keeps a table of multiples of the base point in a group, so groups are shared.
class Curves {
 public:
  mbedtls_ecp_group* get(Group group);
  mbedtls_ecp_group* get(KeyType type) {
    return get(type == KeyType::ecdsa_p384 ? Group::secp384r1 : Group::secp256r1);
  }

 private:
  EcpGroup p256_, p384_, x25519_;
};

/// f_rng of mbedTLS over a RandomSource, which is `source`.
int random_callback(void* source, unsigned char* out, std::size_t size);

/// Borrowed by every object that works on a curve or needs randomness (blinding included).
struct Shared {
  Curves& curves;
  RandomSource& random;
};

/// Reads a point and checks that it is on the curve (for X25519: that it has 32 bytes). Returns false otherwise.
bool read_point(mbedtls_ecp_group* group, Bytes encoded, mbedtls_ecp_point* point);

std::unique_ptr<Hash> make_hash(HashAlgorithm algorithm);
std::unique_ptr<Hmac> make_hmac(HashAlgorithm algorithm, Bytes key);
std::unique_ptr<Aead> make_aead(AeadAlgorithm algorithm, Bytes key);
std::unique_ptr<RecordNumberCipher> make_record_number_cipher(AeadAlgorithm algorithm, Bytes key);
std::unique_ptr<KeyExchange> make_key_exchange(Shared shared, Group group);
std::unique_ptr<PrivateKey> make_private_key(Shared shared, KeyType type);
Result<std::unique_ptr<PrivateKey>> load_private_key(Shared shared, Bytes pkcs8_der);
Result<std::unique_ptr<PublicKey>> load_public_key(Shared shared, Bytes subject_public_key_info_der);

}  // namespace redan::mbedtls
