// A build without libopus.
#include "media/audio.hpp"
#include "media/errors.hpp"

namespace redan::media {

Result<std::vector<AudioPacket>> encode_tone() { return refuse(errc::media_unsupported); }

}  // namespace redan::media
