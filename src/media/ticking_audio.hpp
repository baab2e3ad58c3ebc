// Encoded sound, played in a loop.
#pragma once

#include <boost/asio/io_context.hpp>

#include "media/source.hpp"
#include "net/alarm.hpp"

namespace redan::media {

struct AudioPacket {
  std::vector<std::uint8_t> bytes;
  Duration duration{};
};

class TickingAudio final : public AudioSource {
 public:
  /// At least one packet, each with a duration.
  TickingAudio(boost::asio::io_context& io, std::vector<AudioPacket> packets);

  void start() override;
  void stop() override;

 private:
  void wait();

  net::Alarm alarm_;
  std::vector<AudioPacket> packets_;
  std::size_t next_packet_ = 0;
  TimePoint next_{};
  bool running_ = false;
};

}  // namespace redan::media
