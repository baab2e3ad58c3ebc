// Bulk data over one data channel between two processes on loopback, without SCTP checksums (RFC 9653, which usrsctp
// lacks): compared with usrsctp over the same DTLS, and as a fraction of bare UDP and of the bare cipher.
#include <algorithm>

#include "bench/dtls_work.hpp"
#include "bench/figure.hpp"
#include "bench/two_processes.hpp"
#include "crypto/nonce.hpp"

namespace redan::bench {
namespace {

constexpr int kRounds = 5;

double median(std::array<double, kRounds> values) {
  std::sort(values.begin(), values.end());
  return values[kRounds / 2];
}

double cipher_megabytes_per_second() {
  const auto provider = default_provider();
  const std::array<std::uint8_t, 16> key{};
  const auto aead = provider->aead(AeadAlgorithm::aes_128_gcm, key);
  NonceSequence nonces(NonceBase(NonceForm::explicit_gcm, Bytes(key).first(4)), 0, ~std::uint64_t{0});
  std::array<std::uint8_t, 1200> text{};
  std::array<std::uint8_t, kAeadTagSize> tag{};
  double bytes = 0;
  const double start = wall_seconds();
  while (wall_seconds() - start < 0.3) {
    for (int i = 0; i < 100; ++i) aead->seal(*nonces.take(), Bytes(key).first(13), text, tag);
    bytes += 100.0 * text.size();
  }
  return bytes / (wall_seconds() - start) / 1e6;
}

}  // namespace

void channel_throughput() {
  std::array<double, kRounds> ours{};
  std::array<double, kRounds> usrsctp{};
  std::array<double, kRounds> udp{};
  std::array<double, kRounds> ratios{};
  for (std::size_t i = 0; i < kRounds; ++i) {
    ours[i] = redan_transfer();
    usrsctp[i] = usrsctp_transfer();
    udp[i] = udp_transfer();
    ratios[i] = ours[i] / usrsctp[i];
  }
  const double rate = median(ours);
  const double bare = median(udp);
  const double cipher = cipher_megabytes_per_second();
  print({"zero checksum, beside usrsctp", "MB/s", rate, median(usrsctp), median(ratios), 3.0});
  print({"of UDP with GSO and GRO", "MB/s", rate, bare, rate / bare});
  print({"of sealing AES-128-GCM", "MB/s", rate, cipher, rate / cipher});
}

}  // namespace redan::bench
