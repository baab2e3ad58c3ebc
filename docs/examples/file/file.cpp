// Sends a file over a data channel as fast as the receiver takes it. Paste each printed description, with an empty line
// after it, into the other terminal.
//
//   file send FILE [IP address of this host]        prints an offer, waits for the answer
//   file receive FILE [IP address of this host]     waits for an offer, prints the answer
//
// On the channel: the size as text, the content in binary messages, and the receiver's size as text when it has all.
#include <filesystem>
#include <fstream>
#include <iostream>
#include <redan/udp_socket.hpp>

namespace {

constexpr std::size_t kChunk = 16'384, kBufferLow = 256'000, kBufferHigh = 1'000'000;

std::string read_description() {
  std::string all;
  for (std::string line; std::getline(std::cin, line);) {
    if (line.ends_with('\r')) line.pop_back();
    if (line.empty() && !all.empty()) break;
    if (!line.empty()) all += line + "\r\n";
  }
  return all;
}

class Transfer {
 public:
  Transfer(redan::UdpSocket socket, const redan::Identity& identity, redan::Provider& provider)
      : socket_(std::move(socket)),
        endpoint_({.local_addresses = {socket_.local_address()}, .announce_lite = false}, identity, provider) {}

  redan::Result<void> send(const std::string& path) {
    in_.open(path, std::ios::binary);
    if (!in_ || !std::filesystem::is_regular_file(path)) return redan::refuse(redan::Errc::io_failed, path);
    size_ = static_cast<std::size_t>(std::filesystem::file_size(path));
    REDAN_TRY(const auto offered, endpoint_.offer({}));
    REDAN_CHECK(endpoint_.open_channel(offered.peer, "file"));
    std::cout << offered.offer << std::endl;
    return endpoint_.complete(offered.peer, read_description());
  }
  redan::Result<void> receive(const std::string& path) {
    out_.open(path, std::ios::binary);
    if (!out_) return redan::refuse(redan::Errc::io_failed, path);
    REDAN_TRY(const auto accepted, endpoint_.accept(read_description()));
    std::cout << accepted.answer << std::endl;
    return {};
  }

  /// Returns whether the file was sent or received whole.
  bool run() {
    std::array<std::uint8_t, 1500> buffer{};
    while (true) {
      const redan::Output output = endpoint_.poll_output(redan::now(), buffer);
      if (const auto* wait = std::get_if<redan::Wait>(&output)) {
        if (const auto datagram = socket_.receive(wait->until)) endpoint_.handle_input(redan::now(), *datagram);
      } else if (const auto* transmit = std::get_if<redan::Transmit>(&output)) {
        socket_.send(*transmit);
      } else if (const auto* opened = std::get_if<redan::ChannelOpened>(&output)) {
        on_opened(*opened);
      } else if (const auto* low = std::get_if<redan::BufferedAmountLow>(&output)) {
        send_more(low->peer, low->channel);
      } else if (const auto* message = std::get_if<redan::Message>(&output)) {
        in_.is_open() ? on_receipt(*message) : on_content(*message);
      } else if (const auto* closed = std::get_if<redan::Closed>(&output)) {
        if (!whole_) std::cerr << "not complete: " << text(closed->reason) << '\n';
        return whole_;
      }
    }
  }

 private:
  // The sender.
  void on_opened(const redan::ChannelOpened& opened) {
    if (!in_.is_open()) return;
    (void)endpoint_.set_buffered_amount_low_threshold(opened.peer, opened.channel, kBufferLow);
    say(opened.peer, opened.channel, size_);
    send_more(opened.peer, opened.channel);
  }
  // Until the buffer is high; BufferedAmountLow continues.
  void send_more(redan::PeerId peer, redan::ChannelId channel) {
    std::array<char, kChunk> chunk{};
    while (endpoint_.buffered_amount(peer, channel).value_or(kBufferHigh) < kBufferHigh && in_) {
      in_.read(chunk.data(), chunk.size());
      const auto bytes = redan::as_bytes({chunk.data(), static_cast<std::size_t>(in_.gcount())});
      if (!bytes.empty()) (void)endpoint_.send(peer, channel, redan::MessageKind::binary, bytes);
    }
  }
  void on_receipt(const redan::Message& message) {
    whole_ = redan::as_text(message.payload) == std::to_string(size_);
    endpoint_.close(message.peer);
  }

  // The receiver.
  void on_content(const redan::Message& message) {
    if (message.kind == redan::MessageKind::text) {
      size_ = std::strtoull(std::string(redan::as_text(message.payload)).c_str(), nullptr, 10);
    } else {
      out_.write(redan::as_text(message.payload).data(), static_cast<std::streamsize>(message.payload.size()));
      received_ += message.payload.size();
    }
    if (received_ < size_ || !out_.flush()) return;
    whole_ = true;
    say(message.peer, message.channel, received_);
  }

  void say(redan::PeerId peer, redan::ChannelId channel, std::size_t number) {
    (void)endpoint_.send(peer, channel, redan::MessageKind::text, redan::as_bytes(std::to_string(number)));
  }

  redan::UdpSocket socket_;
  redan::Endpoint endpoint_;
  std::ifstream in_;
  std::ofstream out_;
  std::size_t size_ = 0, received_ = 0;
  bool whole_ = false;
};

}  // namespace

int main(int argc, char** argv) {
  const std::string mode = argc > 2 ? argv[1] : "";
  const auto local = redan::Address::parse(argc > 3 ? argv[3] : "127.0.0.1", 0);
  if ((mode != "send" && mode != "receive") || !local)
    return std::cerr << "usage: file send|receive FILE [IP address]\n", 2;
  const auto provider = redan::default_provider();
  const auto identity = redan::self_signed(*provider, {.not_after = {redan::wall_time().seconds_since_1970 + 86'400}});
  auto socket = redan::UdpSocket::bind(*local);
  if (!identity || !socket) return std::cerr << "cannot use " << local->ip_text() << '\n', 1;
  Transfer transfer(std::move(*socket), *identity, *provider);
  const auto agreed = mode == "send" ? transfer.send(argv[2]) : transfer.receive(argv[2]);
  if (!agreed) return std::cerr << text(agreed.error()) << ": " << agreed.error().detail << '\n', 1;
  return transfer.run() ? 0 : 1;
}
