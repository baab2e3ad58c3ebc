// A TURN client with model servers on a virtual clock.
#pragma once

#include <gtest/gtest.h>

#include "rtc/turn/client.hpp"
#include "rtc/turn/errors.hpp"
#include "tests/rtc/turn/model_server.hpp"
#include "tests/support/fixed_provider.hpp"

namespace redan::test {

inline const Address kServer = Address::v4({192, 0, 2, 1}, 3478);
inline const Address kSecondServer = Address::v4({192, 0, 2, 2}, 3478);
inline const Address kClient = Address::v4({10, 0, 0, 1}, 40'000);
inline const Address kPeer = Address::v4({203, 0, 113, 5}, 6000);
inline const Address kPeerOtherPort = Address::v4({203, 0, 113, 5}, 6001);
inline const Address kOtherPeer = Address::v4({203, 0, 113, 6}, 6000);
inline const Address kPeer6 = *Address::parse("2001:db8::5", 6000);

inline stun::Credentials credentials(std::string_view username = "user", std::string_view password = "secret") {
  return *stun::Credentials::make(username, password);
}

/// A client with everything that it reported.
class ClientEnd {
 public:
  ClientEnd(turn::Config config, Provider& provider, const Address& local = kClient)
      : client(std::move(config), provider), next_local_(local) {}

  turn::Client client;
  std::map<Address, ModelServer*> servers;
  std::vector<turn::Client::Connect> connects;
  std::vector<turn::Client::Allocated> allocated;
  std::vector<Address> permitted;
  std::vector<turn::Client::Denied> denied;
  std::vector<std::pair<Address, std::string>> received;
  std::vector<TimePoint> renewals;
  std::vector<Path> moved;
  std::vector<turn::Failure> server_failures;
  std::optional<turn::Failure> failed;
  int closed = 0;
  std::vector<std::pair<TimePoint, Datagram>> sent;
  bool refuse_connections = false;
  std::function<bool(Bytes)> lose;  ///< true: this datagram of the client is lost

  TimePoint drain(TimePoint now) {
    std::array<std::uint8_t, 2000> buffer{};
    for (int steps = 0; steps < 10'000; ++steps) {
      const turn::Client::Output output = client.poll_output(now, buffer);
      if (const auto* wait = std::get_if<Wait>(&output)) return wait->until;
      handle(now, output);
    }
    ADD_FAILURE() << "the client never waits";
    return kNever;
  }
  /// Bytes from the server, cut if the connection is a stream.
  void receive(TimePoint now, Bytes bytes) { client.handle_input(now, client.path(), bytes); }
  /// Sends data to the peer; false if the client refuses.
  bool send(TimePoint now, const Address& peer, std::string_view payload) {
    std::vector<std::uint8_t> buffer(turn::kHeadroom + payload.size() + turn::kTailroom);
    std::copy(payload.begin(), payload.end(), buffer.begin() + turn::kHeadroom);
    const MutableBytes message = client.wrap(now, peer, buffer, payload.size());
    if (message.empty()) return false;
    transmit(now, client.path(), message);
    return true;
  }
  void peer_sends(TimePoint now, const Address& peer, std::string_view payload) {
    for (const Datagram& each : server().peer_sends(now, client.path().local, peer, payload)) receive(now, each);
  }
  ModelServer& server() { return *servers.at(client.path().remote); }

 private:
  void transmit(TimePoint now, const Path& path, Bytes bytes) {
    sent.emplace_back(now, Datagram(bytes.begin(), bytes.end()));
    const auto found = servers.find(path.remote);
    if ((lose && lose(bytes)) || found == servers.end()) return;
    for (const Datagram& answer : found->second->handle_input(now, path.local, bytes)) receive(now, answer);
  }
  void handle(TimePoint now, const turn::Client::Output& output) {
    using turn::Client;
    if (const auto* transmitted = std::get_if<Client::Transmit>(&output)) {
      transmit(now, transmitted->path, transmitted->bytes);
    } else if (const auto* connect = std::get_if<Client::Connect>(&output)) {
      connects.push_back(*connect);
      if (refuse_connections) return client.connect_failed(now);
      client.connected(now, next_local_);
      next_local_ = *Address::parse(next_local_.ip_text(), static_cast<std::uint16_t>(next_local_.port() + 1));
    } else if (const auto* made = std::get_if<Client::Allocated>(&output)) {
      allocated.push_back(*made);
    } else if (const auto* permission = std::get_if<Client::Permitted>(&output)) {
      permitted.push_back(permission->peer);
    } else if (const auto* denial = std::get_if<Client::Denied>(&output)) {
      denied.push_back(*denial);
    } else if (const auto* data = std::get_if<Client::Received>(&output)) {
      received.emplace_back(data->peer, as_text(data->payload));
    } else if (const auto* renewal = std::get_if<Client::RenewCredentials>(&output)) {
      renewals.push_back(renewal->until);
    } else if (const auto* move = std::get_if<Client::Moved>(&output)) {
      moved.push_back(move->path);
    } else if (const auto* server_failed = std::get_if<Client::ServerFailed>(&output)) {
      server_failures.push_back(server_failed->failure);
    } else if (const auto* end = std::get_if<Client::Failed>(&output)) {
      failed = end->failure;
    } else if (std::holds_alternative<Client::Closed>(output)) {
      ++closed;
    }
  }

  Address next_local_;
};

class TurnTest : public testing::Test {
 protected:
  TurnTest() : server(kServer, provider), second(kSecondServer, provider) {}

  ClientEnd& make(turn::Config config) {
    end_ = std::make_unique<ClientEnd>(std::move(config), provider);
    end_->servers = {{kServer, &server}, {kSecondServer, &second}};
    return *end_;
  }
  turn::Config config(turn::Transport transport = turn::Transport::udp) {
    turn::Config made;
    made.servers = {{kServer, transport, "turn.example.org"}};
    made.credentials = credentials();
    return made;
  }
  ClientEnd& start(turn::Config made) {
    ClientEnd& end = make(std::move(made));
    end.client.start(now);
    run({});
    return end;
  }
  ClientEnd& start() { return start(config()); }
  /// A client with an allocation and a permission for kPeer.
  ClientEnd& permitted(turn::Config made) {
    ClientEnd& end = start(std::move(made));
    EXPECT_TRUE(end.client.permit(now, kPeer));
    run({});
    EXPECT_TRUE(end.client.permitted(now, kPeer));
    return end;
  }
  ClientEnd& permitted() { return permitted(config()); }

  void run(Duration time) {
    const TimePoint end = now + time;
    while (true) {
      const TimePoint next = end_->drain(now);
      if (next > end) break;
      ASSERT_GT(next, now);
      now = next;
    }
    now = end;
  }
  [[nodiscard]] int count(turn::Method method) { return server.requests[method]; }
  [[nodiscard]] std::uint64_t drops(turn::Drop drop) const { return end_->client.statistics().drops[drop]; }

  std::unique_ptr<Provider> real = default_provider();
  FixedProvider provider{*real, 1};
  ModelServer server, second;
  TimePoint now{};

 private:
  std::unique_ptr<ClientEnd> end_;
};

}  // namespace redan::test
