#include "media/audio.hpp"

#include <opus/opus.h>

#include <cmath>
#include <memory>
#include <numbers>

namespace redan::media {
namespace {

constexpr int kRate = 48'000;
constexpr int kSamples = kRate / 50;  // of a packet
constexpr int kPackets = 50;
constexpr int kBitrate = 32'000;
constexpr double kTone = 440, kBeep = 1760;  // Hz: whole numbers, so that one second joins to the next
constexpr int kBeepSamples = kRate / 10;
constexpr double kSoft = 0.05, kLoud = 0.25;

struct Destroy {
  void operator()(OpusEncoder* encoder) const { opus_encoder_destroy(encoder); }
};

std::int16_t sample(int at) {
  const double time = static_cast<double>(at) / kRate, turn = 2 * std::numbers::pi * time;
  double value = kSoft * std::sin(turn * kTone);
  if (at < kBeepSamples) value += kLoud * std::sin(std::numbers::pi * at / kBeepSamples) * std::sin(turn * kBeep);
  return static_cast<std::int16_t>(value * 32'767);
}

}  // namespace

Result<std::vector<AudioPacket>> encode_tone() {
  int error = OPUS_OK;
  const std::unique_ptr<OpusEncoder, Destroy> encoder(
      opus_encoder_create(kRate, 1, OPUS_APPLICATION_RESTRICTED_LOWDELAY, &error));
  if (error != OPUS_OK) return refuse(Errc::io_failed);
  opus_encoder_ctl(encoder.get(), OPUS_SET_BITRATE(kBitrate));
  std::vector<AudioPacket> packets;
  // Encoded twice: the second pass begins with the encoder in the state in which the loop will find it.
  for (int i = 0; i < 2 * kPackets; ++i) {
    std::array<std::int16_t, kSamples> samples{};
    for (int k = 0; k < kSamples; ++k) samples[static_cast<std::size_t>(k)] = sample(i % kPackets * kSamples + k);
    std::vector<std::uint8_t> packet(1000);
    const int size =
        opus_encode(encoder.get(), samples.data(), kSamples, packet.data(), static_cast<opus_int32>(packet.size()));
    if (size <= 0) return refuse(Errc::io_failed);
    packet.resize(static_cast<std::size_t>(size));
    if (i >= kPackets) packets.push_back({std::move(packet), std::chrono::milliseconds(20)});
  }
  return packets;
}

}  // namespace redan::media
