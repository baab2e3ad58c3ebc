// Redan as a peer in the manner of tests/interop/peers: commands come as lines of JSON, events go out as such. Usage:
//   redan_peer ADDRESS [ICE_SERVER_URL ...]     the user of TURN servers is "user", its password "secret"
// Commands: open {label}, offer, answer {sdp}, accept {sdp}. Events: ready, description {type, sdp}, selected {pair,
// ms}, connected {ms}, opened {label}, server_failed {detail}, closed {why}. `ms` counts from the second description.
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/streambuf.hpp>
#include <boost/json.hpp>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <redan/asio.hpp>

#include "net/clock.hpp"
#include "tests/support/dtls_pair.hpp"

namespace {

namespace asio = boost::asio;
namespace json = boost::json;
using namespace redan;

void say(std::string_view event, json::object more = {}) {
  more["event"] = event;
  std::cout << json::serialize(more) << std::endl;
}

std::string words(const Error& error) { return std::string(text(error.code)) + ": " + error.detail; }

class RedanPeer {
 public:
  RedanPeer(const std::string& address, const std::vector<std::string>& urls) : input_(io_, ::dup(0)) {
    EndpointConfig config;
    config.local_addresses = {*Address::parse(address, 0)};
    config.announce_lite = false;
    auto shard = Shard::open(io_, std::move(config), test::test_identity(*provider_), *provider_,
                             [this](Endpoint&, const Output& output) { on_output(output); });
    if (!shard) throw std::runtime_error(words(shard.error()));
    shard_ = std::move(*shard);
    if (const auto set = shard_->endpoint().set_ice_servers(servers(urls)); !set)
      throw std::runtime_error(words(set.error()));
    shard_->wake();
    read();
  }
  void run() { io_.run(); }

 private:
  static std::vector<IceServer> servers(const std::vector<std::string>& urls) {
    std::vector<IceServer> all;
    for (const std::string& url : urls) {
      auto server = IceServer::parse(url);
      if (!server) throw std::runtime_error(server.error().detail);
      server->username = "user";
      server->password = Secret<512>(as_bytes(std::string_view("secret")));
      std::ifstream in(std::string(REDAN_TESTS_DIR) + "/vectors/tls/server.pem");
      server->authorities_pem.assign(std::istreambuf_iterator<char>(in), {});
      server->host = server->transport == IceServer::Transport::tls ? "localhost" : server->host;  // its certificate
      all.push_back(std::move(*server));
    }
    return all;
  }
  void read() {
    asio::async_read_until(input_, lines_, '\n', [this](const boost::system::error_code& error, std::size_t) {
      if (error) return io_.stop();
      std::istream stream(&lines_);
      std::string line;
      std::getline(stream, line);
      const json::object command = json::parse(line).as_object();
      gathered_ ? obey(command) : waiting_.push_back(command);
      read();
    });
  }
  void obey(const json::object& command) {
    Endpoint& endpoint = shard_->endpoint();
    const std::string_view what(command.at("do").as_string());
    const auto sdp = [&] { return std::string(command.at("sdp").as_string()); };
    if (what == "open") {
      label_ = command.at("label").as_string();
    } else if (what == "offer") {
      const auto offered = endpoint.offer({});
      peer_ = offered->peer;
      (void)endpoint.open_channel(peer_, label_);
      say("description", {{"type", "offer"}, {"sdp", offered->offer}});
    } else if (what == "answer") {
      const auto accepted = endpoint.accept(sdp());
      if (!accepted) return say("error", {{"text", words(accepted.error())}});
      peer_ = accepted->peer;
      began_ = net::now();
      say("description", {{"type", "answer"}, {"sdp", accepted->answer}});
    } else if (what == "accept") {
      began_ = net::now();
      if (const auto done = endpoint.complete(peer_, sdp()); !done)
        return say("error", {{"text", words(done.error())}});
    }
    shard_->wake();
  }
  [[nodiscard]] std::int64_t elapsed() const { return (net::now() - began_) / std::chrono::milliseconds(1); }
  void on_output(const Output& output) {
    if (std::holds_alternative<GatheringDone>(output)) {
      gathered_ = true;
      say("ready");
      for (const json::object& command : std::exchange(waiting_, {})) obey(command);
    } else if (const auto* path = std::get_if<PathSelected>(&output)) {
      const std::string pair = std::string(name_of(path->local_type)) + "-" + std::string(name_of(path->remote_type));
      say("selected", {{"pair", pair}, {"ms", elapsed()}});
    } else if (std::holds_alternative<Connected>(output)) {
      say("connected", {{"ms", elapsed()}});
    } else if (const auto* opened = std::get_if<ChannelOpened>(&output)) {
      say("opened", {{"label", opened->label}});
    } else if (const auto* failed = std::get_if<IceServerFailed>(&output)) {
      say("server_failed", {{"detail", failed->detail}});
    } else if (const auto* closed = std::get_if<Closed>(&output)) {
      say("closed", {{"why", text(closed->reason)}});
    }
  }

  asio::io_context io_{1};
  asio::posix::stream_descriptor input_;
  asio::streambuf lines_;
  std::unique_ptr<Provider> provider_ = default_provider();
  std::unique_ptr<Shard> shard_;
  PeerId peer_;
  std::string label_ = "test";
  bool gathered_ = false;
  std::vector<json::object> waiting_;
  TimePoint began_{};
};

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) return 2;
  try {
    RedanPeer(argv[1], {argv + 2, argv + argc}).run();
  } catch (const std::exception& error) {
    say("error", {{"text", error.what()}});
    return 1;
  }
  return 0;
}
