// Sound that is there already, one packet each 20 ms of real time.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include "cloud/runtime/source.hpp"

namespace redan::cloud {

class TickingAudio final : public AudioSource {
 public:
  /// Played in a circle; at least one packet. `duration` is that of each.
  TickingAudio(boost::asio::io_context& io, std::vector<std::vector<std::uint8_t>> packets, Duration duration);

  void start() override;
  void stop() override;

 private:
  void wait();

  boost::asio::steady_timer timer_;
  std::vector<std::vector<std::uint8_t>> packets_;
  Duration duration_;
  std::size_t next_packet_ = 0;
  TimePoint next_{};
  bool running_ = false;
};

}  // namespace redan::cloud
