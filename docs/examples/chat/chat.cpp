// A chat between two terminals. Each side prints its session description; paste it, with an empty line after it, into
// the other terminal. Every further line that you type is a message.
//
//   chat call [IP address of this host]       prints an offer, waits for the answer
//   chat answer [IP address of this host]     waits for an offer, prints the answer
#include <poll.h>
#include <unistd.h>

#include <iostream>
#include <redan/udp_socket.hpp>

namespace {

/// Standard input, line by line, without blocking the connection.
class Lines {
 public:
  /// Waits for input; false at its end.
  bool read_more() {
    std::array<char, 4096> chunk{};
    const ssize_t size = ::read(STDIN_FILENO, chunk.data(), chunk.size());
    if (size > 0) text_.append(chunk.data(), static_cast<std::size_t>(size));
    return size > 0;
  }
  std::optional<std::string> next() {
    const std::size_t end = text_.find('\n');
    if (end == std::string::npos) return std::nullopt;
    std::string line = text_.substr(0, end);
    text_.erase(0, end + 1);
    if (line.ends_with('\r')) line.pop_back();
    return line;
  }
  /// A session description with an empty line behind it.
  std::string description() {
    std::string all;
    while (true) {
      const auto line = next();
      if (!line && !read_more()) return all;
      if (line && line->empty() && !all.empty()) return all;
      if (line && !line->empty()) all += *line + "\r\n";
    }
  }

 private:
  std::string text_;
};

class Chat {
 public:
  Chat(redan::UdpSocket socket, const redan::Identity& identity, redan::Provider& provider)
      : socket_(std::move(socket)),
        endpoint_({.local_addresses = {socket_.local_address()}, .announce_lite = false}, identity, provider) {}

  bool call() {
    const auto offered = endpoint_.offer({});
    if (!offered) return refused(offered.error());
    peer_ = offered->peer;
    channel_ = *endpoint_.open_channel(peer_, "chat");
    std::cout << offered->offer << std::endl;
    const auto completed = endpoint_.complete(peer_, lines_.description());
    return completed || refused(completed.error());
  }

  bool answer() {
    const auto accepted = endpoint_.accept(lines_.description());
    if (!accepted) return refused(accepted.error());
    peer_ = accepted->peer;
    std::cout << accepted->answer << std::endl;
    return true;
  }

  int run() {
    std::array<std::uint8_t, 1500> buffer{};
    while (!closed_) {
      const redan::Output output = endpoint_.poll_output(redan::now(), buffer);
      if (const auto* wait = std::get_if<redan::Wait>(&output)) {
        await_input(wait->until);
      } else {
        on_output(output);
      }
    }
    return 0;
  }

 private:
  static bool refused(const redan::Error& error) {
    std::cerr << text(error) << ": " << error.detail << '\n';
    return false;
  }

  void on_output(const redan::Output& output) {
    if (const auto* transmit = std::get_if<redan::Transmit>(&output)) {
      socket_.send(*transmit);
    } else if (const auto* opened = std::get_if<redan::ChannelOpened>(&output)) {
      channel_ = opened->channel;
      open_ = true;
      std::cout << "-- connected" << std::endl;
    } else if (const auto* message = std::get_if<redan::Message>(&output)) {
      std::cout << "> " << redan::as_text(message->payload) << std::endl;
    } else if (const auto* closed = std::get_if<redan::Closed>(&output)) {
      std::cout << "-- " << text(closed->reason) << std::endl;
      closed_ = true;
    }
  }

  // Datagrams that were fetched already come first; then both descriptors are waited for. Lines that were typed before
  // the channel opened wait in lines_.
  void await_input(redan::TimePoint until) {
    if (const auto datagram = socket_.receive(redan::now())) return endpoint_.handle_input(redan::now(), *datagram);
    if (open_ && send_lines()) return;
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - redan::now()).count();
    std::array<pollfd, 2> ready{{{socket_.descriptor(), POLLIN, 0}, {typing_ ? STDIN_FILENO : -1, POLLIN, 0}}};
    ::poll(ready.data(), ready.size(), static_cast<int>(std::clamp<std::int64_t>(left, 0, 60'000)));
    if (ready[1].revents == 0 || lines_.read_more()) return;
    typing_ = false;
    if (open_) endpoint_.close(peer_);
  }

  bool send_lines() {
    bool sent = false;
    for (auto line = lines_.next(); line; line = lines_.next()) {
      if (line->empty()) continue;
      (void)endpoint_.send(peer_, channel_, redan::MessageKind::text, redan::as_bytes(*line));
      sent = true;
    }
    return sent;
  }

  Lines lines_;
  redan::UdpSocket socket_;
  redan::Endpoint endpoint_;
  redan::PeerId peer_{};
  redan::ChannelId channel_{};
  bool open_ = false, closed_ = false, typing_ = true;
};

}  // namespace

int main(int argc, char** argv) {
  const std::string mode = argc > 1 ? argv[1] : "";
  const auto local = redan::Address::parse(argc > 2 ? argv[2] : "127.0.0.1", 0);
  if ((mode != "call" && mode != "answer") || !local) return std::cerr << "usage: chat call|answer [IP address]\n", 2;
  const auto provider = redan::default_provider();
  const auto identity = redan::self_signed(*provider, {.not_after = {redan::wall_time().seconds_since_1970 + 86'400}});
  auto socket = redan::UdpSocket::bind(*local);
  if (!identity || !socket) return std::cerr << "cannot use " << local->ip_text() << '\n', 1;
  Chat chat(std::move(*socket), *identity, *provider);
  const bool agreed = mode == "call" ? chat.call() : chat.answer();
  return agreed ? chat.run() : 1;
}
