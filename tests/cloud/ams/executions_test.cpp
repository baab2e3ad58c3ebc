// Commands in instances, over the WebSockets of their operation.
#include "tests/cloud/ams/ams_fixture.hpp"

namespace redan::cloud::test {
namespace {

/// A command that answers each line of its input on standard output, and ends with the code 3 at the end of the input.
class Echo final : public ams::Execution {
 public:
  void write(Bytes bytes) override {
    written += bytes.size();
    if (reads_nothing) return;
    for (; !bytes.empty(); bytes = bytes.subspan(std::min(bytes.size(), kChunk))) {
      on_output(1, bytes.first(std::min(bytes.size(), kChunk)));
    }
  }
  [[nodiscard]] std::size_t unread() const override { return reads_nothing ? written : 0; }
  void close_input() override {
    if (const auto end = std::exchange(on_end, {})) end(3);
  }
  void resize(std::uint16_t width, std::uint16_t height) override { size = {width, height}; }
  void signal(int number) override {
    if (const auto end = std::exchange(on_end, {})) end(128 + number);
  }
  static constexpr std::size_t kChunk = 64 * 1024;
  std::pair<std::uint16_t, std::uint16_t> size{};
  bool reads_nothing = false;
  std::size_t written = 0;
};

class ExecutingLauncher final : public RecordingLauncher {
 public:
  [[nodiscard]] bool can_exec() const override { return true; }
  net::Task<ams::LaunchResult<std::shared_ptr<ams::Execution>>> exec(std::string, ams::ExecSpec spec) override {
    specs.push_back(std::move(spec));
    if (delay.count() > 0) {
      boost::asio::steady_timer timer(co_await boost::asio::this_coro::executor, delay);
      co_await timer.async_wait(boost::asio::use_awaitable);
    }
    echo = std::make_shared<Echo>();
    co_return std::shared_ptr<ams::Execution>(echo);
  }
  std::vector<ams::ExecSpec> specs;
  std::shared_ptr<Echo> echo;
  std::chrono::milliseconds delay{0};
};

class ExecutionSockets : public AmsFixture {
 protected:
  ExecutionSockets() : AmsFixture(std::make_unique<ExecutingLauncher>()) {
    trust("client", trust::Role::operate);
    id_ = launch().id;
    EXPECT_TRUE(until([&] { return status_of_instance() == "started"; }));
  }
  std::string status_of_instance() {
    return std::string(ask("client", "GET", "/1.0/instances/" + id_).metadata().at("status").as_string());
  }
  ExecutingLauncher& launcher() { return static_cast<ExecutingLauncher&>(*launcher_); }
  json::object execute(bool interactive) {
    const json::object body{{"command", json::array{"cat", "-n"}}, {"interactive", interactive}};
    const Answer answer = ask("client", "POST", "/1.0/instances/" + id_ + "/exec", body);
    EXPECT_EQ(answer.status, 202U) << json::serialize(answer.body);
    return answer.status == 202 ? answer.metadata().as_object() : json::object();
  }
  json::object launch_operation() {
    const json::object body{{"app_id", "demo"}, {"name", "other"}};
    return ask("client", "POST", "/1.0/instances", body).metadata().as_object();
  }
  auto open(const std::string& operation, std::string_view secret) {
    const std::string target = "/1.0/operations/" + operation + "/websocket?secret=" + std::string(secret);
    net::WebSocketClientConfig config{.server = remote(nullptr), .target = target};
    return run(net::open_websocket(std::move(config)));
  }
  json::object ended(const std::string& operation) {
    json::object last;
    EXPECT_TRUE(until([&] {
      last = ask("client", "GET", "/1.0/operations/" + operation).metadata().as_object();
      return last.at("status_code").as_int64() >= 200;
    }));
    return last;
  }
  std::string id_;
};

TEST_F(ExecutionSockets, CarryInputAndOutputAndTheExitCode) {
  const json::object operation = execute(false);
  const std::string id(operation.at("id").as_string());
  EXPECT_EQ(operation.at("class"), "websocket");
  EXPECT_EQ(operation.at("may_cancel"), true);
  const json::object& secrets = operation.at("metadata").at("fds").as_object();
  auto input = open(id, secrets.at("0").as_string());
  auto output = open(id, secrets.at("1").as_string());
  ASSERT_TRUE(input && output);
  std::string received;
  bool closed = false;
  (*output)->on_binary = [&](Bytes bytes) {
    received.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  };
  (*output)->on_close = [&] { closed = true; };
  EXPECT_TRUE(launcher().specs.empty()) << "it waits for all sockets";
  auto errors = open(id, secrets.at("2").as_string());
  ASSERT_TRUE(errors);
  ASSERT_TRUE(until([&] { return launcher().echo != nullptr; }));
  EXPECT_EQ(launcher().specs.front().command, (std::vector<std::string>{"cat", "-n"}));
  (*input)->send_binary("hello");
  EXPECT_TRUE(until([&] { return received == "hello"; })) << received;
  (*input)->send("");
  const json::object last = ended(id);
  EXPECT_EQ(last.at("status"), "Success");
  EXPECT_EQ(last.at("metadata").at("return"), 3);
  EXPECT_TRUE(until([&] { return closed; }));
}

TEST_F(ExecutionSockets, KeepInputThatArrivesBeforeTheCommandRuns) {
  launcher().delay = 300ms;
  const json::object operation = execute(true);
  const std::string id(operation.at("id").as_string());
  auto terminal = open(id, operation.at("metadata").at("fds").at("0").as_string());
  ASSERT_TRUE(terminal);
  std::string received;
  (*terminal)->on_binary = [&](Bytes bytes) {
    received.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  };
  const std::string large(200'000, 'x');
  for (int i = 0; i < 3; ++i) (*terminal)->send_binary(large);
  EXPECT_EQ(launcher().echo, nullptr);
  EXPECT_TRUE(until([&] { return received == large + large + large; })) << received.size();
  (*terminal)->send("");
  EXPECT_EQ(ended(id).at("metadata").at("return"), 3);
}

TEST_F(ExecutionSockets, HoldTheClientBackWhileTheCommandDoesNotRead) {
  const json::object operation = execute(true);
  const std::string id(operation.at("id").as_string());
  auto terminal = open(id, operation.at("metadata").at("fds").at("0").as_string());
  ASSERT_TRUE(terminal && until([&] { return launcher().echo != nullptr; }));
  Echo& echo = *launcher().echo;
  echo.reads_nothing = true;
  const std::string large(200'000, 'x');
  for (int i = 0; i < 5; ++i) (*terminal)->send_binary(large);
  ASSERT_TRUE(until([&] { return echo.written == 400'000; }));
  EXPECT_FALSE(until([&] { return echo.written != 400'000; }, 200ms));
  echo.reads_nothing = false;
  echo.on_input_read();
  EXPECT_TRUE(until([&] { return echo.written == 1'000'000; })) << echo.written;
}

TEST_F(ExecutionSockets, OfATerminalThatHoldTheClientBackEndWithItsControl) {
  const json::object operation = execute(true);
  const std::string id(operation.at("id").as_string());
  const json::object& secrets = operation.at("metadata").at("fds").as_object();
  auto control = open(id, secrets.at("control").as_string());
  auto terminal = open(id, secrets.at("0").as_string());
  ASSERT_TRUE(control && terminal && until([&] { return launcher().echo != nullptr; }));
  launcher().echo->reads_nothing = true;
  const std::string large(200'000, 'x');
  for (int i = 0; i < 2; ++i) (*terminal)->send_binary(large);
  ASSERT_TRUE(until([&] { return launcher().echo->written == 400'000; }));
  (*control)->close();
  EXPECT_EQ(ended(id).at("status"), "Failure");
}

TEST_F(ExecutionSockets, KeepControlMessagesThatArriveBeforeTheCommandRuns) {
  launcher().delay = 300ms;
  const json::object operation = execute(true);
  const std::string id(operation.at("id").as_string());
  const json::object& secrets = operation.at("metadata").at("fds").as_object();
  auto control = open(id, secrets.at("control").as_string());
  ASSERT_TRUE(control);
  (*control)->send(R"({"command":"window-resize","args":{"width":"120","height":"40"},"signal":0})");
  (*control)->send(R"({"command":"signal","args":null,"signal":15})");
  auto terminal = open(id, secrets.at("0").as_string());
  ASSERT_TRUE(terminal);
  EXPECT_EQ(ended(id).at("metadata").at("return"), 143);
  EXPECT_EQ(launcher().echo->size, (std::pair<std::uint16_t, std::uint16_t>(120, 40)));
}

TEST_F(ExecutionSockets, OfATerminalAreOneAndItsControl) {
  const json::object operation = execute(true);
  const std::string id(operation.at("id").as_string());
  const json::object& secrets = operation.at("metadata").at("fds").as_object();
  EXPECT_EQ(secrets.size(), 2U);
  auto control = open(id, secrets.at("control").as_string());
  auto terminal = open(id, secrets.at("0").as_string());
  ASSERT_TRUE(control && terminal);
  ASSERT_TRUE(until([&] { return launcher().echo != nullptr; }));
  (*control)->send(R"({"command":"window-resize","args":{"width":"120","height":"40"},"signal":0})");
  EXPECT_TRUE(until([&] { return launcher().echo->size == std::pair<std::uint16_t, std::uint16_t>(120, 40); }));
  (*control)->send(R"({"command":"signal","args":null,"signal":15})");
  EXPECT_EQ(ended(id).at("metadata").at("return"), 143);
}

TEST_F(ExecutionSockets, NeedASecretThatIsGoodOnce) {
  const json::object operation = execute(true);
  const std::string id(operation.at("id").as_string());
  const std::string secret(operation.at("metadata").at("fds").at("0").as_string());
  EXPECT_EQ(open(id, "").error().status, 401U);
  EXPECT_EQ(open(id, std::string(64, 'a')).error().status, 403U);
  EXPECT_EQ(open("another", secret).error().status, 404U);
  const auto terminal = open(id, secret);
  EXPECT_TRUE(terminal);
  EXPECT_EQ(open(id, secret).error().status, 403U);
}

TEST_F(ExecutionSockets, SecretsAreInTheAnswerOnly) {
  const json::object operation = execute(true);
  const std::string secret(operation.at("metadata").at("fds").at("0").as_string());
  const Answer again = ask("client", "GET", "/1.0/operations/" + std::string(operation.at("id").as_string()));
  EXPECT_EQ(json::serialize(again.body).find(secret), std::string::npos);
}

TEST_F(ExecutionSockets, CancellingKillsTheCommand) {
  const json::object operation = execute(true);
  const std::string id(operation.at("id").as_string());
  auto terminal = open(id, operation.at("metadata").at("fds").at("0").as_string());
  ASSERT_TRUE(until([&] { return launcher().echo != nullptr; }));
  const std::weak_ptr<Echo> echo = std::exchange(launcher().echo, nullptr);
  EXPECT_EQ(ask("client", "DELETE", "/1.0/operations/" + id).status, 202U);
  EXPECT_EQ(ended(id).at("status"), "Cancelled");
  EXPECT_TRUE(until([&] { return echo.expired(); }));
  EXPECT_EQ(ask("client", "DELETE", "/1.0/operations/" + id).status, 400U);
}

TEST_F(ExecutionSockets, ThatTheClientClosesEndTheCommand) {
  const json::object operation = execute(true);
  const std::string id(operation.at("id").as_string());
  auto terminal = open(id, operation.at("metadata").at("fds").at("0").as_string());
  ASSERT_TRUE(until([&] { return launcher().echo != nullptr; }));
  const std::weak_ptr<Echo> echo = std::exchange(launcher().echo, nullptr);
  (*terminal)->close();
  const json::object last = ended(id);
  EXPECT_EQ(last.at("status"), "Failure");
  EXPECT_EQ(last.at("err"), "the client closed its sockets");
  EXPECT_TRUE(until([&] { return echo.expired(); }));
}

// Some clients have no other way to end the input.
TEST_F(ExecutionSockets, OfTheInputMayEndBeforeTheOutputs) {
  const json::object operation = execute(false);
  const std::string id(operation.at("id").as_string());
  const json::object& secrets = operation.at("metadata").at("fds").as_object();
  auto input = open(id, secrets.at("0").as_string());
  auto output = open(id, secrets.at("1").as_string());
  auto errors = open(id, secrets.at("2").as_string());
  ASSERT_TRUE(until([&] { return launcher().echo != nullptr; }));
  (*errors)->close();
  (*input)->close();
  EXPECT_EQ(ended(id).at("metadata").at("return"), 3) << "the end of the input, not of the command";
}

TEST_F(ExecutionSockets, OfOtherOperationsDoNotExistAndTheseAreNotCancelled) {
  const std::string id(launch_operation().at("id").as_string());
  const Answer running = ask("client", "DELETE", "/1.0/operations/" + id);
  EXPECT_EQ(running.status, 400U);
  EXPECT_NE(json::serialize(running.body).find("cancelled"), std::string::npos);
  EXPECT_EQ(open(id, "a").error().status, 404U);
}

TEST_F(ExecutionSockets, ARoleWithoutTheScopeRunsNoCommands) {
  trust("other", trust::Role::agent);
  const json::object body{{"command", json::array{"id"}}};
  EXPECT_EQ(ask("other", "POST", "/1.0/instances/" + id_ + "/exec", body).status, 403U);
}

}  // namespace
}  // namespace redan::cloud::test
