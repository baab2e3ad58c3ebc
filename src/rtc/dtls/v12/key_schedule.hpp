// From the premaster secret to keys: PRF (RFC 5246 section 5), extended master secret (RFC 7627), key block (RFC 5246
// section 6.3), Finished, exporter (RFC 5705).
#pragma once

#include "rtc/dtls/handshake/role.hpp"
#include "rtc/dtls/hello/cipher_suite.hpp"
#include "rtc/dtls/hello/random.hpp"
#include "rtc/dtls/record/protection.hpp"

namespace redan::dtls::v12 {

using MasterSecret = Secret<48>;
using VerifyData = std::array<std::uint8_t, 12>;

/// PRF(secret, label, seed) with P_hash over HMAC; fills `out`. The seed is the concatenation of its parts.
void prf(Provider& provider, HashAlgorithm hash, Bytes secret, std::string_view label, std::span<const Bytes> seed,
         MutableBytes out);

/// RFC 7627 section 4: PRF(pre_master_secret, "extended master secret", session_hash)[0..47].
MasterSecret extended_master_secret(Provider& provider, HashAlgorithm hash, Bytes premaster, Bytes session_hash);

/// RFC 5246 section 7.4.9: the content of the Finished that `sender` sends.
VerifyData verify_data(Provider& provider, HashAlgorithm hash, const MasterSecret& master, Role sender,
                       Bytes transcript_hash);

struct RecordKeys {
  SealProtection write;
  OpenProtection read;
};
/// The protections of kProtectedEpoch for the side `role`.
RecordKeys record_keys(Provider& provider, const CipherSuite& suite, const MasterSecret& master,
                       const Random& client_random, const Random& server_random, Role role);

/// RFC 5705 section 4. An absent `context` and an empty one give different results.
void export_keying_material(Provider& provider, HashAlgorithm hash, const MasterSecret& master,
                            const Random& client_random, const Random& server_random, std::string_view label,
                            std::optional<Bytes> context, MutableBytes out);

}  // namespace redan::dtls::v12
