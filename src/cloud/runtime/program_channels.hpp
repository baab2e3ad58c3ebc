// The data channels between a client and the programs beside the runtime. Channel `foo` is the Unix socket
// `webrtc_data_foo` in a directory; without a directory a channel echoes what it receives.
#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <redan/asio.hpp>
#include <redan/channel.hpp>
#include <string>

#include "cloud/runtime/channel_socket.hpp"
#include "cloud/runtime/program_output.hpp"

namespace redan::cloud::runtime {

class ProgramChannels {
 public:
  using Log = std::function<void(const std::string&)>;

  /// `directory` "": the channels echo. `shard` has the endpoint of the peers and outlives the channels.
  ProgramChannels(boost::asio::io_context& io, std::filesystem::path directory, Shard& shard, Log log);

  /// Serves a channel that the peer has opened; closes it if its socket cannot be made.
  void open(PeerId peer, ChannelId channel, const std::string& name);
  /// Connects a channel that the peer has opened to a TCP port. The channel is closed when the connection ends, after
  /// what has been received from it.
  void tunnel(PeerId peer, ChannelId channel, const std::string& name, const Address& to);
  /// Data for a program. A channel whose program does not read it is closed. Text that is not UTF-8 is dropped.
  void on_message(const Message& message);
  /// The client has read so much that the program may send more.
  void on_buffered_amount_low(ChannelId id);
  void on_closed(ChannelId channel) { channels_.erase(channel.value); }
  void clear() { channels_.clear(); }

 private:
  struct Channel {
    PeerId peer{};
    std::string name;
    std::unique_ptr<ChannelEnd> end;  ///< null: the channel echoes
    ProgramOutput output{};
    bool dropped_text = false;
  };
  bool send_output(ChannelId id, Bytes bytes);
  [[nodiscard]] bool take(Channel& channel, const Message& message);
  void close(PeerId peer, ChannelId channel);

  boost::asio::io_context& io_;
  std::filesystem::path directory_;
  Shard& shard_;
  Log log_;
  std::map<std::uint32_t, Channel> channels_;  ///< by ChannelId
};

}  // namespace redan::cloud::runtime
