// Real browsers as clients of a Streamer, over the signalling protocol of the streaming SDK: they play, they control,
// they are displaced.
#include <gtest/gtest.h>

#include "cloud/runtime/streamer.hpp"
#include "net/socket_address.hpp"
#include "tests/browser/browser_process.hpp"
#include "tests/browser/page_server.hpp"
#include "tests/browser/signal_server.hpp"
#include "tests/support/files.hpp"

namespace redan::cloud {
namespace {

namespace asio = boost::asio;
namespace json = boost::json;
using namespace std::chrono_literals;
using redan::test::Browser;

/// One browser for all tests of it, and a streamer for each test.
struct Stage {
  explicit Stage(Browser browser) : process(browser, "http://127.0.0.1:" + std::to_string(page.port()) + "/") {
    signals.on_open = [this](const std::string& path) { on_open(path); };
    signals.on_message = [this](const std::string& path, std::string_view text) {
      if (streamer) streamer->on_message(path, text);
    };
    signals.on_close = [this](const std::string& path, unsigned code) { close_codes[path] = code; };
  }

  // "v-..." are viewers.
  void on_open(const std::string& path) {
    if (!streamer) return;
    ClientOptions options;
    options.screen = screen;
    if (path.starts_with("v-")) options.role = ClientOptions::Role::viewer;
    streamer->open(path, options, [this, path](std::string text) { signals.send(path, std::move(text)); });
  }
  void start_streamer(StreamerConfig config = {}) {
    for (const Address& address : net::host_addresses()) config.addresses.push_back(address);
    config.log = [](std::string_view line) { std::printf("  %.*s\n", static_cast<int>(line.size()), line.data()); };
    streamer = std::make_unique<Streamer>(io, std::move(config), *provider);
    streamer->on_client = [this](const std::string& client, ClientState state, Errc why) {
      states[client] = {state, why};
    };
  }
  void stop_streamer() {
    if (!streamer) return;
    streamer->stop();
    pump(200ms);
    streamer.reset();
    states.clear();
    screen = {};
  }
  json::value run(const std::string& script, std::chrono::seconds timeout = 40s) {
    return page.run(io, script, timeout);
  }
  void pump(std::chrono::milliseconds time) {
    io.restart();
    io.run_for(time);
  }
  bool until(const std::function<bool()>& condition, std::chrono::seconds timeout = 20s) {
    for (const auto end = std::chrono::steady_clock::now() + timeout; std::chrono::steady_clock::now() < end;) {
      if (condition()) return true;
      pump(10ms);
    }
    return false;
  }

  asio::io_context io{1};
  std::unique_ptr<Provider> provider = default_provider();
  redan::test::PageServer page;
  redan::test::SignalServer signals{io};
  redan::test::BrowserProcess process;
  std::unique_ptr<Streamer> streamer;
  api::Screen screen;
  std::map<std::string, std::pair<ClientState, Errc>> states;
  std::map<std::string, unsigned> close_codes;
};

class StreamingTest : public testing::TestWithParam<Browser> {
 protected:
  static std::map<Browser, std::unique_ptr<Stage>>& stages() {
    static std::map<Browser, std::unique_ptr<Stage>> all;
    return all;
  }
  static void TearDownTestSuite() { stages().clear(); }

  void SetUp() override {
    auto& slot = stages()[GetParam()];
    if (!slot) {
      for (auto& [browser, other] : stages()) {
        if (browser != GetParam()) other.reset();
      }
      slot = std::make_unique<Stage>(GetParam());
      const auto client = redan::test::read_test_file("browser/streaming_client.js");
      slot->run(std::string(client.begin(), client.end()), 60s);
    }
    stage = slot.get();
  }
  void TearDown() override {
    if (stage == nullptr) return;
    stage->run("for (const s of Object.values(t.streams)) { s.pc.close(); s.ws.close(); } t.streams = {}; return true");
    stage->stop_streamer();
  }
  /// Makes t.streams[name] in the page; it connects by itself.
  void join(const std::string& name, const std::string& options = "{}") {
    stage->run("t.streams['" + name + "'] = new t.StreamClient('ws://127.0.0.1:" +
               std::to_string(stage->signals.port()) + "/" + name + "', " + options + "); return true");
  }
  /// `script` is the body of a function of `s`, that stream.
  json::value with(const std::string& name, const std::string& script, std::chrono::seconds timeout = 40s) {
    return stage->run("const s = t.streams['" + name + "']; " + script, timeout);
  }
  static std::string text_of(const json::value& value) { return std::string(value.as_string()); }

  Stage* stage = nullptr;
};

TEST_P(StreamingTest, ThePictureIsPlayedAndItsFramesAreCounted) {
  stage->start_streamer();
  join("a");
  const json::value first = with("a", "return await s.see(p => true, 'a picture')");
  EXPECT_EQ(first.at("width").to_number<int>(), 1280);
  EXPECT_EQ(first.at("height").to_number<int>(), 720);
  const auto frame = first.at("frame").to_number<std::int64_t>();
  const json::value later =
      with("a", "return await s.see(p => p.frame >= " + std::to_string(frame + 60) + ", 'two more seconds')");
  EXPECT_LT(later.at("frame").to_number<std::int64_t>(), frame + 90);
  EXPECT_EQ(text_of(with("a", "return s.streamId")).substr(0, 6), "redan-");
  // The page closes its socket without a code when it is connected; the stream goes on.
  EXPECT_TRUE(stage->until([&] { return stage->close_codes.contains("a"); }));
  EXPECT_EQ(stage->close_codes["a"], 1005U);
  EXPECT_EQ(stage->states["a"].first, ClientState::connected);
  const json::value statistics = with("a", "return await s.stats('inbound-rtp', 'video')");
  EXPECT_GE(statistics.at("framesDecoded").to_number<int>(), 50);
  std::printf("  %s\n", json::serialize(stage->streamer->statistics()).c_str());
}

INSTANTIATE_TEST_SUITE_P(Browsers, StreamingTest, testing::Values(Browser::chromium, Browser::firefox),
                         [](const auto& suite) { return suite.param == Browser::chromium ? "Chromium" : "Firefox"; });

}  // namespace
}  // namespace redan::cloud
