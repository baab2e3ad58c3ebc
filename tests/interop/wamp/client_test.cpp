// Our client and Autobahn|Python's, through Autobahn's router and through ours: calls, errors, progressive results and
// events in both directions, in plaintext and with cryptobox, in all serializations.
#include "wamp/client/connection.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "tests/interop/wamp/script.hpp"
#include "tests/wamp/test_keys.hpp"
#include "wamp/errors.hpp"
#include "wamp/router/server.hpp"

namespace redan::wamp {
namespace {

namespace asio = boost::asio;
using test::Script;
using namespace std::chrono_literals;

struct Case {
  bool our_router;
  Serializer ours;
  Serializer theirs;
  bool encrypted;
};

std::string name_of(Serializer serializer) { return std::string(subprotocol(serializer).substr(7)); }

std::string case_name(const ::testing::TestParamInfo<Case>& info) {
  return std::string(info.param.our_router ? "Redan" : "Autobahn") + "Router_" + name_of(info.param.ours) + "_" +
         name_of(info.param.theirs) + (info.param.encrypted ? "_cryptobox" : "_clear");
}

class WampClient : public ::testing::TestWithParam<Case> {
 protected:
  void SetUp() override {
    ring_.set_key("com.", test_key());
    ring_.require("com.");
    const std::uint16_t port = start_router();
    ASSERT_NE(port, 0);
    std::vector<std::string> arguments = {"--port", std::to_string(port), "--serializer", name_of(GetParam().theirs)};
    if (GetParam().encrypted) arguments.emplace_back("--encrypted");
    peer_.emplace("autobahn_peer.py", std::move(arguments));
    ASSERT_TRUE(until([&] { return peer_->has_said("joined"); })) << peer_->output();
    ConnectionConfig config;
    config.transport.router = net::LoopbackRemote{port};
    config.session.realm = "realm1";
    config.session.serializer = GetParam().ours;
    if (GetParam().encrypted) config.session.key_ring = &ring_;
    auto joined = run(Connection::join(io_, std::move(config), *provider_));
    ASSERT_TRUE(joined) << joined.error().text;
    client_ = *joined;
  }
  void TearDown() override {
    if (client_) client_->leave();
    client_.reset();
    router_.reset();
    io_.restart();
    io_.run_for(100ms);
  }

  std::uint16_t start_router() {
    if (GetParam().our_router) {
      RouterServerConfig config;
      config.router = open_router("realm1");
      const asio::ip::tcp::endpoint local(asio::ip::address_v4::loopback(), 0);
      config.listen.push_back({Carrier::websocket, net::LoopbackListener{local}});
      router_ = std::make_unique<RouterServer>(io_, std::move(config), *provider_);
      return router_->ports().front();
    }
    autobahn_router_.emplace("autobahn_router.py", std::vector<std::string>{"--port", "0"});
    std::size_t at = std::string::npos;
    until([&] { return (at = autobahn_router_->output().find("{\"port\":")) != std::string::npos; });
    return at == std::string::npos ? std::uint16_t{0}
                                   : static_cast<std::uint16_t>(std::stoi(autobahn_router_->output().substr(at + 8)));
  }

  bool until(const std::function<bool()>& done) {
    const auto end = std::chrono::steady_clock::now() + 30s;
    while (!done() && std::chrono::steady_clock::now() < end) {
      io_.restart();
      io_.run_for(10ms);
    }
    return done();
  }
  template <class T>
  T run(net::Task<T> task) {
    std::optional<T> result;
    asio::co_spawn(io_, std::move(task), [&](const std::exception_ptr& error, T value) {
      if (error) std::rethrow_exception(error);
      result.emplace(std::move(value));
    });
    EXPECT_TRUE(until([&] { return result.has_value(); })) << "a task took too long";
    if (!result) throw std::runtime_error("a task took too long");
    return std::move(*result);
  }

  Outcome<Payload> call(std::string procedure, List args, Dict kwargs = {}, Dict options = {}) {
    return run(client_->call(std::move(procedure), {std::move(args), std::move(kwargs), {}}, std::move(options)));
  }
  /// The peer's result of calling `procedure`.
  List called_by_peer(const std::string& procedure, List args, Dict kwargs = {}) {
    const auto result = call("ctl.call", {procedure, std::move(args), std::move(kwargs)});
    EXPECT_TRUE(result) << result.error().uri;
    return result ? *result->args.at(0).get_if<List>() : List();
  }
  Value encryption() const { return GetParam().encrypted ? Value("cryptobox") : Value(); }

  asio::io_context io_{1};
  std::unique_ptr<Provider> provider_ = default_provider();
  KeyRing ring_;
  std::unique_ptr<RouterServer> router_;
  std::optional<test::Script> autobahn_router_;
  std::optional<test::Script> peer_;
  std::shared_ptr<Connection> client_;
};

const List kManyKinds = {
    nullptr, true, -1, std::int64_t{1} << 53U, 1.5, 1e300, "ünïcode \"\\/\n€😀", "", List{1, "x"}, Dict{{"a", List{}}}};

class WampClientAndAutobahn : public WampClient {
 protected:
  void call_them() {
    const auto sum = call("com.example.add2", {23, 777});
    ASSERT_TRUE(sum) << sum.error().uri;
    EXPECT_EQ(sum->args, List{800});

    List args = kManyKinds;
    args.emplace_back(Binary{0, 1, 0xff});
    const auto echo = call("com.example.echo", args, {{"k", List{1, Binary{}}}});
    ASSERT_TRUE(echo) << echo.error().uri;
    EXPECT_EQ(echo->args, args);
    EXPECT_EQ(echo->kwargs, (Dict{{"k", List{1, Binary{}}}, {"enc", encryption()}}));

    const auto boom = call("com.example.boom", {});
    ASSERT_FALSE(boom);
    EXPECT_EQ(boom.error().code, errc::wamp_error);
    EXPECT_EQ(boom.error().uri, "com.example.error.boom");
    EXPECT_EQ(boom.error().payload.args, List{"secret detail"});
    EXPECT_EQ(boom.error().payload.kwargs, (Dict{{"code", 7}}));

    List progress;
    Connection::Progress on;
    on.on_result = [&](const Payload& payload) { progress.push_back(payload.args.at(0)); };
    const auto count = run(client_->call("com.example.count", {{3}, {}, {}}, {{"receive_progress", true}}, on));
    ASSERT_TRUE(count) << count.error().uri;
    EXPECT_EQ(progress, (List{0, 1, 2}));
    EXPECT_EQ(count->args, List{3});

    const auto nobody = call("com.example.nobody", {});
    ASSERT_FALSE(nobody);
    EXPECT_EQ(nobody.error().uri, "wamp.error.no_such_procedure");
    EXPECT_EQ(nobody.error().code, GetParam().encrypted ? errc::wamp_clear_payload : errc::wamp_error);
  }

  void be_called() {
    const auto serve = [&](std::string procedure, Connection::OnInvocation with) {
      const auto made = run(client_->register_procedure(std::move(procedure), std::move(with)));
      ASSERT_TRUE(made) << made.error().uri;
    };
    serve("com.redan.echo", [&](Connection::Invoked invoked) {
      EXPECT_EQ(invoked.encrypted, GetParam().encrypted);
      EXPECT_TRUE(client_->yield(invoked.invocation, std::move(invoked.payload)));
    });
    serve("com.redan.boom", [&](const Connection::Invoked& invoked) {
      EXPECT_TRUE(client_->fail(invoked.invocation, "com.redan.error.boom", {{"why"}, {{"code", 8}}, {}}));
    });
    serve("com.redan.count", [&](const Connection::Invoked& invoked) {
      EXPECT_TRUE(invoked.receive_progress);
      for (int i = 0; i < 3; ++i) EXPECT_TRUE(client_->yield(invoked.invocation, {{i}, {}, {}}, {{"progress", true}}));
      EXPECT_TRUE(client_->yield(invoked.invocation, {{3}, {}, {}}));
    });
    EXPECT_EQ(called_by_peer("com.redan.echo", {1, "é"}, {{"k", "v"}}),
              (List{"result", List{1, "é"}, Dict{{"k", "v"}}, List{}}));
    EXPECT_EQ(called_by_peer("com.redan.echo", {kManyKinds}), (List{"result", List{kManyKinds}, Dict{}, List{}}));
    EXPECT_EQ(called_by_peer("com.redan.boom", {}),
              (List{"error", "com.redan.error.boom", List{"why"}, Dict{{"code", 8}}}));
    EXPECT_EQ(called_by_peer("com.redan.count", {}), (List{"result", List{3}, Dict{}, List{0, 1, 2}}));
  }

  void publish() {
    for (int i = 0; i < 3; ++i) {
      const auto published =
          run(client_->publish_acknowledged("com.example.topic", {{i, Binary{1}}, {{"k", "é"}}, {}}));
      ASSERT_TRUE(published) << published.error().uri;
    }
    EXPECT_TRUE(client_->publish("com.example.topic", {}));
    List heard;
    for (int tries = 0; heard.size() < 4 && tries < 100; ++tries) {
      const auto more = call("ctl.heard", {});
      ASSERT_TRUE(more);
      for (const Value& event : *more->args.at(0).get_if<List>()) heard.push_back(event);
    }
    ASSERT_EQ(heard.size(), 4U);
    for (int i = 0; i < 3; ++i) {
      EXPECT_EQ(heard.at(static_cast<std::size_t>(i)),
                Value(List{"com.example.topic", List{i, Binary{1}}, Dict{{"k", "é"}}, encryption()}));
    }
    EXPECT_EQ(heard.back(), Value(List{"com.example.topic", List{}, Dict{}, encryption()}));
  }

  void hear() {
    std::vector<Connection::Delivered> heard;
    const auto listen = [&](std::string topic, Dict options) {
      const auto subscribed = run(client_->subscribe(
          std::move(topic), [&](Connection::Delivered event) { heard.push_back(std::move(event)); },
          std::move(options)));
      ASSERT_TRUE(subscribed) << subscribed.error().uri;
    };
    listen("com.redan.topic", {});
    if (GetParam().our_router) listen("com.redan.", {{"match", "prefix"}});
    const std::size_t times = GetParam().our_router ? 2 : 1;
    ASSERT_TRUE(call("ctl.publish", {"com.redan.topic", List{1, "é"}, Dict{{"k", Binary{2}}}}));
    ASSERT_TRUE(until([&] { return heard.size() == times; }));
    for (const auto& event : heard) {
      EXPECT_EQ(event.topic, "com.redan.topic");
      EXPECT_EQ(event.encrypted, GetParam().encrypted);
      EXPECT_EQ(event.payload, (Payload{{1, "é"}, {{"k", Binary{2}}}, {}}));
    }
    const auto ended = run(client_->unsubscribe(heard.front().subscription));
    ASSERT_TRUE(ended);
    heard.clear();
    ASSERT_TRUE(call("ctl.publish", {"com.redan.topic", List{}, Dict{}}));
    EXPECT_TRUE(until([&] { return heard.size() == times - 1; }));
  }
};

TEST_P(WampClientAndAutobahn, InteroperateInBothDirections) {
  std::vector<Connection::Refused> refused;
  client_->on_refused = [&](const Connection::Refused& what) { refused.push_back(what); };
  call_them();
  be_called();
  publish();
  hear();
  EXPECT_TRUE(refused.empty());
  std::optional<Failure> closed;
  client_->on_close = [&](const Failure& why) { closed = why; };
  client_->leave();
  ASSERT_TRUE(until([&] { return closed.has_value(); }));
  EXPECT_EQ(closed->code, Errc::closed_locally);
}

std::vector<Case> all_cases() {
  std::vector<Case> cases;
  for (const bool our_router : {false, true}) {
    for (const Serializer serializer : kSerializers) {
      for (const bool encrypted : {false, true}) cases.push_back({our_router, serializer, serializer, encrypted});
    }
    cases.push_back({our_router, Serializer::json, Serializer::cbor, false});
    cases.push_back({our_router, Serializer::msgpack, Serializer::json, true});
  }
  return cases;
}
INSTANTIATE_TEST_SUITE_P(All, WampClientAndAutobahn, ::testing::ValuesIn(all_cases()), case_name);

}  // namespace
}  // namespace redan::wamp
