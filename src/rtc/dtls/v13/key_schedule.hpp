// From shared secrets to keys: HKDF (RFC 5869) and the key schedule of RFC 8446 section 7 with the labels of DTLS (RFC
// 9147 section 5.9).
#pragma once

#include "rtc/dtls/hello/cipher_suite.hpp"
#include "rtc/dtls/record/ciphertext.hpp"

namespace redan::dtls::v13 {

/// As long as the hash of the suite.
using HashSecret = Secret<kMaxHashSize>;

/// The start of each label: that of TLS, "tls13 ", serves published vectors.
inline constexpr std::string_view kLabelPrefix = "dtls13";

HashSecret hkdf_extract(Provider& provider, HashAlgorithm hash, Bytes salt, Bytes input);
/// HKDF-Expand-Label; fills `out`.
void expand_label(Provider& provider, HashAlgorithm hash, Bytes secret, std::string_view label, Bytes context,
                  MutableBytes out, std::string_view prefix = kLabelPrefix);
/// Derive-Secret, with the hash of the messages.
HashSecret derive_secret(Provider& provider, HashAlgorithm hash, Bytes secret, std::string_view label,
                         Bytes transcript_hash, std::string_view prefix = kLabelPrefix);

/// The secrets of both senders in one epoch.
struct TrafficSecrets {
  HashSecret client;
  HashSecret server;
};

struct HandshakeSecrets {
  TrafficSecrets traffic;
  HashSecret master;
};
/// From the key exchange; `transcript_hash` covers ClientHello to ServerHello.
HandshakeSecrets handshake_secrets(Provider& provider, HashAlgorithm hash, Bytes shared, Bytes transcript_hash);

struct ApplicationSecrets {
  TrafficSecrets traffic;
  HashSecret exporter;
};
/// `transcript_hash` covers ClientHello to the server's Finished.
ApplicationSecrets application_secrets(Provider& provider, HashAlgorithm hash, const HashSecret& master,
                                       Bytes transcript_hash);
/// RFC 8446 section 7.2: the secret of the epoch after a KeyUpdate.
HashSecret next_secret(Provider& provider, HashAlgorithm hash, const HashSecret& current);

TrafficKeys traffic_keys(Provider& provider, const CipherSuite& suite, const HashSecret& secret);

/// RFC 8446 section 4.4.4: the content of the Finished of the sender with this traffic secret.
Digest verify_data(Provider& provider, HashAlgorithm hash, const HashSecret& traffic, Bytes transcript_hash);

/// RFC 8446 section 7.5; fills `out`. An absent context and an empty one give the same.
void export_keying_material(Provider& provider, HashAlgorithm hash, const HashSecret& exporter, std::string_view label,
                            Bytes context, MutableBytes out);

}  // namespace redan::dtls::v13
