#include "media/video.hpp"

#include <vpx/vp8cx.h>
#include <vpx/vpx_encoder.h>

#include <algorithm>

#include "base/assert.hpp"

namespace redan::media {
namespace {

constexpr int kTicksPerSecond = 90'000;
// One of the encoder's real-time speeds (-16 to 16), which takes a few milliseconds at 720p.
constexpr int kSpeed = -10;
// A smaller change of level in an otherwise static block is not encoded.
constexpr unsigned kStaticThreshold = 1;
constexpr unsigned kMaxQuantizer = 56;
constexpr unsigned kMinQuantizer = 4;
// A key frame may be this much larger than the mean frame, in percent: a late picture is worse than a coarse one.
constexpr unsigned kMaxIntraPercent = 900;

class Encoder final : public Vp8Encoder {
 public:
  explicit Encoder(const VideoFormat& format) : fps_(format.fps) {
    if (vpx_codec_enc_config_default(vpx_codec_vp8_cx(), &config_, 0) != VPX_CODEC_OK) return;
    config_.g_w = format.width;
    config_.g_h = format.height;
    config_.g_timebase = {1, kTicksPerSecond};
    config_.g_threads = 1;
    config_.g_lag_in_frames = 0;
    config_.g_error_resilient = VPX_ERROR_RESILIENT_DEFAULT;
    config_.kf_mode = VPX_KF_DISABLED;
    config_.rc_end_usage = VPX_CBR;
    config_.rc_target_bitrate = format.bitrate / 1000;
    config_.rc_dropframe_thresh = 25;
    config_.rc_resize_allowed = 0;
    config_.rc_min_quantizer = kMinQuantizer;
    config_.rc_max_quantizer = kMaxQuantizer;
    config_.rc_undershoot_pct = 100;
    config_.rc_overshoot_pct = 15;
    config_.rc_buf_initial_sz = 500;
    config_.rc_buf_optimal_sz = 600;
    config_.rc_buf_sz = 1000;
    if (vpx_codec_enc_init(&codec_, vpx_codec_vp8_cx(), &config_, 0) != VPX_CODEC_OK) return;
    open_ = true;
    vpx_codec_control(&codec_, VP8E_SET_CPUUSED, kSpeed);
    vpx_codec_control(&codec_, VP8E_SET_STATIC_THRESHOLD, kStaticThreshold);
    vpx_codec_control(&codec_, VP8E_SET_TOKEN_PARTITIONS, VP8_ONE_TOKENPARTITION);
    vpx_codec_control(&codec_, VP8E_SET_MAX_INTRA_BITRATE_PCT, kMaxIntraPercent);
  }
  ~Encoder() override {
    if (open_) vpx_codec_destroy(&codec_);
  }
  Encoder(const Encoder&) = delete;
  Encoder& operator=(const Encoder&) = delete;
  [[nodiscard]] bool is_open() const { return open_; }

  Result<std::optional<EncodedFrame>> encode(const I420& picture, TimePoint time, bool key) override {
    if (picture.width != config_.g_w || picture.height != config_.g_h) return refuse(Errc::invalid_argument);
    vpx_image_t image{};
    wrap(picture, image);
    const auto flags = static_cast<vpx_enc_frame_flags_t>(key ? VPX_EFLAG_FORCE_KF : 0);
    if (vpx_codec_encode(&codec_, &image, ticks(time), kTicksPerSecond / fps_, flags, VPX_DL_REALTIME) !=
        VPX_CODEC_OK) {
      return refuse(Errc::io_failed);
    }
    std::optional<EncodedFrame> frame;
    vpx_codec_iter_t iterator = nullptr;
    while (const vpx_codec_cx_pkt_t* packet = vpx_codec_get_cx_data(&codec_, &iterator)) {
      if (packet->kind != VPX_CODEC_CX_FRAME_PKT || packet->data.frame.sz == 0) continue;
      const auto* bytes = static_cast<const std::uint8_t*>(packet->data.frame.buf);
      frame.emplace();
      frame->bytes.assign(bytes, bytes + packet->data.frame.sz);
      frame->time = time;
      frame->key = (packet->data.frame.flags & VPX_FRAME_IS_KEY) != 0;
      frame->width = picture.width;
      frame->height = picture.height;
    }
    return frame;
  }

  void set_bitrate(std::uint32_t bits_per_second) override {
    config_.rc_target_bitrate = std::max(1U, bits_per_second / 1000);
    (void)vpx_codec_enc_config_set(&codec_, &config_);
  }

 private:
  // libvpx only reads the buffer given here.
  static void wrap(const I420& picture, vpx_image_t& image) {
    auto* bytes = const_cast<std::uint8_t*>(picture.bytes.data());
    REDAN_ASSERT(vpx_img_wrap(&image, VPX_IMG_FMT_I420, picture.width, picture.height, 1, bytes) != nullptr);
  }
  // Strictly increasing, independent of the clock.
  vpx_codec_pts_t ticks(TimePoint time) {
    const auto count = std::chrono::duration_cast<std::chrono::duration<std::int64_t, std::ratio<1, kTicksPerSecond>>>(
                           time.time_since_epoch())
                           .count();
    if (!first_) first_ = count;
    last_ = std::max<std::int64_t>(count - *first_, last_ + 1);
    return last_;
  }

  vpx_codec_ctx_t codec_{};
  vpx_codec_enc_cfg_t config_{};
  std::uint32_t fps_;
  bool open_ = false;
  std::optional<std::int64_t> first_;
  std::int64_t last_ = -1;
};

}  // namespace

Result<std::unique_ptr<Vp8Encoder>> Vp8Encoder::open(const VideoFormat& format) {
  const bool even = format.width % 2 == 0 && format.height % 2 == 0;
  // RFC 6386 section 9.1: 14 bits each.
  const bool fits = format.width >= 2 && format.width < 1U << 14U && format.height >= 2 && format.height < 1U << 14U;
  if (!even || !fits || format.fps == 0 || format.fps > 1000) return refuse(Errc::invalid_argument);
  auto encoder = std::make_unique<Encoder>(format);
  if (!encoder->is_open()) return refuse(Errc::invalid_argument);
  return encoder;
}

}  // namespace redan::media
