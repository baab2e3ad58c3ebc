// A build without libopus.
#include "cloud/runtime/audio.hpp"

namespace redan::cloud {

Result<std::vector<std::vector<std::uint8_t>>> encode_tone() { return refuse(Errc::media_unsupported); }

}  // namespace redan::cloud
