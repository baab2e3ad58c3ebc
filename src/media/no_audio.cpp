// A build without libopus.
#include "media/audio.hpp"

namespace redan::media {

Result<std::vector<AudioPacket>> encode_tone() { return refuse(Errc::media_unsupported); }

}  // namespace redan::media
