// A streamer's sources from the words of its user.
#pragma once

#include <boost/asio/io_context.hpp>
#include <memory>

#include "media/picture.hpp"
#include "media/source.hpp"

namespace redan::media {

struct Sources {
  std::unique_ptr<VideoSource> video;  ///< null: none is given, and this build has no encoder
  std::unique_ptr<AudioSource> audio;
  Scene* scene = nullptr;  ///< of a generated picture; lives in `video`
};

/// StreamerConfig::source. What is not named is generated, but beside a given video there is silence. Throws
/// std::runtime_error in a person's words.
Sources open_sources(boost::asio::io_context& io, std::string_view words);

}  // namespace redan::media
