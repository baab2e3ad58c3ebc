#include "cloud/runtime/program_channels.hpp"

#include "base/reader.hpp"
#include "base/utf8.hpp"
#include "cloud/runtime/tcp_tunnel.hpp"

namespace redan::cloud::runtime {
namespace {

constexpr std::size_t kMaxBuffered = 256 * 1024;  ///< for the client; a program that sends more has to wait

}  // namespace

ProgramChannels::ProgramChannels(boost::asio::io_context& io, std::filesystem::path directory, Shard& shard, Log log)
    : io_(io), directory_(std::move(directory)), shard_(shard), log_(std::move(log)) {}

void ProgramChannels::open(PeerId peer, ChannelId channel, const std::string& name) {
  std::unique_ptr<ChannelEnd> socket;
  if (!directory_.empty()) {
    auto listening = ChannelSocket::listen(io_, directory_ / ("webrtc_data_" + name),
                                           [this, channel](Bytes bytes) { return send_output(channel, bytes); });
    if (!listening) {
      log_("channel " + name + ": no socket: " + std::string(text(listening.error())));
      return close(peer, channel);
    }
    socket = std::move(*listening);
    (void)shard_.endpoint().set_buffered_amount_low_threshold(peer, channel, kMaxBuffered / 4);
  }
  channels_[channel.value] = {peer, name, std::move(socket)};
}

void ProgramChannels::tunnel(PeerId peer, ChannelId channel, const std::string& name, const Address& to) {
  (void)shard_.endpoint().set_buffered_amount_low_threshold(peer, channel, kMaxBuffered / 4);
  Channel& made = channels_[channel.value] = {peer, name, nullptr};
  made.output.on_client(MessageKind::binary);
  made.end = std::make_unique<TcpTunnel>(
      io_, to,
      BytePump::Callbacks{[this, channel](Bytes bytes) { return send_output(channel, bytes); },
                          [this, peer, channel] { close(peer, channel); }});
}

void ProgramChannels::close(PeerId peer, ChannelId channel) {
  channels_.erase(channel.value);
  (void)shard_.endpoint().close_channel(peer, channel);
  shard_.wake();
}

bool ProgramChannels::send_output(ChannelId id, Bytes bytes) {
  Channel& channel = channels_.at(id.value);
  const auto message = channel.output.add(bytes, bytes.size() == ChannelSocket::kMaxMessage);
  const auto sent = shard_.endpoint().send(channel.peer, id, message.kind, message.bytes);
  const auto buffered = shard_.endpoint().buffered_amount(channel.peer, id);
  shard_.wake();
  return !sent || !buffered || *buffered < kMaxBuffered;
}

void ProgramChannels::on_message(const Message& message) {
  const auto found = channels_.find(message.channel.value);
  if (found == channels_.end()) return;
  Channel& channel = found->second;
  // A program that copies text into JSON, for example, relies on it.
  if (message.kind == MessageKind::text && !check_utf8(as_text(message.payload)).whole()) {
    if (!channel.dropped_text) log_("channel " + channel.name + ": dropped text of the client that is not UTF-8");
    channel.dropped_text = true;
    return;
  }
  if (take(channel, message)) return;
  log_("channel " + channel.name + " was closed: no program reads its data");
  close(channel.peer, message.channel);
}

bool ProgramChannels::take(Channel& channel, const Message& message) {
  if (!channel.end) {
    return shard_.endpoint().send(channel.peer, message.channel, message.kind, message.payload).has_value();
  }
  channel.output.on_client(message.kind);
  return channel.end->write(message.payload);
}

void ProgramChannels::on_buffered_amount_low(ChannelId id) {
  const auto found = channels_.find(id.value);
  if (found != channels_.end() && found->second.end) found->second.end->resume();
}

}  // namespace redan::cloud::runtime
