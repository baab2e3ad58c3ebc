#include "tests/browser/lossy_relay.hpp"

#include "base/reader.hpp"

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

// RFC 3550 section 5.1: SRTP leaves the header in the clear.
bool LossyRelay::lost_before(Bytes datagram, bool lost_now) {
  const bool rtcp = datagram.size() < 12 || (datagram[1] >= 192 && datagram[1] <= 223);
  if (rtcp) return lost_now;
  Reader reader(datagram.subspan(2));
  const std::uint16_t sequence = reader.u16();
  reader.skip(4);
  const std::uint64_t key = std::uint64_t{reader.u32()} << 16U | sequence;
  if (lost_now) lost_packets_.insert(key);
  return lost_packets_.contains(key);
}

// RFC 7983: 128 to 191 is RTP or RTCP.
bool LossyRelay::drops(Bytes datagram) {
  if (datagram.empty() || datagram[0] < 128 || datagram[0] > 191) return false;
  bool drop = random_.chance(loss);
  if (for_good) drop = lost_before(datagram, drop);
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
