#include "wamp/secret_key.hpp"

#include <sodium.h>

#include <algorithm>

#include "base/assert.hpp"
#include "wamp/errors.hpp"
#include "wamp/serializer.hpp"

namespace redan::wamp {
namespace {

static_assert(crypto_secretbox_KEYBYTES == SecretKey::kSize && crypto_aead_aes256gcm_KEYBYTES == SecretKey::kSize);

constexpr std::array<std::string_view, 2> kCiphers = {"xsalsa20poly1305", "aes256gcm"};

constexpr std::size_t nonce_size(PptCipher cipher) {
  return cipher == PptCipher::aes256gcm ? crypto_aead_aes256gcm_NPUBBYTES : crypto_secretbox_NONCEBYTES;
}
constexpr std::size_t kTagSize = 16;
static_assert(crypto_aead_aes256gcm_ABYTES == kTagSize && crypto_secretbox_MACBYTES == kTagSize);

bool open_into(PptCipher cipher, Bytes key, Bytes nonce, Bytes sealed, std::vector<std::uint8_t>& text) {
  if (cipher == PptCipher::xsalsa20poly1305) {
    return crypto_secretbox_open_easy(text.data(), sealed.data(), sealed.size(), nonce.data(), key.data()) == 0;
  }
  return crypto_aead_aes256gcm_decrypt(text.data(), nullptr, nullptr, sealed.data(), sealed.size(), nullptr, 0,
                                       nonce.data(), key.data()) == 0;
}

}  // namespace

std::string_view name(PptCipher cipher) { return kCiphers.at(static_cast<std::size_t>(cipher)); }

std::optional<PptCipher> parse_ppt_cipher(std::string_view name) {
  const auto* const at = std::find(kCiphers.begin(), kCiphers.end(), name);
  if (at == kCiphers.end()) return std::nullopt;
  return static_cast<PptCipher>(at - kCiphers.begin());
}

redan::Result<SecretKey> SecretKey::make(PptCipher cipher, Bytes key) {
  const int chosen = sodium_init();
  REDAN_ASSERT(chosen >= 0);
  if (key.size() != kSize) return refuse(Errc::crypto_bad_key);
  if (cipher == PptCipher::aes256gcm && crypto_aead_aes256gcm_is_available() == 0) {
    return refuse(Errc::crypto_unsupported);
  }
  SecretKey made;
  made.cipher_ = cipher;
  made.key_ = Secret<kSize>(key);
  return made;
}

Binary SecretKey::seal(const Payload& payload, RandomSource& random) const {
  std::vector<std::uint8_t> text = write_ppt(payload);
  const std::size_t skipped = nonce_size(cipher_);
  Binary sealed(skipped + text.size() + kTagSize);
  const MutableBytes nonce = MutableBytes(sealed).first(skipped);
  random.random(nonce);
  const Bytes key = key_.expose();
  if (cipher_ == PptCipher::xsalsa20poly1305) {
    crypto_secretbox_easy(sealed.data() + skipped, text.data(), text.size(), nonce.data(), key.data());
  } else {
    crypto_aead_aes256gcm_encrypt(sealed.data() + skipped, nullptr, text.data(), text.size(), nullptr, 0, nullptr,
                                  nonce.data(), key.data());
  }
  wipe(text);
  return sealed;
}

redan::Result<Payload> SecretKey::open(Bytes sealed) const {
  const std::size_t skipped = nonce_size(cipher_);
  if (sealed.size() < skipped + kTagSize) return refuse(errc::wamp_decrypt_error);
  std::vector<std::uint8_t> text(sealed.size() - skipped - kTagSize);
  const bool opened = open_into(cipher_, key_.expose(), sealed.first(skipped), sealed.subspan(skipped), text);
  auto payload = opened ? parse_ppt(text) : std::nullopt;
  wipe(text);
  if (!payload) return refuse(errc::wamp_decrypt_error);
  return std::move(*payload);
}

std::vector<std::uint8_t> write_ppt(const Payload& payload) {
  Dict map;
  map.append("args", payload.args);
  map.append("kwargs", payload.kwargs);
  return encode(Serializer::cbor, map);
}

std::optional<Payload> parse_ppt(Bytes cbor) {
  DecodeLimits limits;
  limits.max_size = std::max(limits.max_size, cbor.size());  // the transport has already bounded it
  const auto value = decode(Serializer::cbor, cbor, limits);
  const Dict* const map = value ? value->get_if<Dict>() : nullptr;
  if (map == nullptr) return std::nullopt;
  Payload payload;
  for (const auto& [name, member] : *map) {
    const bool is_args = name == "args", is_kwargs = name == "kwargs";
    if (is_args && member.get_if<List>() != nullptr) {
      payload.args = *member.get_if<List>();
    } else if (is_kwargs && member.get_if<Dict>() != nullptr) {
      payload.kwargs = *member.get_if<Dict>();
    } else if (!member.is_null() || (!is_args && !is_kwargs)) {
      return std::nullopt;
    }
  }
  return payload;
}

}  // namespace redan::wamp
