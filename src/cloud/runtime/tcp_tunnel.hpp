// Leads a client's data channel to a TCP port of this instance, for example that of adbd.
#pragma once

#include <redan/types.hpp>

#include "cloud/runtime/byte_pump.hpp"

namespace redan::cloud::runtime {

class TcpTunnel final : public ChannelEnd {
 public:
  /// Connects at once. `callbacks.on_end`: the connection could not be made, or has ended.
  TcpTunnel(boost::asio::io_context& io, const Address& to, BytePump::Callbacks callbacks);
  /// If it is connected, what the client has sent is still delivered.
  ~TcpTunnel() override;
  TcpTunnel(const TcpTunnel&) = delete;
  TcpTunnel& operator=(const TcpTunnel&) = delete;

  [[nodiscard]] bool write(Bytes bytes) override { return pump_->write(bytes); }
  void resume() override { pump_->resume(); }

 private:
  std::shared_ptr<BytePump> pump_;
};

}  // namespace redan::cloud::runtime
