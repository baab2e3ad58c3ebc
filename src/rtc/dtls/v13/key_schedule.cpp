#include "rtc/dtls/v13/key_schedule.hpp"

#include "base/assert.hpp"

namespace redan::dtls::v13 {
namespace {

HashSecret secret_of(Digest digest) {
  HashSecret secret(digest.bytes());
  wipe(digest.storage);
  return secret;
}

// RFC 5869 section 2.3.
void hkdf_expand(Provider& provider, HashAlgorithm hash, Bytes secret, Bytes info, MutableBytes out) {
  const std::unique_ptr<Hmac> hmac = provider.hmac(hash, secret);
  Digest block;
  for (std::uint8_t counter = 1; !out.empty(); ++counter) {
    const std::array<std::uint8_t, 1> number{counter};
    block = hmac->compute(std::array<Bytes, 3>{block.bytes(), info, number});
    const std::size_t n = std::min(out.size(), block.size);
    std::copy_n(block.storage.begin(), n, out.begin());
    out = out.subspan(n);
  }
  wipe(block.storage);
}

}  // namespace

HashSecret hkdf_extract(Provider& provider, HashAlgorithm hash, Bytes salt, Bytes input) {
  return secret_of(provider.hmac_once(hash, salt, input));
}

//    struct {
//        uint16 length = Length;
//        opaque label<7..255> = prefix + Label;
//        opaque context<0..255> = Context;
//    } HkdfLabel;
void expand_label(Provider& provider, HashAlgorithm hash, Bytes secret, std::string_view label, Bytes context,
                  MutableBytes out, std::string_view prefix) {
  std::array<std::uint8_t, 2 + 256 + 256> info{};
  Writer writer(info);
  writer.u16(static_cast<std::uint16_t>(out.size()));
  writer.prefixed8([&](Writer& w) {
    w.bytes(as_bytes(prefix));
    w.bytes(as_bytes(label));
  });
  writer.opaque8(context);
  REDAN_ASSERT(writer.ok());
  hkdf_expand(provider, hash, secret, writer.written(), out);
}

HashSecret derive_secret(Provider& provider, HashAlgorithm hash, Bytes secret, std::string_view label,
                         Bytes transcript_hash, std::string_view prefix) {
  HashSecret derived;
  expand_label(provider, hash, secret, label, transcript_hash, derived.fill(hash_size(hash)), prefix);
  return derived;
}

HandshakeSecrets handshake_secrets(Provider& provider, HashAlgorithm hash, Bytes shared, Bytes transcript_hash) {
  constexpr std::array<std::uint8_t, kMaxHashSize> kZeros{};
  const Bytes zeros = Bytes(kZeros).first(hash_size(hash));
  const Digest nothing = provider.hash(hash, {});
  const HashSecret early = hkdf_extract(provider, hash, zeros, zeros);
  const HashSecret salt = derive_secret(provider, hash, early.expose(), "derived", nothing.bytes());
  const HashSecret handshake = hkdf_extract(provider, hash, salt.expose(), shared);
  const HashSecret next = derive_secret(provider, hash, handshake.expose(), "derived", nothing.bytes());
  HandshakeSecrets secrets;
  secrets.traffic.client = derive_secret(provider, hash, handshake.expose(), "c hs traffic", transcript_hash);
  secrets.traffic.server = derive_secret(provider, hash, handshake.expose(), "s hs traffic", transcript_hash);
  secrets.master = hkdf_extract(provider, hash, next.expose(), zeros);
  return secrets;
}

ApplicationSecrets application_secrets(Provider& provider, HashAlgorithm hash, const HashSecret& master,
                                       Bytes transcript_hash) {
  ApplicationSecrets secrets;
  secrets.traffic.client = derive_secret(provider, hash, master.expose(), "c ap traffic", transcript_hash);
  secrets.traffic.server = derive_secret(provider, hash, master.expose(), "s ap traffic", transcript_hash);
  secrets.exporter = derive_secret(provider, hash, master.expose(), "exp master", transcript_hash);
  return secrets;
}

HashSecret next_secret(Provider& provider, HashAlgorithm hash, const HashSecret& current) {
  return derive_secret(provider, hash, current.expose(), "traffic upd", {});
}

TrafficKeys traffic_keys(Provider& provider, const CipherSuite& suite, const HashSecret& secret) {
  TrafficKeys keys;
  keys.algorithm = suite.aead;
  const std::size_t size = key_size(suite.aead);
  expand_label(provider, suite.hash, secret.expose(), "key", {}, keys.key.fill(size));
  expand_label(provider, suite.hash, secret.expose(), "iv", {}, keys.iv.fill(kAeadNonceSize));
  expand_label(provider, suite.hash, secret.expose(), "sn", {}, keys.record_number_key.fill(size));
  return keys;
}

Digest verify_data(Provider& provider, HashAlgorithm hash, const HashSecret& traffic, Bytes transcript_hash) {
  const HashSecret key = derive_secret(provider, hash, traffic.expose(), "finished", {});
  return provider.hmac_once(hash, key.expose(), transcript_hash);
}

void export_keying_material(Provider& provider, HashAlgorithm hash, const HashSecret& exporter, std::string_view label,
                            Bytes context, MutableBytes out) {
  const HashSecret secret = derive_secret(provider, hash, exporter.expose(), label, provider.hash(hash, {}).bytes());
  expand_label(provider, hash, secret.expose(), "exporter", provider.hash(hash, context).bytes(), out);
}

}  // namespace redan::dtls::v13
