// A UDP relay between a browser and a streamer on this host, which loses packets as configured.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/udp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <redan/types.hpp>
#include <set>

#include "tests/support/seeded_random.hpp"

namespace redan::test {

class LossyRelay {
 public:
  /// Listens at `target`'s address on another port, and forwards to `target` and back.
  LossyRelay(boost::asio::io_context& io, const Address& target);

  [[nodiscard]] std::uint16_t port() const { return outside_.local_endpoint().port(); }

  // Of media packets towards the browser:
  double loss = 0;                   ///< this share of them is lost
  bool for_good = false;             ///< lost packets are also lost when they are sent again
  std::size_t bytes_per_second = 0;  ///< packets beyond it are lost; 0: no limit
  std::uint64_t lost = 0, passed = 0;

 private:
  void read_outside();
  void read_inside();
  bool drops(Bytes datagram);
  bool lost_before(Bytes datagram, bool lost_now);

  boost::asio::ip::udp::socket outside_, inside_;
  boost::asio::ip::udp::endpoint target_, browser_, from_;
  std::array<std::uint8_t, 2048> outside_buffer_{}, inside_buffer_{};
  std::set<std::uint64_t> lost_packets_;  // SSRC and sequence number
  SeededRandom random_{11};
  double tokens_ = 0;
  std::chrono::steady_clock::time_point refilled_ = std::chrono::steady_clock::now();
};

}  // namespace redan::test
