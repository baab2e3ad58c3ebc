// A build without libopus.
#include "media/audio.hpp"

namespace redan::cloud {

Result<std::vector<AudioPacket>> encode_tone() { return refuse(Errc::media_unsupported); }

}  // namespace redan::cloud
