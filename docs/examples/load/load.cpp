// A load generator: many peers, each with a port of its own, connect to one echo server on one port, and each sends
// messages one after another. It prints how long connecting took and how many messages came back in a second.
//
//   load [peers] [messages of each] [IP address of this host]
#include <charconv>
#include <iostream>
#include <redan/asio.hpp>
#include <redan/udp_socket.hpp>
#include <thread>

namespace {

namespace asio = boost::asio;

constexpr std::size_t kMessageSize = 100;

redan::Identity make_identity(redan::Provider& provider) {
  return *redan::self_signed(provider, {.not_after = {redan::wall_time().seconds_since_1970 + 86'400}});
}

/// The server: it has its thread, its provider and its io_context to itself once run() was called.
class Server {
 public:
  bool open(const redan::Address& local) {
    auto shard =
        redan::Shard::open(io_, {.local_addresses = {local}}, make_identity(*provider_), *provider_, on_output);
    if (!shard) return std::cerr << text(shard.error()) << ": " << shard.error().detail << '\n', false;
    shard_ = *std::move(shard);
    return true;
  }
  std::string answer(const std::string& offer) { return shard_->endpoint().accept(offer)->answer; }
  void run() {
    shard_->wake();
    thread_ = std::thread([this] { io_.run(); });
  }
  ~Server() {
    io_.stop();
    if (thread_.joinable()) thread_.join();
  }

 private:
  static void on_output(redan::Endpoint& endpoint, const redan::Output& output) {
    if (const auto* message = std::get_if<redan::Message>(&output))
      (void)endpoint.send(message->peer, message->channel, message->kind, message->payload);
  }

  std::unique_ptr<redan::Provider> provider_ = redan::default_provider();
  asio::io_context io_{1};
  std::unique_ptr<redan::Shard> shard_;
  std::thread thread_;
};

/// All clients, on one thread.
class Clients {
 public:
  Clients(std::size_t peers, std::size_t messages) : peers_(peers), messages_(messages) {}

  bool add(const redan::Address& local, Server& server) {
    auto shard =
        redan::Shard::open(io_, {.local_addresses = {local}, .announce_lite = false}, identity_, *provider_,
                           [this, left = messages_](redan::Endpoint& endpoint, const redan::Output& output) mutable {
                             on_output(endpoint, output, left);
                           });
    if (!shard) return std::cerr << text(shard.error()) << ": " << shard.error().detail << '\n', false;
    redan::Endpoint& endpoint = (*shard)->endpoint();
    const auto offered = endpoint.offer({});
    (void)endpoint.open_channel(offered->peer, "load");
    (void)endpoint.complete(offered->peer, server.answer(offered->offer));
    shards_.push_back(*std::move(shard));
    return true;
  }

  /// Returns whether every message came back.
  bool run() {
    start_ = redan::now();
    for (const auto& shard : shards_) shard->wake();
    io_.run_for(std::chrono::seconds(60));
    const double seconds = std::chrono::duration<double>(redan::now() - connected_).count();
    std::cout << open_ << " of " << peers_ << " peers connected in "
              << std::chrono::round<std::chrono::milliseconds>(connected_ - start_).count() << " ms; " << echoed_
              << " messages echoed, " << static_cast<std::size_t>(static_cast<double>(echoed_) / seconds)
              << " in a second\n";
    return echoed_ == peers_ * messages_;
  }

 private:
  // The last channel that opens starts everybody, so that connecting and sending are measured apart.
  void on_output(redan::Endpoint& endpoint, const redan::Output& output, std::size_t& left) {
    if (const auto* opened = std::get_if<redan::ChannelOpened>(&output)) {
      waiting_.push_back({&endpoint, opened->peer, opened->channel});
      if (++open_ == peers_) start_sending();
    } else if (const auto* message = std::get_if<redan::Message>(&output)) {
      ++echoed_;
      if (--left > 0) send(endpoint, message->peer, message->channel);
      if (echoed_ == peers_ * messages_) io_.stop();
    } else if (const auto* closed = std::get_if<redan::Closed>(&output)) {
      std::cerr << "a peer is lost: " << text(closed->reason) << '\n';
    }
  }
  void start_sending() {
    connected_ = redan::now();
    for (const auto& [endpoint, peer, channel] : waiting_) send(*endpoint, peer, channel);
    for (const auto& shard : shards_) shard->wake();
  }
  static void send(redan::Endpoint& endpoint, redan::PeerId peer, redan::ChannelId channel) {
    static constexpr std::array<std::uint8_t, kMessageSize> kPayload{};
    (void)endpoint.send(peer, channel, redan::MessageKind::binary, kPayload);
  }

  struct Channel {
    redan::Endpoint* endpoint;
    redan::PeerId peer;
    redan::ChannelId channel;
  };
  std::size_t peers_, messages_, open_ = 0, echoed_ = 0;
  std::unique_ptr<redan::Provider> provider_ = redan::default_provider();
  redan::Identity identity_ = make_identity(*provider_);
  redan::TimePoint start_{}, connected_ = redan::now();
  asio::io_context io_{1};
  std::vector<Channel> waiting_;
  std::vector<std::unique_ptr<redan::Shard>> shards_;
};

bool read_number(std::string_view text, std::size_t& to) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), to);
  return error == std::errc{} && end == text.data() + text.size() && to > 0 && to <= 1'000'000;
}

}  // namespace

int main(int argc, char** argv) {
  std::size_t peers = 500, messages = 20;
  const auto local = redan::Address::parse(argc > 3 ? argv[3] : "127.0.0.1", 0);
  if ((argc > 1 && !read_number(argv[1], peers)) || (argc > 2 && !read_number(argv[2], messages)) || !local)
    return std::cerr << "usage: load [peers] [messages of each] [IP address]\n", 2;
  Server server;
  if (!server.open(*local)) return 1;
  Clients clients(peers, messages);
  for (std::size_t i = 0; i < peers; ++i) {
    if (!clients.add(*local, server)) return 1;
  }
  server.run();
  return clients.run() ? 0 : 1;
}
