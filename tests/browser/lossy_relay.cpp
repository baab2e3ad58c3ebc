#include "tests/browser/lossy_relay.hpp"

namespace redan::test {

namespace asio = boost::asio;
using asio::ip::udp;

LossyRelay::LossyRelay(asio::io_context& io, const Address& target)
    : outside_(io, udp::endpoint(asio::ip::make_address(target.ip_text()), 0)),
      inside_(io, udp::endpoint(asio::ip::make_address(target.ip_text()), 0)),
      target_(asio::ip::make_address(target.ip_text()), target.port()) {
  read_outside();
  read_inside();
}

void LossyRelay::read_outside() {
  outside_.async_receive_from(asio::buffer(outside_buffer_), from_,
                              [this](const boost::system::error_code& error, std::size_t size) {
                                if (error == asio::error::operation_aborted) return;
                                boost::system::error_code ignored;
                                if (!error) {
                                  browser_ = from_;
                                  inside_.send_to(asio::buffer(outside_buffer_, size), target_, 0, ignored);
                                }
                                read_outside();
                              });
}

void LossyRelay::read_inside() {
  inside_.async_receive(asio::buffer(inside_buffer_), [this](const boost::system::error_code& error, std::size_t size) {
    if (error == asio::error::operation_aborted) return;
    boost::system::error_code ignored;
    if (!error && !drops(Bytes(inside_buffer_).first(size))) {
      outside_.send_to(asio::buffer(inside_buffer_, size), browser_, 0, ignored);
    }
    read_inside();
  });
}

// RFC 7983: 128 to 191 is RTP or RTCP.
bool LossyRelay::drops(Bytes datagram) {
  if (datagram.empty() || datagram[0] < 128 || datagram[0] > 191) return false;
  bool drop = random_.chance(loss);
  if (bytes_per_second > 0) {
    const auto now = std::chrono::steady_clock::now();
    const double rate = static_cast<double>(bytes_per_second);
    tokens_ = std::min(tokens_ + std::chrono::duration<double>(now - refilled_).count() * rate, rate / 10);
    refilled_ = now;
    drop = drop || tokens_ < static_cast<double>(datagram.size());
    if (!drop) tokens_ -= static_cast<double>(datagram.size());
  }
  ++(drop ? lost : passed);
  return drop;
}

}  // namespace redan::test
