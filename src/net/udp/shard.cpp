#include <algorithm>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <redan/asio.hpp>

#include "base/assert.hpp"
#include "net/clock.hpp"
#include "net/ice/sockets.hpp"
#include "net/socket_address.hpp"
#include "net/udp/datagram_socket.hpp"

namespace redan {
namespace {

namespace asio = boost::asio;

// Reading has priority again after this many batches, so that acknowledgements are not delayed by bulk data.
constexpr int kBatchesPerTurn = 8;

}  // namespace

class REDAN_HIDDEN Shard::Impl : public std::enable_shared_from_this<Shard::Impl> {
 public:
  Impl(asio::io_context& io, std::vector<std::unique_ptr<net::DatagramSocket>> the_sockets, EndpointConfig config,
       Identity identity, Provider& provider, Handler the_handler)
      : locals(config.local_addresses),
        endpoint(std::move(config), std::move(identity), provider),
        io_(io),
        timer_(io),
        handler_(std::move(the_handler)) {
    for (auto& socket : the_sockets) {
      // Asio watches the descriptor; the DatagramSocket closes it.
      watches_.push_back(std::make_unique<asio::posix::stream_descriptor>(io, socket->fd()));
      sockets_.push_back(std::move(socket));
    }
  }
  ~Impl() { stop(); }

  void start() {
    // The handler may destroy the shard.
    ice_sockets_.emplace(io_, endpoint, [weak = weak_from_this()] {
      if (const auto self = weak.lock()) self->drain();
    });
    for (std::size_t i = 0; i < sockets_.size(); ++i) read(i);
    wake();
  }
  void stop() {
    stopped_ = true;
    timer_.cancel();
    if (ice_sockets_) ice_sockets_->stop();
    for (auto& watch : watches_) {
      if (watch->is_open()) watch->release();
    }
  }
  void wake() {
    if (draining_ || scheduled_ || stopped_) return;
    scheduled_ = true;
    asio::post(io_, [self = shared_from_this()] {
      self->scheduled_ = false;
      self->drain();
    });
  }

  std::vector<Address> locals;
  Endpoint endpoint;

 private:
  void read(std::size_t index) {
    watches_[index]->async_wait(asio::posix::stream_descriptor::wait_read,
                                [self = shared_from_this(), index](const boost::system::error_code& error) {
                                  if (error || self->stopped_) return;
                                  self->on_readable(index);
                                  if (!self->stopped_) self->read(index);
                                });
  }
  void on_readable(std::size_t index) {
    const TimePoint now = net::now();
    for (const net::ReceivedDatagram& datagram : sockets_[index]->receive()) {
      endpoint.handle_input(now, {{locals[index], datagram.remote}, datagram.bytes, datagram.ecn});
    }
    drain();
  }

  void drain() {
    if (blocked_ || draining_ || stopped_) return;
    draining_ = true;
    int batches = 0;
    TimePoint until = kNever;
    for (bool more = true; more && !blocked_ && !stopped_;) {
      if (batches >= kBatchesPerTurn) {
        until = net::now();
        break;
      }
      const std::size_t size = endpoint.max_datagram();
      MutableBytes space = batch_.space(size);
      if (space.empty()) {
        ++batches;
        flush();
        continue;
      }
      const Output output = endpoint.poll_output(net::now(), space.first(size));
      if (const auto* transmit = std::get_if<Transmit>(&output)) {
        batches += enqueue(*transmit) ? 0 : 1;
      } else if (const auto* wait = std::get_if<Wait>(&output)) {
        until = wait->until;
        more = false;
      } else if (!ice_sockets_->handle(output)) {
        handler_(endpoint, output);
      }
    }
    if (!blocked_ && !batch_.empty()) flush();
    draining_ = false;
    if (batches >= kBatchesPerTurn) return wake();
    if (!blocked_) arm(until);
  }

  // Returns false if a batch had to be sent first.
  bool enqueue(const Transmit& transmit) {
    if (batch_.add(transmit.path, transmit.bytes.size(), transmit.ecn)) return true;
    carried_.assign(transmit.bytes.begin(), transmit.bytes.end());
    carried_on_ = transmit.path;
    carried_ecn_ = transmit.ecn;
    flush();
    return false;
  }
  void flush() {
    if (!batch_.empty()) {
      const auto index =
          static_cast<std::size_t>(std::find(locals.begin(), locals.end(), batch_.path().local) - locals.begin());
      REDAN_ASSERT(index < sockets_.size());
      if (sockets_[index]->send(batch_) == net::DatagramSocket::Sent::would_block) return block(index);
      batch_.clear();
    }
    if (!carried_.empty()) {
      batch_.copy(carried_on_, carried_, carried_ecn_);
      carried_.clear();
    }
  }
  void block(std::size_t index) {
    blocked_ = true;
    watches_[index]->async_wait(asio::posix::stream_descriptor::wait_write,
                                [self = shared_from_this()](const boost::system::error_code& error) {
                                  if (error || self->stopped_) return;
                                  self->blocked_ = false;
                                  self->flush();
                                  self->drain();
                                });
  }

  void arm(TimePoint until) {
    if (stopped_) return;
    if (until == kNever) {
      timer_.cancel();
      return;
    }
    timer_.expires_after(std::max(until - net::now(), Duration{0}));
    timer_.async_wait([self = shared_from_this()](const boost::system::error_code& error) {
      if (!error) self->drain();
    });
  }

  asio::io_context& io_;
  asio::steady_timer timer_;
  Handler handler_;
  std::vector<std::unique_ptr<net::DatagramSocket>> sockets_;
  std::vector<std::unique_ptr<asio::posix::stream_descriptor>> watches_;
  std::optional<net::IceSockets> ice_sockets_;
  net::SendBatch batch_;
  std::vector<std::uint8_t> carried_;
  Path carried_on_;
  Ecn carried_ecn_ = Ecn::not_ect;
  bool blocked_ = false;
  bool draining_ = false;
  bool scheduled_ = false;
  bool stopped_ = false;
};

Result<std::unique_ptr<Shard>> Shard::open(asio::io_context& io, EndpointConfig config, Identity identity,
                                           Provider& provider, Handler handler) {
  std::vector<std::unique_ptr<net::DatagramSocket>> sockets;
  for (Address& local : config.local_addresses) {
    // All use the port of the first one.
    const std::uint16_t port = sockets.empty() ? local.port() : sockets.front()->local_address().port();
    const auto wanted = Address::parse(local.ip_text(), port);
    if (!wanted) return refuse(Errc::invalid_argument);
    if (net::is_wildcard(*wanted)) return refuse(Errc::invalid_argument, wanted->ip_text() + ": no peer can reach it");
    REDAN_TRY(auto socket, net::DatagramSocket::bind(*wanted));
    local = socket->local_address();
    sockets.push_back(std::move(socket));
  }
  if (sockets.empty()) return refuse(Errc::invalid_argument);
  auto impl = std::make_shared<Impl>(io, std::move(sockets), std::move(config), std::move(identity), provider,
                                     std::move(handler));
  impl->start();
  return std::unique_ptr<Shard>(new Shard(std::move(impl)));
}

Shard::Shard(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}
Shard::~Shard() { impl_->stop(); }
Endpoint& Shard::endpoint() { return impl_->endpoint; }
void Shard::wake() { impl_->wake(); }
const std::vector<Address>& Shard::local_addresses() const { return impl_->locals; }
void Shard::stop() { impl_->stop(); }

}  // namespace redan
