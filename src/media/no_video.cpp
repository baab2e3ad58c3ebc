// A build without libvpx.
#include "media/errors.hpp"
#include "media/video.hpp"

namespace redan::media {

Result<std::unique_ptr<Vp8Encoder>> Vp8Encoder::open(const VideoFormat&) { return refuse(errc::media_unsupported); }

}  // namespace redan::media
