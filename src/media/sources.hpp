// Opens a streamer's sources from a textual list.
#pragma once

#include <boost/asio/io_context.hpp>
#include <memory>

#include "media/picture.hpp"
#include "media/source.hpp"

namespace redan::media {

struct Sources {
  std::unique_ptr<VideoSource> video;  ///< null: none is given, and this build has no encoder
  std::unique_ptr<AudioSource> audio;
  Scene* scene = nullptr;  ///< of a generated picture; owned by `video`
};

/// See StreamerConfig::source. Whatever is not named is generated; but if only a video is given, the sound is silence.
/// Throws std::runtime_error with a human-readable message.
Sources open_sources(boost::asio::io_context& io, std::string_view words);

}  // namespace redan::media
