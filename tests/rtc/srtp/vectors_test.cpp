// The output of Session compared with the RFCs: the published vectors verify a reference implementation here, which
// verifies Session.
#include <gtest/gtest.h>
#include <openssl/evp.h>

#include "crypto/provider_test.hpp"
#include "rtc/srtp/session.hpp"

namespace redan::srtp {
namespace {

using test::Buffer;
using test::concat;
using test::hex;

/// AES in counter mode over zeros: a key stream.
Buffer aes_ctr(Bytes key, Bytes iv, std::size_t size) {
  Buffer out(size), zeros(size);
  EVP_CIPHER_CTX* ctx = EVP_CIPHER_CTX_new();
  int n = 0;
  EVP_EncryptInit_ex(ctx, key.size() == 16 ? EVP_aes_128_ctr() : EVP_aes_256_ctr(), nullptr, key.data(), iv.data());
  EVP_EncryptUpdate(ctx, out.data(), &n, zeros.data(), static_cast<int>(size));
  EVP_CIPHER_CTX_free(ctx);
  return out;
}

Buffer exclusive_or(Buffer a, Bytes b) {
  for (std::size_t i = 0; i < a.size() && i < b.size(); ++i) a[i] = static_cast<std::uint8_t>(a[i] ^ b[i]);
  return a;
}

/// RFC 3711 section 4.3 with a key derivation rate of zero.
Buffer derive(Bytes master_key, Bytes master_salt, std::uint8_t label, std::size_t size) {
  Buffer iv(16);
  std::copy(master_salt.begin(), master_salt.end(), iv.begin());
  iv[7] = static_cast<std::uint8_t>(iv[7] ^ label);
  return aes_ctr(master_key, iv, size);
}

TEST(SrtpVectors, KeyDerivationMatchesRfc3711AppendixB3) {
  const Buffer key = hex("e1f97a0d3e018be0d64fa32c06de4139"), salt = hex("0ec675ad498afeebb6960b3aabe6");
  EXPECT_EQ(to_hex(derive(key, salt, 0, 16)), "c61e7a93744f39ee10734afe3ff7a087");
  EXPECT_EQ(to_hex(derive(key, salt, 2, 14)), "30cbbc08863d8c85d49db34a9ae1");
  EXPECT_EQ(to_hex(derive(key, salt, 1, 20)), "cebe321f6ff7716b6fd4ab49af256a156d38baa4");
}

/// RFC 7714 section 8.1: 00 00, SSRC, ROC, SEQ, xored with the salt.
Buffer gcm_iv(Bytes packet, Bytes salt) {
  return exclusive_or(concat({Buffer(2), packet.subspan(8, 4), Buffer(4), packet.subspan(2, 2)}), salt);
}

Buffer gcm_seal(Provider& provider, Bytes key, Bytes salt, Bytes packet) {
  const auto aead = provider.aead(key.size() == 16 ? AeadAlgorithm::aes_128_gcm : AeadAlgorithm::aes_256_gcm, key);
  Buffer text(packet.begin() + 12, packet.end());
  std::array<std::uint8_t, 16> tag{};
  aead->seal(KnownAnswer::nonce(gcm_iv(packet, salt)), packet.first(12), text, tag);
  return concat({packet.first(12), text, tag});
}

const char* const kGallia =
    "8040f17b8041f8d35501a0b247616c6c696120657374206f6d6e69732064697669736120696e207061727465732074726573";

TEST(SrtpVectors, GcmMatchesRfc7714Section16) {
  const auto provider = default_provider();
  const Buffer salt = hex("517569642070726f2071756f");
  EXPECT_EQ(to_hex(gcm_seal(*provider, hex("000102030405060708090a0b0c0d0e0f"), salt, hex(kGallia))),
            "8040f17b8041f8d35501a0b2f24de3a3fb34de6cacba861c9d7e4bcabe633bd50d294e6f42a5f47a51c7d19b36de3adf8833899d7f"
            "27beb16a"
            "9152cf765ee4390cce");
  EXPECT_EQ(to_hex(gcm_seal(*provider, hex("000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"), salt,
                            hex(kGallia))),
            "8040f17b8041f8d35501a0b232b1de78a822fe12ef9f78fa332e33aab18012389a58e2f3b50b2a0276ffae0f1ba63799b87b7aa3db"
            "36dfffd6"
            "b0f9bb7878d7a76c13");
}

Buffer protect(SrtpProfile profile, Bytes master, Bytes packet) {
  auto session = Session::create(profile, MasterKey(master), MasterKey(Buffer(master.size(), 0xee)));
  EXPECT_TRUE(session);
  Buffer buffer(packet.begin(), packet.end());
  buffer.resize(packet.size() + kMaxTrailer);
  buffer.resize(session->protect_rtp(buffer, packet.size()).value_or(0));
  return buffer;
}

TEST(SrtpVectors, SessionWritesAes128CmHmacSha1AsInRfc3711) {
  const Buffer key = hex("e1f97a0d3e018be0d64fa32c06de4139"), salt = hex("0ec675ad498afeebb6960b3aabe6");
  const Buffer packet = hex(kGallia);
  // Section 4.1.1: IV = (k_s * 2^16) XOR (SSRC * 2^64) XOR (i * 2^16). Section 4.2: the MAC is over the packet and the
  // ROC.
  const Buffer iv =
      exclusive_or(concat({Buffer(4), Bytes(packet).subspan(8, 4), Buffer(4), Bytes(packet).subspan(2, 2), Buffer(2)}),
                   derive(key, salt, 2, 14));
  const Buffer stream = aes_ctr(derive(key, salt, 0, 16), iv, packet.size() - 12);
  const Buffer sealed =
      concat({Bytes(packet).first(12), exclusive_or(Buffer(packet.begin() + 12, packet.end()), stream)});
  const Buffer rollover(4);
  const std::array<Bytes, 2> parts{Bytes(sealed), Bytes(rollover)};
  const Digest mac = default_provider()->hmac(HashAlgorithm::sha1, derive(key, salt, 1, 20))->compute(parts);
  EXPECT_EQ(to_hex(protect(SrtpProfile::aes128_cm_hmac_sha1_80, concat({key, salt}), packet)),
            to_hex(concat({sealed, mac.bytes().first(10)})));
}

TEST(SrtpVectors, SessionWritesGcmAsInRfc7714) {
  const auto provider = default_provider();
  const Buffer salt = hex("517569642070726f2071756f");
  for (const SrtpProfile profile : {SrtpProfile::aead_aes_128_gcm, SrtpProfile::aead_aes_256_gcm}) {
    Buffer key = hex("000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f");
    key.resize(master_key_size(profile));
    // Section 11: the key derivation of RFC 3711, with AES-CM of the key's size.
    const Buffer session_key = derive(key, salt, 0, key.size()), session_salt = derive(key, salt, 2, 12);
    EXPECT_EQ(to_hex(protect(profile, concat({key, salt}), hex(kGallia))),
              to_hex(gcm_seal(*provider, session_key, session_salt, hex(kGallia))));
  }
}

}  // namespace
}  // namespace redan::srtp
