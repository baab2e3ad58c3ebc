// A build without libvpx.
#include "cloud/runtime/video.hpp"

namespace redan::cloud {

Result<std::unique_ptr<Vp8Encoder>> Vp8Encoder::open(const VideoFormat&) { return refuse(Errc::media_unsupported); }

}  // namespace redan::cloud
