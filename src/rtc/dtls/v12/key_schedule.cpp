#include "rtc/dtls/v12/key_schedule.hpp"

#include "base/assert.hpp"
#include "rtc/dtls/v12/flights.hpp"

namespace redan::dtls::v12 {

void prf(Provider& provider, HashAlgorithm hash, Bytes secret, std::string_view label, std::span<const Bytes> seed,
         MutableBytes out) {
  constexpr std::size_t kMaxSeedParts = 6;
  REDAN_ASSERT(seed.size() <= kMaxSeedParts);
  // parts = A(i), label, seed...
  std::array<Bytes, kMaxSeedParts + 2> parts{};
  parts[1] = as_bytes(label);
  std::copy(seed.begin(), seed.end(), parts.begin() + 2);
  const std::span<const Bytes> all = std::span(parts).first(seed.size() + 2);

  const std::unique_ptr<Hmac> hmac = provider.hmac(hash, secret);
  Digest a = hmac->compute(all.subspan(1));
  while (!out.empty()) {
    parts[0] = a.bytes();
    Digest block = hmac->compute(all);
    const std::size_t n = std::min(out.size(), block.size);
    std::copy_n(block.storage.begin(), n, out.begin());
    wipe(block.storage);
    out = out.subspan(n);
    const Digest next = hmac->compute(all.first(1));
    a = next;
  }
  wipe(a.storage);
}

MasterSecret extended_master_secret(Provider& provider, HashAlgorithm hash, Bytes premaster, Bytes session_hash) {
  MasterSecret master;
  const std::array<Bytes, 1> seed{session_hash};
  prf(provider, hash, premaster, "extended master secret", seed, master.fill(48));
  return master;
}

VerifyData verify_data(Provider& provider, HashAlgorithm hash, const MasterSecret& master, Role sender,
                       Bytes transcript_hash) {
  VerifyData data{};
  const std::array<Bytes, 1> seed{transcript_hash};
  prf(provider, hash, master.expose(), sender == Role::client ? "client finished" : "server finished", seed, data);
  return data;
}

//    client_write_key[SecurityParameters.enc_key_length]
//    server_write_key[SecurityParameters.enc_key_length]
//    client_write_IV[SecurityParameters.fixed_iv_length]
//    server_write_IV[SecurityParameters.fixed_iv_length]
RecordKeys record_keys(Provider& provider, const CipherSuite& suite, const MasterSecret& master,
                       const Random& client_random, const Random& server_random, Role role) {
  const std::size_t key = key_size(suite.aead);
  const std::size_t iv = fixed_iv_size(suite.aead);
  Secret<2 * (32 + 12)> block;
  const std::array<Bytes, 2> seed{server_random, client_random};
  prf(provider, suite.hash, master.expose(), "key expansion", seed, block.fill(2 * (key + iv)));
  const Bytes bytes = block.expose();
  const Bytes client_key = bytes.subspan(0, key);
  const Bytes server_key = bytes.subspan(key, key);
  const Bytes client_iv = bytes.subspan(2 * key, iv);
  const Bytes server_iv = bytes.subspan(2 * key + iv, iv);
  const bool client = role == Role::client;
  return {SealProtection(provider, suite.aead, client ? client_key : server_key, client ? client_iv : server_iv,
                         kProtectedEpoch),
          OpenProtection(provider, suite.aead, client ? server_key : client_key, client ? server_iv : client_iv)};
}

void export_keying_material(Provider& provider, HashAlgorithm hash, const MasterSecret& master,
                            const Random& client_random, const Random& server_random, std::string_view label,
                            std::optional<Bytes> context, MutableBytes out) {
  std::array<std::uint8_t, 2> length{};
  std::array<Bytes, 4> seed{client_random, server_random, {}, {}};
  if (context) {
    Writer(length).u16(static_cast<std::uint16_t>(context->size()));
    seed[2] = length;
    seed[3] = *context;
  }
  prf(provider, hash, master.expose(), label, seed, out);
}

}  // namespace redan::dtls::v12
