// The errors of sources and encoders, numbered from 5000.
#pragma once

#include <redan/error.hpp>

namespace redan::media::errc {

// X(number, name, text, hint). Append rows, and never reuse a number.
#define REDAN_MEDIA_ERRORS(X) \
  /* streaming */             \
  X(5000, media_unsupported, "this build has no encoder for it", "install libvpx and libopus, and build again")

REDAN_MEDIA_ERRORS(REDAN_ERROR_ROW)

}  // namespace redan::media::errc
