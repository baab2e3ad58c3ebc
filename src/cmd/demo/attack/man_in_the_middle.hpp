// Two peers back to back, in the middle of a connection that should be direct: towards the client it acts as the
// runtime, towards the runtime as the client. It has its own certificate on either side, terminates DTLS itself,
// forwards everything, and reads it. It only needs to carry the descriptions in the clear.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <redan/asio.hpp>
#include <string>

namespace redan::cmd {

class ManInTheMiddle {
 public:
  /// A message on a channel of the connection `id`; `from` is "client" or "runtime".
  using OnRead = std::function<void(const std::string& id, std::string_view from, std::string_view text)>;
  /// `provider` must outlive the object. Throws std::runtime_error if there is no UDP port.
  ManInTheMiddle(boost::asio::io_context& io, const std::vector<Address>& addresses, Provider& provider,
                 OnRead on_read);
  ~ManInTheMiddle();
  ManInTheMiddle(const ManInTheMiddle&) = delete;
  ManInTheMiddle& operator=(const ManInTheMiddle&) = delete;

  /// Whether messages are forwarded to the runtime, or the runtime is left out.
  enum class Company : std::uint8_t { both, client_alone };
  /// Takes the runtime's offer, returns one of our own for the client; "" if it is not understood. `id` names the
  /// connection.
  std::string offer(const std::string& id, std::string_view runtimes_offer, Company company);
  /// Takes the client's answer, returns our own for the runtime; "" without a runtime.
  std::string answer(const std::string& id, std::string_view clients_answer);
  void close(const std::string& id);

 private:
  enum Side : std::uint8_t { client, runtime };
  struct Said {
    std::string label;
    MessageKind kind;
    std::string text;
  };
  struct End {
    std::optional<PeerId> peer;
    std::map<std::string, ChannelId> channels;
    std::deque<Said> waiting;  ///< until its channel is open
    std::map<std::uint32_t, std::string> labels;
    std::vector<AgreedMedia> media;
  };
  struct Pair {
    std::array<End, 2> ends;
    std::string answer;  ///< for the runtime
  };

  std::unique_ptr<Shard> open(boost::asio::io_context& io, const std::vector<Address>& addresses, Side side);
  void on_output(Side side, const Output& output);
  void on_opened(Pair& pair, Side side, const ChannelOpened& opened);
  void on_message(const std::string& id, Side side, const Message& message);
  void on_media(Pair& pair, Side side, const MediaPacket& media);
  void on_closed(Side side, PeerId peer);
  void hand_on(Pair& pair, Side to, Said said);
  [[nodiscard]] Endpoint& endpoint(Side side) { return shards_[side]->endpoint(); }

  Provider& provider_;
  OnRead on_read_;
  std::array<std::unique_ptr<Shard>, 2> shards_;
  std::map<std::string, Pair> pairs_;
  std::map<std::pair<Side, std::uint64_t>, std::string> by_peer_;
};

}  // namespace redan::cmd
